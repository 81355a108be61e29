import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { priceAll, pricers } from "../../../plan/cost/cost";
import { isFree } from "../../../plan/cost/free";
import type { OwnPrices } from "../../../plan/cost/own-prices";
import { PriceBook } from "../../../plan/cost/price-book";
import { scheduledHours } from "../../../plan/cost/running-hours";
import { loadUsage } from "../../../plan/cost/usage";
import type { RecordedResource } from "../../../plan/evaluate/monitor";
import { UsageError } from "../../../plan/failure";
import { makePlan } from "../../../plan/plan";
import { everyStack } from "../../../plan/checkov/run";
import { projectRoot } from "../../../plan/settings/project";
import { Scratch } from "../support/cli";
import { resource as planned } from "../support/fixture";

const resource = (
  type: string,
  name: string,
  inputs: Record<string, unknown>,
  more: Partial<RecordedResource> = {},
): RecordedResource => ({ ...planned(type, name, inputs), provider: "", ...more });

const priced = (
  resources: readonly RecordedResource[],
  config: Record<string, string> = {},
  region = "us-east-1",
  own?: OwnPrices,
) => priceAll({ project: "p", stage: "qa", region, resources }, config, loadUsage(), own);

describe("the cost of a plan", () => {
  const ec2 = "aws:ec2/instance:Instance";

  it("has a date, a source and a unit for every price", () => {
    const book = PriceBook.of("us-east-1");
    assert.ok(book.keys().length > 1_300);
    for (const key of book.keys()) {
      const { usd, unit, source, date } = book.find(key)!;
      assert.ok(usd > 0 && unit !== "" && source !== "", key);
      assert.match(date, /^20\d\d-\d\d-\d\d$/, key);
    }
  });

  it("guesses nothing: what has no price with a source is listed with the reason", () => {
    const { cost, warnings } = priced([
      resource("aws:rds/instance:Instance", "db", { engine: "postgres", instanceClass: "db.z9.huge" }),
      resource("aws:braket/device:Device", "x", {}),
      resource("aws:iam/role:Role", "free", {}),
    ]);
    assert.deepEqual(cost.unpriced, ["aws:braket/device:Device", "aws:rds/instance:Instance"]);
    // What has a source is priced: 20 GB of storage, and nothing for the instance.
    assert.deepEqual(
      cost.lines.map(({ monthly }) => monthly),
      [2.3],
    );
    assert.match(cost.lines[0]?.basis ?? "", /not in it, without a price: rds\.postgres\.db\.z9\.huge/);
    assert.deepEqual(cost.reasons, {
      "aws:braket/device:Device": "no pricer knows the type",
      "aws:rds/instance:Instance":
        "no price with a source for rds.postgres.db.z9.huge in us-east-1: npm run prices asks AWS for it, --prices takes yours",
    });
    assert.deepEqual(
      warnings,
      Object.entries(cost.reasons ?? {}).map(([type, reason]) => `Not priced: ${type}: ${reason}`),
    );
  });

  it("knows no price outside the Regions of its tables", () => {
    const { cost } = priced([resource(ec2, "i", { instanceType: "t3.small" })], {}, "eu-west-1");
    assert.deepEqual([cost.unpriced, cost.monthly], [[ec2], 0]);
  });

  it("prices a Local Zone above its Region, and says that it assumes so", () => {
    const subnet = resource("aws:ec2/subnet:Subnet", "s", { availabilityZone: "us-east-1-chi-2a" });
    const inputs = { instanceType: "c6in.xlarge", rootBlockDevice: { volumeSize: 100, volumeType: "gp2" } };
    const there = resource(ec2, "there", inputs, { propertyDependencies: { subnetId: [subnet.urn] } });
    const here = resource(ec2, "here", inputs);
    const [a, b] = priced([subnet, here, there]).cost.lines;
    assert.ok(Math.abs(b!.monthly / a!.monthly - 1.15) < 0.001);
    assert.match(b!.basis, /Local Zone assumed 15 % above its Region/);
  });

  it("takes a Local Zone's own price where the table has one", () => {
    const subnet = resource("aws:ec2/subnet:Subnet", "s", { availabilityZone: "us-east-1-chi-2a" });
    const inputs = { instanceType: "c6in.xlarge", rootBlockDevice: { volumeSize: 100, volumeType: "gp2" } };
    const there = resource(ec2, "there", inputs, { propertyDependencies: { subnetId: [subnet.urn] } });
    const zone = { usd: 0.3, unit: "hour", source: "a contract", date: "2026-11-01" };
    const own = new Map([["us-east-1-chi-2/ec2.c6in.xlarge", zone]]);
    const [line] = priced([subnet, there], {}, "us-east-1", own).cost.lines;
    // The instance at the zone's price, the volume at the Region's and the assumed surcharge.
    assert.ok(Math.abs((line?.monthly ?? 0) - (0.3 * 730 + 10 * 1.15)) < 0.01, String(line?.monthly));
    assert.match(line?.basis ?? "", /a contract, 2026-11-01/);
  });

  it("prices backups in another Region by that Region's table alone", () => {
    const type = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication";
    const copy = resource(type, "copy", { region: "us-west-2" });
    assert.match(priced([copy]).cost.reasons?.[type] ?? "", /no price with a source for us-west-2\/rds\.backup/);
    const price = { usd: 0.095, unit: "GB-month", source: "a bill", date: "2026-11-01" };
    const own = new Map([["us-west-2/rds.backup", price]]);
    assert.equal(priced([copy], {}, "us-east-1", own).cost.monthly, 4.75);
  });

  it("prices Batch by the assumed hours of its jobs, at its first instance type", () => {
    const type = "aws:batch/computeEnvironment:ComputeEnvironment";
    const of = (instanceTypes: string[]) =>
      resource(type, "batch", { computeResources: { instanceTypes, type: "SPOT" } });
    // 100 vCPU hours are 25 of a c7i.xlarge, and 12.5 of a c7i.2xlarge at twice its price.
    assert.equal(priced([of(["c7i", "m7i"])]).cost.monthly, 4.46);
    assert.equal(priced([of(["c7i.2xlarge"])]).cost.monthly, 4.46);
    assert.match(priced([of(["c7i"])]).cost.lines[0]?.basis ?? "", /spot capacity at the on-demand price/);
    assert.deepEqual(priced([of(["optimal"])]).cost.unpriced, [type]);
  });

  it("prices what a schedule stops by the exchange's real sessions", () => {
    const hours = scheduledHours({}, "prod", "us-east-1")!;
    // 251 sessions of NYSE in 2026 of 6.5 h, two of them half days, with 60 minutes of margins and 15 of drain
    assert.ok(hours.hours > 155 && hours.hours < 165, String(hours.hours));
    assert.equal(scheduledHours({}, "dev", "us-east-1"), undefined);
    assert.equal(scheduledHours(undefined, "prod", "us-east-1"), undefined);
    const fleet = resource("trading:trading:ModelDrivenFleet", "fleet", {}, { custom: false });
    const member = resource(ec2, "fleet-a", { instanceType: "t3.small" }, { parent: fleet.urn });
    const other = resource(ec2, "other", { instanceType: "t3.small" });
    const { lines } = priced([fleet, member, other], { "p:schedule": "{}" }).cost;
    const [scheduled, always] = [
      lines.find(({ component }) => component === "fleet")!,
      lines.find(({ component }) => component === "other")!,
    ];
    assert.match(scheduled.basis, /stopped outside NYSE's sessions/);
    assert.ok(scheduled.monthly < 0.3 * always.monthly);
  });

  it("prices what an alarm stops when idle by the assumed hours", async () => {
    const { plan } = await makePlan({ root: projectRoot(), stack: "dev", policies: false });
    const line = plan.cost.lines.find(({ urn }) => urn.endsWith("::gpu-research"));
    assert.match(line?.basis ?? "", /^g4dn\.xlarge: 168 x \$0\.526 a hour.*stopped when idle: 168 h a month assumed/);
    const busy = plan.cost.lines.find(({ urn }) => urn.includes("::fleet-momentum-"));
    assert.match(busy?.basis ?? "", /: 730 x /);
  });

  it("prices the metric that a filter makes of a log's lines", () => {
    const type = "aws:cloudwatch/logMetricFilter:LogMetricFilter";
    const { cost } = priced([resource(type, "a", {}), resource(type, "b", {})]);
    assert.deepEqual(cost.unpriced, []);
    assert.equal(cost.monthly, 0.6);
    assert.match(cost.lines[0]!.basis, /^custom metric: 1 x \$0\.3 a metric-month/);
  });

  it("sums to the cent", () => {
    const { cost } = priced(Array.from({ length: 7 }, (_, index) => resource("aws:kms/key:Key", `k${index}`, {})));
    assert.equal(cost.monthly, Math.round(cost.lines.reduce((sum, { monthly }) => sum + monthly, 0) * 100) / 100);
  });

  it("tells an exceeded budget", () => {
    const key = resource("aws:kms/key:Key", "k", {});
    const budget = (limitAmount: string, timeUnit = "MONTHLY") =>
      resource("aws:budgets/budget:Budget", "b", { budgetType: "COST", timeUnit, limitAmount });
    assert.equal(priced([key, budget("100")]).exceeded, undefined);
    assert.deepEqual(priced([key, budget("1")]).exceeded, { limit: 1, name: "b" });
    assert.equal(priced([key, budget("1", "QUARTERLY")]).exceeded, undefined);
    const forComponent = (component: string) =>
      resource("aws:budgets/budget:Budget", "b", {
        budgetType: "COST",
        timeUnit: "MONTHLY",
        limitAmount: "0.5",
        costFilters: [{ name: "TagKeyValue", values: [`user:component$${component}`] }],
      });
    const { lines } = priced([key]).cost;
    assert.equal(
      priced([key, forComponent("another")]).exceeded,
      undefined,
      "what another component costs is not its own",
    );
    assert.deepEqual(priced([key, forComponent(lines[0]?.component ?? "")]).exceeded, { limit: 0.5, name: "b" });
  });

  it("says how much a commitment would save", () => {
    const { advice } = priced([resource(ec2, "i", { instanceType: "t3.small" })]);
    assert.match(advice.join(), /Savings Plan saves about 30 %/);
  });

  it("takes a stack's own usage, and refuses what it does not know", () => {
    const scratch = new Scratch();
    try {
      const file = scratch.file("usage.yaml");
      writeFileSync(file, "natGateway: { dataGb: 7 }\n");
      assert.equal(loadUsage({ file, shown: "usage.yaml" }).natGateway.dataGb, 7);
      assert.equal(loadUsage({ file, shown: "usage.yaml" }).efs.storedGb, loadUsage().efs.storedGb);
      writeFileSync(file, "natGatway: { dataGb: 7 }\nefs: { storedGb: lots }\n");
      assert.throws(
        () => loadUsage({ file, shown: "usage.yaml" }),
        (error: unknown) =>
          error instanceof UsageError &&
          /2 mistakes\n/.test(error.message) &&
          /^ {2}efs\.storedGb: is a string\n.*"lots"\n {4}allowed: a number of at least 0$/m.test(error.message) &&
          /^ {2}natGatway: is not a setting\n[^]*Did you mean natGateway\?/m.test(error.message),
      );
      writeFileSync(file, "efs: 3\n");
      assert.throws(
        () => loadUsage({ file, shown: "usage.yaml" }),
        /efs: is a number\n.*\n {4}allowed: an object with stor/,
      );
      assert.throws(
        () => loadUsage({ file: scratch.file("none"), shown: "none" }),
        /--usage none: there is no such file$/,
      );
    } finally {
      scratch.remove();
    }
  });

  for (const { name, configFile } of everyStack(projectRoot())) {
    it(`of ${name} leaves nothing out without saying why`, async () => {
      const where = configFile ? { configFile } : { stack: name };
      const { plan } = await makePlan({ root: projectRoot(), ...where, policies: false });
      for (const { type, custom, remote } of plan.resources) {
        const known = type in pricers || isFree(type) || plan.cost.unpriced.includes(type) || (!custom && !remote);
        assert.ok(known, type);
      }
      for (const type of plan.cost.unpriced)
        assert.ok(
          plan.warnings.some(
            (warning) => warning.startsWith(`Not priced: ${type}: `) && !warning.endsWith("no pricer knows the type"),
          ),
          `${type}: give it a pricer, or say in plan/cost/unpriced.ts why it has none`,
        );
      assert.ok(plan.cost.monthly > 0);
    });
  }
});
