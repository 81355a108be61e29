import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { PlannedResource } from "../../plan/json";
import { resource as planned } from "./support/fixture";
import { coverageOf, describeCoverage } from "../../plan/watch/coverage";

const resource = (type: string, name: string, more: Partial<PlannedResource> = {}): PlannedResource => ({
  ...planned(type, name),
  ...more,
});
const alarm = (name: string, more: Partial<PlannedResource>) =>
  resource("aws:cloudwatch/metricAlarm:MetricAlarm", name, more);
const db = resource("aws:rds/instance:Instance", "db", { inputs: { identifier: "app" } });
const queue = resource("aws:sqs/queue:Queue", "letters");

describe("coverage of alarms", () => {
  it("follows an alarm to what its dimensions are made from", () => {
    const watching = alarm("queue-alarm", { propertyDependencies: { dimensions: [queue.urn] } });
    assert.deepEqual(coverageOf({ resources: [queue, watching] }).watched, { [queue.urn]: ["queue-alarm"] });
  });
  it("knows a resource by the name that a dimension spells out, in metric queries too", () => {
    const spelled = alarm("a", { inputs: { dimensions: { DBInstanceIdentifier: "app" } } });
    const queried = alarm("b", { inputs: { metricQueries: [{ metric: { dimensions: { Id: "app" } } }] } });
    assert.deepEqual(coverageOf({ resources: [db, spelled, queried] }).watched[db.urn], ["a", "b"]);
  });
  it("knows a cache's nodes by the cache's name", () => {
    const cache = resource("aws:elasticache/replicationGroup:ReplicationGroup", "c", {
      inputs: { replicationGroupId: "quotes" },
    });
    const node = alarm("cpu", { inputs: { dimensions: { CacheClusterId: "quotes-0001-001" } } });
    assert.deepEqual(coverageOf({ resources: [cache, node] }).unwatched, []);
  });
  it("counts a query over all instances for each of them", () => {
    const expression = 'SELECT MAX(StatusCheckFailed) FROM SCHEMA("AWS/EC2", InstanceId)';
    const fleet = alarm("status", { inputs: { metricQueries: [{ expression }] } });
    const host = resource("aws:ec2/instance:Instance", "host");
    assert.deepEqual(coverageOf({ resources: [host, fleet] }).watched, { [host.urn]: ["status"] });
  });
  it("names what nothing watches, and passes over what nobody could", () => {
    const other = alarm("other", { inputs: { dimensions: { DBInstanceIdentifier: "application" } } });
    const coverage = coverageOf({ resources: [db, queue, other, resource("aws:ec2/vpc:Vpc", "vpc")] });
    assert.deepEqual(
      coverage.unwatched.map(({ name }) => name),
      ["db", "letters"],
    );
    assert.equal(
      describeCoverage(coverage),
      "0 of 2 resources that can be watched have an alarm\n" +
        "  no alarm: aws:rds/instance:Instance\n    db\n  no alarm: aws:sqs/queue:Queue\n    letters\n",
    );
  });

  const run = (...args: string[]) =>
    spawnSync("node", ["--require", "tsx/cjs", "plan/watch/cli.ts", ...args], {
      cwd: join(__dirname, "../.."),
      encoding: "utf8",
    });
  it("is told of a whole stack by a command", () => {
    const { status, stdout } = run("dev", "--format", "json");
    assert.equal(status, 0);
    const { watched } = JSON.parse(stdout) as { watched: Record<string, string[]> };
    const [database] = Object.entries(watched).filter(([urn]) => urn.includes("rds/instance"));
    assert.ok(database?.[1].includes("data-postgres-cpu"));
  });
  it("refuses bad usage with status 2 and no trace", () => {
    const { status, stderr } = run("no-such-stack");
    assert.equal(status, 2);
    assert.match(stderr, /no-such-stack/);
    assert.doesNotMatch(stderr, /\n {4}at /);
  });
});
