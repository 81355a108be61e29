import assert from "node:assert/strict";
import { UsageError } from "../../plan/failure";
import { makePlan } from "../../plan/plan";
import { projectRoot } from "../../plan/settings/project";

/** Plans in this process, without the policies. */
const planOf = async (stack: string, ...config: string[]) =>
  (await makePlan({ root: projectRoot(), stack, config, policies: false })).plan;

describe("a plan", () => {
  describe("refuses a network that cannot be, with the key's path", () => {
    for (const [what, override, message] of [
      ["too small for its subnets", "network.cidr=10.0.0.0/28", /network/],
      ["with overlapping subnets", "network.subnets={app: [10.0.0.0/24, 10.0.0.0/24]}", /network\.subnets/],
      ["in a zone outside the Region", "network.zones=[eu-west-1a]", /eu-west-1a/],
    ] as const) {
      it(what, () =>
        assert.rejects(planOf("dev", override), (error: unknown) => {
          assert.ok(error instanceof UsageError, String(error));
          assert.match(error.message, message);
          return true;
        }),
      );
    }
  });

  it("holds what the program reports and returns", async () => {
    const plan = await planOf("dev");
    assert.equal(plan.stage, "dev");
    assert.equal(plan.outputs.stage, "dev");
    assert.deepEqual(Object.keys(plan.outputs).sort(), [
      "alarmTopics",
      "backtest",
      "budget",
      "data",
      "fleet",
      "gpu",
      "images",
      "mlflow",
      "monitoring",
      "network",
      "schedule",
      "stage",
    ]);
    assert.match(JSON.stringify(plan.outputs.network), /"vpcId":"vpc-/);
    assert.deepEqual(Object.keys(plan.outputs.data as object).sort(), ["buckets", "postgres", "redis"]);
    assert.deepEqual(plan.policy, { violations: [], evaluated: 0 });
    assert.ok(plan.warnings.includes("No policy was run"));
  });
});
