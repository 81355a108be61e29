import assert from "node:assert/strict";
import type { PolicyReport } from "../../../plan/policy/run";
import { toJUnit } from "../../../plan/policy/junit";
import { toSarif } from "../../../plan/policy/sarif";

const policy = (name: string, enforcement: "mandatory" | "advisory") => ({
  name,
  enforcement,
  description: `${name} <holds>.`,
  severity: "high" as const,
  fix: "Mend it",
  url: "https://docs.aws.amazon.com/",
  tags: ["CIS AWS Foundations 2.2.1"],
});
const violation = (name: string, enforcement: "mandatory" | "advisory", message: string) => ({
  policy: name,
  enforcement,
  severity: "high" as const,
  urn: "urn:pulumi:s::p::t::$(reboot)",
  message,
});
const waived = violation("b", "advisory", "Waived until 2027-01-01 by me, because x: it");
const report: PolicyReport = {
  violations: [violation("a", "mandatory", 'is "bad" & <worse>\u0000'), waived],
  waived: [waived],
  evaluated: 3,
  policies: [policy("a", "mandatory"), policy("b", "advisory"), policy("c", "mandatory")],
};

describe("formats of a policy run", () => {
  it("SARIF has a rule a policy, a result a violation, and suppresses what is waived", () => {
    const [run] = toSarif(report, "Pulumi.prod.yaml").runs;
    assert.deepEqual(
      run?.results.map(({ ruleId, ruleIndex, level }) => ({ ruleId, ruleIndex, level })),
      [
        { ruleId: "a", ruleIndex: 0, level: "error" },
        { ruleId: "b", ruleIndex: 1, level: "warning" },
      ],
    );
    assert.equal(run.tool.driver.rules.length, 3);
    assert.equal(run.results[0]?.suppressions, undefined);
    assert.equal(run.results[1]?.suppressions?.[0]?.kind, "external");
    assert.equal(run.results[0]?.locations[0]?.physicalLocation.artifactLocation.uri, "Pulumi.prod.yaml");
  });

  it("JUnit has a case a policy, fails the violated, keeps what is waived visible and escapes everything", () => {
    const xml = toJUnit(report, "prod");
    assert.match(xml, /<testsuites tests="3" failures="1">/);
    assert.match(xml, /<testcase classname="policy" name="c"><\/testcase>/);
    assert.match(
      xml,
      /<failure type="high" message="a &lt;holds&gt;\.">\$\(reboot\): is &quot;bad&quot; &amp; &lt;worse&gt;<\/failure>/,
    );
    assert.match(xml, /<system-out>.*Waived until 2027-01-01/);
    assert.ok(!xml.includes("\u0000"));
  });
});
