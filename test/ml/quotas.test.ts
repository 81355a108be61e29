import assert from "node:assert/strict";
import { demandsByQuota, quotaIssue, quotaOf, vcpusOf } from "../../components/ml/quotas";
import { formatIssue } from "../../components/common/validation";
import { planAnswers } from "../../plan/evaluate/answers";
import { runProgram, type Answers } from "../../plan/evaluate/monitor";
import { checkQuotas } from "../../wiring/gpu";

describe("EC2's quotas", () => {
  it("are known by family, and their vCPUs by size", () => {
    assert.equal(quotaOf("g5.xlarge", false)?.code, "L-DB2E81BA");
    assert.equal(quotaOf("g4dn.xlarge", true)?.code, "L-3819A6DF");
    assert.equal(quotaOf("p4d.24xlarge", true)?.code, "L-7212CCBC");
    assert.equal(quotaOf("p5.48xlarge", true)?.code, "L-C4BD4855");
    assert.equal(quotaOf("c7i.large", true)?.code, "L-34B43A08");
    assert.equal(quotaOf("u-6tb1.112xlarge", false), undefined);
    assert.deepEqual(["g4dn.xlarge", "g5.12xlarge", "p5.48xlarge", "c7i.large", "g4dn.metal"].map(vcpusOf), [
      4,
      48,
      192,
      2,
      undefined,
    ]);
  });

  const demands = [
    { path: "gpu.trainers.a", instanceType: "g5.2xlarge", spot: false, vcpus: 16 },
    { path: "gpu.trainers.b", instanceType: "g4dn.xlarge", spot: false, vcpus: 4 },
    { path: "gpu.trainers.c", instanceType: "g4dn.xlarge", spot: true, vcpus: 4 },
  ];

  it("are named in the error, with what to do", () => {
    const [shared, spot] = demandsByQuota(demands);
    assert.ok(shared && spot);
    assert.deepEqual([shared.vcpus, shared.paths, spot.vcpus], [20, ["gpu.trainers.a", "gpu.trainers.b"], 4]);
    assert.deepEqual(quotaIssue(shared, 20, "us-east-1"), []);
    const [issue] = quotaIssue(shared, 8, "us-east-1");
    assert.ok(issue);
    assert.equal(
      formatIssue(issue),
      [
        '  gpu.trainers.a, gpu.trainers.b: needs 20 vCPUs of EC2\'s quota "Running On-Demand G and VT instances" (L-DB2E81BA), and this account has 8 in us-east-1',
        "    value:   20",
        "    allowed: at most 8 vCPUs",
        "    fix:     aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-DB2E81BA --desired-value 20 --region us-east-1",
      ].join("\n"),
    );
  });

  /** Asks with an account that allows so much; an Error is one that cannot say. */
  async function ask(value: number | Error, offline = false): Promise<string[]> {
    const warnings: string[] = [];
    const report = { offline, warn: (message: string) => void warnings.push(message), models: () => undefined };
    await checkQuotas(demands, "us-east-1", report, () =>
      value instanceof Error ? Promise.reject(value) : Promise.resolve(value),
    );
    return warnings;
  }

  it("stop a deployment before anything is made, and cost no plan a question", async () => {
    assert.deepEqual(await ask(100), []);
    await assert.rejects(ask(0), /EC2's quotas: 2 mistakes[\s\S]*L-DB2E81BA[\s\S]*L-3819A6DF/);
    assert.deepEqual(await ask(0, true), []);
    const warnings = await ask(new Error("AccessDenied\n  at somewhere"));
    assert.deepEqual(warnings, [
      'The quota "Running On-Demand G and VT instances" (L-DB2E81BA) could not be read: AccessDenied',
      'The quota "All G and VT Spot Instance Requests" (L-3819A6DF) could not be read: AccessDenied',
    ]);
  });

  it("are read from the account by the provider", async () => {
    const planned = planAnswers("us-east-1");
    const asked: unknown[] = [];
    const answers: Answers = {
      ...planned,
      call(call) {
        if (call.token !== "aws:servicequotas/getServiceQuota:getServiceQuota") return planned.call(call);
        asked.push(call.inputs);
        return { ...(call.inputs as object), value: 100 };
      },
    };
    const report = { warn: (message: string) => assert.equal(message, "no warning"), models: () => undefined };
    const options = { project: "p", stack: "s", config: { "aws:region": "us-east-1" }, answers };
    await runProgram(() => checkQuotas(demands, "us-east-1", report), options);
    assert.deepEqual(asked, [
      { serviceCode: "ec2", quotaCode: "L-DB2E81BA" },
      { serviceCode: "ec2", quotaCode: "L-3819A6DF" },
    ]);
  });
});
