import assert from "node:assert/strict";
import * as path from "node:path";
import { projectRoot } from "../../plan/settings/project";
import { lacking } from "../../sandbox/lacking";
import { readProject, resolveStack } from "../../sandbox/project";
import { stackFiles } from "../support/every-stack";

const root = projectRoot();

describe("the table of what the emulator lacks", () => {
  it("gives each setting once, with its types and a reason", () => {
    const settings = lacking.map(({ setting }) => setting);
    assert.deepEqual(settings, [...new Set(settings)]);
    for (const { setting, types, reason } of lacking) {
      assert.ok(types.length > 0, `${setting} names no resource type`);
      assert.match(reason, /\.$/, `${setting} has no reason`);
    }
  });

  for (const file of stackFiles) {
    it(`leaves of ${file} what its own configuration allows, with and without the plugins of others`, () => {
      const place = resolveStack(root, undefined, path.join(root, file));
      for (const plugins of [[], ["awsx-3.9.0", "eks-4.3.0"]]) {
        for (const builtPlugin of [true, false])
          assert.doesNotThrow(() => readProject(place, { plugins, builtPlugin }), `${plugins.join()} ${builtPlugin}`);
      }
    });
  }
});
