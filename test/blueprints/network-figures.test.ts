import assert from "node:assert/strict";
import { engineReport } from "../../components/common/report";
import program from "../../index";
import { planAnswers } from "../../plan/evaluate/answers";
import { runProgram } from "../../plan/evaluate/monitor";
import { evaluateBlueprint } from "../support/blueprint";
import type { Registered } from "../support/program";

/** Blocks of a network's subnets by tier, each with its zone. */
function subnetsOf(stack: Registered): Record<string, string[]> {
  const tiers: Record<string, string[]> = {};
  for (const { name, inputs } of stack.ofType("aws:ec2/subnet:Subnet")) {
    const tier = /-(public|app|data)-/.exec(name)?.[1] ?? name;
    (tiers[tier] ??= []).push(`${String(inputs.cidrBlock)} ${String(inputs.availabilityZone)}`);
  }
  return Object.fromEntries(Object.entries(tiers).map(([tier, blocks]) => [tier, blocks.toSorted()]));
}

describe("document 001's network (ai-platform.yaml)", () => {
  it("nine subnets, three of each tier, in three zones, a NAT gateway in each zone", async () => {
    const stack = await evaluateBlueprint("ai-platform");
    const subnets = subnetsOf(stack);
    assert.deepEqual(Object.keys(subnets).toSorted(), ["app", "data", "public"]);
    for (const [tier, blocks] of Object.entries(subnets)) {
      assert.equal(new Set(blocks.map((block) => block.split(" ")[1])).size, 3, tier);
      assert.equal(blocks.length, 3, tier);
    }
    assert.equal(stack.ofType("aws:ec2/natGateway:NatGateway").length, 3);
    const vpc = stack.one("aws:ec2/vpc:Vpc").inputs;
    assert.deepEqual([vpc.enableDnsSupport, vpc.enableDnsHostnames], [true, true]);
  });
});

describe("document 004's network (betting-bot.yaml)", () => {
  it("10.0.0.0/16 with the document's six subnets, each in its zone, and two NAT gateways", async () => {
    const stack = await evaluateBlueprint("betting-bot");
    assert.equal(stack.one("aws:ec2/vpc:Vpc").inputs.cidrBlock, "10.0.0.0/16");
    assert.deepEqual(subnetsOf(stack), {
      public: ["10.0.1.0/24 us-east-1a", "10.0.2.0/24 us-east-1b"],
      app: ["10.0.10.0/24 us-east-1a", "10.0.11.0/24 us-east-1b"],
      data: ["10.0.20.0/24 us-east-1a", "10.0.21.0/24 us-east-1b"],
    });
    assert.equal(stack.ofType("aws:ec2/natGateway:NatGateway").length, 2);
  });
});

describe("a Local Zone's way out", () => {
  const said = async (egress: string, stage = "dev") => {
    const warnings: string[] = [];
    const network = { zones: ["us-east-1a"], nat: "single", localZones: [{ zone: "us-east-1-chi-2a", egress }] };
    const report = { ...engineReport, offline: true, warn: (message: string) => warnings.push(message) };
    await runProgram(() => program(report), {
      project: "trading-platform",
      stack: "test",
      config: {
        "aws:region": "us-east-1",
        "trading-platform:stage": stage,
        "trading-platform:owner": "trading",
        "trading-platform:network": JSON.stringify(network),
      },
      answers: planAnswers("us-east-1"),
    });
    return warnings;
  };

  it("through the Region is warned of, with what it costs in latency", async () => {
    const [warning = "", ...others] = await said("nat");
    assert.match(warning, /^us-east-1-chi-2a goes out through the NAT gateway in the Region: .*some 20 ms/);
    assert.deepEqual(others, []);
  });

  it("by an elastic IP is warned of in dev, as a public address, and refused elsewhere", async () => {
    const [warning = "", ...others] = await said("elastic-ip");
    assert.match(
      warning,
      /^us-east-1-chi-2a goes out by an elastic IP of the instance: the short way, but with a public/,
    );
    assert.deepEqual(others, []);
    await assert.rejects(said("elastic-ip", "qa"), /public addresses, which only dev allows/);
  });

  it("without any is warned of, and the short way is not", async () => {
    assert.match((await said("none"))[0] ?? "", /^us-east-1-chi-2a has no way out: /);
    assert.deepEqual(await said("local-nat"), []);
  });
});
