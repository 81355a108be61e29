import assert from "node:assert/strict";
import { UsageError } from "../../plan/failure";
import type { Plan } from "../../plan/json";
import { makePlan, type Planned } from "../../plan/plan";
import { projectRoot } from "../../plan/settings/project";
import { judge, lossAsData, promisesOf, renderLoss, takeAway } from "../../plan/without";
import { plan as run } from "./support/cli";

const planned = (where: { stack?: string; configFile?: string; config?: readonly string[] }) =>
  makePlan({ root: projectRoot(), policies: false, ...where });

function ask({ plan, config, region }: Planned, what: string) {
  const loss = takeAway(plan, what);
  const targets = judge(promisesOf(config, plan, region), plan, loss);
  const data = lossAsData(loss, targets, plan);
  const names = (key: "lost" | "atRisk" | "less" | "cutOff") => data[key].map(({ name }) => name);
  return { loss, targets, names, text: renderLoss(loss, targets, plan) };
}

const target = (targets: ReturnType<typeof ask>["targets"], component: string) =>
  targets.find((one) => one.component === component);

describe("a plan without a zone or a resource", () => {
  let prod: Planned;
  let bot: Planned;
  before(async () => {
    prod = await planned({ stack: "prod" });
    bot = await planned({ configFile: "blueprints/betting-bot.yaml" });
  });

  it("loses what stands in that zone alone, and nothing of another zone", () => {
    const { names } = ask(prod, "zone:us-east-1a");
    const lost = names("lost");
    for (const name of ["network-app-us-east-1a", "network-data-us-east-1a", "network-nat-us-east-1a"])
      assert.ok(lost.includes(name), name);
    assert.ok(lost.every((name) => !/us-east-1[bc]/.test(name)));
    const inZone = new Set(
      prod.plan.resources.filter(({ inputs }) => inputs.availabilityZone === "us-east-1a").map(({ urn }) => urn),
    );
    const instances = prod.plan.resources.filter(({ type, propertyDependencies }) => {
      return (
        type === "aws:ec2/instance:Instance" && (propertyDependencies.subnetId ?? []).some((urn) => inZone.has(urn))
      );
    });
    assert.ok(instances.length > 0);
    assert.deepEqual(lost.filter((name) => name.startsWith("fleet-")).sort(), instances.map(({ name }) => name).sort());
  });

  it("tells what fails over from what AWS may have put into the zone", () => {
    const { names, targets } = ask(prod, "zone:us-east-1a");
    assert.ok(names("less").includes("data-postgres-primary") && names("less").includes("data-redis-cache"));
    assert.deepEqual(names("atRisk"), ["data-postgres-reader-replica"]);
    assert.equal(target(targets, "database")?.verdict, "kept");
    assert.match(target(targets, "database")?.because ?? "", /its standby in us-east-1b, us-east-1c takes over/);
  });

  it("holds a database without a standby against its target: only a restore helps", async () => {
    const single = await planned({ stack: "prod", config: ["data.postgres.multiAz=false"] });
    const { names, targets, text } = ask(single, "zone:us-east-1b");
    assert.ok(names("atRisk").includes("data-postgres-primary"));
    assert.equal(target(targets, "database")?.verdict, "unmeasured");
    assert.match(
      text,
      /database, RTO 240 min, RPO 15 min: unmeasured; data-postgres-primary has nothing that takes over/,
    );
  });

  it("knows document 004's targets: two database nodes and tasks that start elsewhere", () => {
    const { names, targets } = ask(bot, "zone:us-east-1a");
    assert.ok(names("lost").includes("data-timescale-a-instance") && names("lost").includes("data-timescale-a-data"));
    const figures = targets.map(({ component, rtoMinutes, verdict }) => [component, rtoMinutes, verdict]);
    assert.deepEqual(figures, [
      ["database", 15, "kept"],
      ["models", 30, "kept"],
      ["bot", 5, "kept"],
      ["ml", 5, "kept"],
    ]);
    assert.match(
      target(targets, "database")?.because ?? "",
      /data-timescale-b-instance takes over from data-timescale-a/,
    );
    assert.match(target(targets, "bot")?.because ?? "", /starts again in us-east-1b/);
  });

  it("finds whose way out a lost gateway was, and what is made with a lost resource", () => {
    const { names, text } = ask(prod, "resource:network-nat-us-east-1b");
    assert.deepEqual([...new Set(names("lost"))], ["network-nat-us-east-1b"]); // the gateway and its address
    assert.deepEqual(names("cutOff"), ["network-app-us-east-1b"]);
    assert.match(text, /network-app-us-east-1b .*: its way out led through network-nat-us-east-1b/);
    const key = ask(bot, "resource:services-cluster");
    assert.ok(key.names("cutOff").includes("services-bot-service"));
  });

  it("says so where no target is declared", async () => {
    const dev: Plan = (await planned({ stack: "dev" })).plan;
    assert.match(renderLoss(takeAway(dev, "zone:us-east-1a"), [], dev), /Recovery targets: none is declared/);
  });

  it("refuses what it does not know, with what there is", () => {
    const refused = (what: string, message: RegExp) =>
      assert.throws(
        () => takeAway(prod.plan, what),
        (error: unknown) => error instanceof UsageError && message.test(error.message),
      );
    refused(
      "zone:us-east-1z",
      /there is no such zone\n {2}allowed: a zone of the plan: us-east-1a, us-east-1b, us-east-1c/,
    );
    refused("resource:nothing", /there is no such resource/);
    refused("us-east-1a", /is not zone:<zone> or resource:<name>, such as zone:us-east-1a/);
  });

  it("is asked on the command line, as text and JSON, one question at a time", async () => {
    const json = await run(["dev", "--no-policy", "--without", "zone:us-east-1a", "--format", "json"]);
    assert.equal(json.status, 0);
    assert.ok((JSON.parse(json.stdout) as { lost: unknown[] }).lost.length > 0);
    const two = await run(["dev", "--without", "zone:us-east-1a", "--reach", "internet", "x:1"]);
    assert.deepEqual([two.status, two.stderr.trim()], [2, "--reach and --without: one question at a time"]);
    const html = await run(["dev", "--without", "zone:us-east-1a", "--format", "html"]);
    assert.match(html.stderr, /--without with --format html: an answer is text or json/);
  });
});
