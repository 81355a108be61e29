import assert from "node:assert/strict";
import type { Outcome } from "../../sandbox/engine";
import { describeViolations } from "../../sandbox/report";

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
