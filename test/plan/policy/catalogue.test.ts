import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as prettier from "prettier";
import { families } from "../../../policy/families";
import { stageConfiguration } from "../../../policy/frame/session";
import { renderCatalogue } from "../../../plan/policy/catalogue";

describe("the policy catalogue", () => {
  it("is the one in docs/policies.md (else: npm run docs:policies)", async () => {
    const file = join(__dirname, "../../../docs/policies.md");
    const style = await prettier.resolveConfig(file);
    const fresh = await prettier.format(renderCatalogue(), { ...style, parser: "markdown" });
    assert.ok(readFileSync(file, "utf8") === fresh, "docs/policies.md is stale");
  });

  it("knows every policy that a stage's configuration names", () => {
    const names = families.flatMap(({ policies }) => policies).map(({ name }) => name);
    for (const stage of ["dev", "qa", "prod"] as const) {
      const strange = Object.keys(stageConfiguration(stage)).filter((name) => !names.includes(name));
      assert.deepEqual(strange, [], stage);
    }
    assert.equal(new Set(names).size, names.length);
  });
});
