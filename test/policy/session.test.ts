import assert from "node:assert/strict";
import { families } from "../../policy/families";
import { toPulumiPolicies } from "../../policy/frame/glue";
import { Session } from "../../policy/frame/session";

/** A dev stack's session after the engine sent `minimumDays` for log retention; the stage's own is 1, the default 90. */
function told(minimumDays: number): unknown {
  const session = new Session();
  toPulumiPolicies(
    families.flatMap(({ policies }) => policies),
    session,
  );
  session.useStack({ project: "trading-platform", stack: "dev", config: { "trading-platform:stage": "dev" } });
  session.usePolicies(new Map([["log-retention-set", { level: "mandatory", properties: { minimumDays } }]]));
  return session.configOf("log-retention-set").minimumDays;
}

describe("a policy's settings", () => {
  it("are the stage's where the engine only fills in the default", () => {
    assert.equal(told(90), 1);
  });

  it("are the engine's where it was told something else", () => {
    assert.equal(told(30), 30);
  });
});
