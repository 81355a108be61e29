import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { format, resolveConfig } from "prettier";
import { changesSince, policiesOf, renderCoverage, unexplained, type Measured } from "../../../plan/checkov/coverage";
import { isOffline } from "../../../plan/checkov/offline";
import { everyStack } from "../../../plan/checkov/run";
import { projectRoot } from "../../../plan/settings/project";
import { EvaluationError } from "../../../plan/failure";

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

  it("are stale where a check fails in another stack, or no longer fails", () => {
    const at = (stacks: Record<string, string[]>, version = "1"): Measured => ({
      version,
      checks: { CKV_AWS_1: { title: "One", stacks } },
    });
    assert.deepEqual(changesSince(measured, measured), []);
    assert.deepEqual(changesSince(at({ dev: ["a"] }), at({ dev: ["b", "c"] })), [], "other resources, the same reason");
    assert.deepEqual(changesSince(at({ dev: ["a"] }), at({ prod: ["a"] }, "2")), [
      "CKV_AWS_1 in dev no longer fails",
      "CKV_AWS_1 in prod fails now",
      "checkov is 2, 1 before",
    ]);
  });

  it("are left unmeasured without a network, and for no other reason", () => {
    const said = (line: string) =>
      new EvaluationError(`pip could not install requirements.txt into .cache.\n  ${line}`);
    assert.ok(isOffline(said("Failed to establish a new connection: [Errno -3] Temporary failure in name resolution")));
    assert.ok(!isOffline(said("ERROR: No matching distribution found for checkov==0")));
    assert.ok(!isOffline(new Error("Connection refused")));
  });

  it("name the policies that look at the same fact", () => {
    assert.deepEqual(policiesOf("CKV_AWS_79"), ["imds-v2"]);
    assert.deepEqual(policiesOf("CKV_AWS_999"), []);
  });
});
