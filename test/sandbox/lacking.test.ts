import assert from "node:assert/strict";
import { lacking } from "../../sandbox/lacking";

describe("the table of what the emulator lacks", () => {
  it("gives each setting once, with its types and a reason", () => {
    const settings = lacking.map(({ setting }) => setting);
    assert.deepEqual(settings, [...new Set(settings)]);
    for (const { setting, types, reason } of lacking) {
      assert.ok(types.length > 0, `${setting} names no resource type`);
      assert.match(reason, /\.$/, `${setting} has no reason`);
    }
  });
});
