import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { lacking } from "../../sandbox/lacking";
import { sections } from "../../config";
import { blueprints, root } from "./live-stack";

describe("the engine tests", () => {
  it("run every stack and every blueprint", () => {
    const stacks = readdirSync(root).flatMap((file) => /^Pulumi\.(\w+)\.yaml$/.exec(file)?.[1] ?? []);
    const tested = readdirSync(path.join(__dirname, "stacks")).map((file) => file.replace(/\.test\.ts$/, ""));
    assert.deepEqual(
      [...stacks, ...blueprints()].filter((name) => !tested.includes(name)),
      [],
    );
  });

  it("leave out only what the table of what the emulator lacks names, and what there is", () => {
    for (const { setting, reason } of lacking) {
      assert.ok(Object.keys(sections).includes(setting.split(".")[0] ?? ""), `${setting} is no section's setting`);
      assert.ok(reason.length > 20, `${setting} has no reason`);
    }
  });

  it("know stack files of one form", () => {
    const dev = parse(readFileSync(path.join(root, "Pulumi.dev.yaml"), "utf8")) as { config: object };
    assert.ok("trading-platform:stage" in dev.config);
  });
});
