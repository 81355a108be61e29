import assert from "node:assert/strict";
import { WorkloadSecurityGroup } from "../../components/services/workload-security-group";
import { register } from "../support/program";

const egress = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule";
const args = { vpcId: "vpc-1", vpcCidr: "10.0.0.0/16", description: "Application tier" };

describe("WorkloadSecurityGroup", () => {
  it("lets out HTTPS, and PostgreSQL and Redis inside the VPC, each by a described rule", async () => {
    const program = await register(() => new WorkloadSecurityGroup("app", args));
    assert.deepEqual(
      program
        .ofType(egress)
        .map(({ inputs }) => [inputs.ipProtocol, inputs.fromPort, inputs.toPort, inputs.cidrIpv4, inputs.description]),
      [
        ["tcp", 443, 443, "0.0.0.0/0", "HTTPS to AWS and to outside services"],
        ["tcp", 5432, 5432, "10.0.0.0/16", "PostgreSQL in the VPC"],
        ["tcp", 6379, 6379, "10.0.0.0/16", "Redis in the VPC"],
      ],
    );
    assert.equal(program.ofType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").length, 0);
    const group = program.one("aws:ec2/securityGroup:SecurityGroup").inputs;
    assert.equal("ingress" in group || "egress" in group, false);
  });

  it("lets everything out where it is told to", async () => {
    const program = await register(() => new WorkloadSecurityGroup("app", { ...args, egress: "all" }));
    const rule = program.one(egress).inputs;
    assert.deepEqual([rule.ipProtocol, rule.cidrIpv4], ["-1", "0.0.0.0/0"]);
    assert.equal("fromPort" in rule, false);
  });

  it("takes other ports", async () => {
    const program = await register(
      () => new WorkloadSecurityGroup("app", { ...args, internalPorts: { Gateway: 4002 } }),
    );
    assert.deepEqual(
      program.ofType(egress).map(({ inputs }) => inputs.fromPort),
      [443, 4002],
    );
  });
});
