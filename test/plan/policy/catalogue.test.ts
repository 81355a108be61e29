import assert from "node:assert/strict";
import { families } from "../../../policy/families";
import { stageConfiguration } from "../../../policy/frame/session";

describe("the policy catalogue", () => {
  it("knows every policy that a stage's configuration names", () => {
    const names = families.flatMap(({ policies }) => policies).map(({ name }) => name);
    for (const stage of ["dev", "qa", "prod"] as const) {
      const strange = Object.keys(stageConfiguration(stage)).filter((name) => !names.includes(name));
      assert.deepEqual(strange, [], stage);
    }
    assert.equal(new Set(names).size, names.length);
  });
});
