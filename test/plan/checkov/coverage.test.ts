import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { format, resolveConfig } from "prettier";
import { policiesOf, renderCoverage, unexplained, type Measured } from "../../../plan/checkov/coverage";
import { everyStack } from "../../../plan/checkov/run";
import { projectRoot } from "../../../plan/settings/project";

const file = (name: string) => path.join(projectRoot(), name);
const measured = JSON.parse(readFileSync(file("plan/checkov/measured.json"), "utf8")) as Measured;

describe("the policies beside checkov's checks", () => {
  it("are in docs/policies-coverage.md as they were measured (else: npm run checkov)", async () => {
    const page = file("docs/policies-coverage.md");
    const fresh = await format(renderCoverage(measured), { ...(await resolveConfig(page)), filepath: page });
    assert.equal(readFileSync(page, "utf8"), fresh);
  });

  it("leave no failing check without a reason, and no reason without a failing check", () => {
    assert.deepEqual(unexplained(measured), { missing: [], idle: [] });
    const more = { ...measured, checks: { CKV_AWS_999: { title: "New", stacks: { prod: ["aws_kms_key.k"] } } } };
    assert.deepEqual(unexplained(more).missing, ["CKV_AWS_999"]);
    assert.ok(unexplained(more).idle.includes("CKV_AWS_18"));
    assert.match(renderCoverage(more), /\| CKV_AWS_999 \| New \| prod: k \| none \| \*\*unexplained\*\* \|/);
  });

  it("were measured with the version that is installed, over stacks that exist", () => {
    const pins = readFileSync(file("plan/checkov/requirements.txt"), "utf8");
    assert.ok(pins.includes(`checkov==${measured.version}\n`), measured.version);
    const stacks = everyStack(projectRoot());
    assert.ok(stacks.length >= 8);
    for (const { configFile } of stacks) assert.ok(configFile === undefined || existsSync(file(configFile)));
    const names = new Set(stacks.map(({ name }) => name));
    for (const { stacks: places } of Object.values(measured.checks)) {
      for (const stack of Object.keys(places)) assert.ok(names.has(stack), stack);
    }
  });

  it("name the policies that look at the same fact", () => {
    assert.deepEqual(policiesOf("CKV_AWS_79"), ["imds-v2"]);
    assert.deepEqual(policiesOf("CKV_AWS_999"), []);
  });
});
