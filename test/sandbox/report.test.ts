import assert from "node:assert/strict";
import type { Outcome } from "../../sandbox/engine";
import { describeViolations, summarize } from "../../sandbox/report";

const urn = (name: string) => `urn:pulumi:dev::trading-platform::aws:iam/rolePolicy:RolePolicy::${name}`;

describe("what the sandbox says of policies", () => {
  it("puts the mandatory ones first, and counts those that a preview cannot decide", () => {
    const violation = (enforcement: string, name: string, message: string) => ({
      policy: "iam-no-admin",
      enforcement,
      urn: urn(name),
      message,
    });
    const unknown = `can't run policy 'iam-no-admin' from policy pack 'trading-platform@v1.0.0' during preview: string value at .policy can't be known during preview`;
    const violations = [
      violation("advisory", "a", unknown),
      violation("advisory", "b", "b: is odd.\nMore."),
      violation("mandatory", "c", "c: may do all."),
    ];
    const lines = describeViolations({ violations } as unknown as Outcome).split("\n");
    assert.deepEqual(
      lines.map((line) => line.trim()),
      [
        "[mandatory] iam-no-admin  aws:iam/rolePolicy:RolePolicy c",
        "c: may do all.",
        "[advisory] iam-no-admin  aws:iam/rolePolicy:RolePolicy b",
        "b: is odd. More.",
        "1 checks wait for values that are known only once the resources are made.",
      ],
    );
  });
});

describe("what a sandbox made", () => {
  const urn = (chain: string, name: string) => `urn:pulumi:dev::trading-platform::${chain}::${name}`;
  const made = (chain: string, name: string) => ({
    urn: urn(chain, name),
    type: chain.split("$").at(-1) ?? "",
    custom: !chain.endsWith("TradingVpc"),
  });
  const text = summarize([
    made("trading:network:TradingVpc", "network"),
    made("trading:network:TradingVpc$aws:ec2/vpc:Vpc", "network-vpc"),
    made("trading:network:TradingVpc$aws:ec2/subnet:Subnet", "network-a"),
    made("trading:network:TradingVpc$aws:ec2/subnet:Subnet", "network-b"),
    made("aws:budgets/budget:Budget", "budget"),
    made("pulumi:providers:aws", "default_7_48_0"),
  ]);

  it("is a row a component with the number of each type, most first, and no provider", () => {
    assert.match(text, /TradingVpc │ +3 │ 2×ec2\.Subnet, 1×ec2\.Vpc +│/);
    assert.match(text, /stack +│ +1 │ 1×budgets\.Budget +│/);
    assert.match(text, /\n4 resources in 2 components$/);
  });

  it("fits a terminal of 120 characters", () => {
    for (const line of text.split("\n")) assert.ok(line.length <= 120, line);
  });
});
