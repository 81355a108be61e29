import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { checkPostgres } from "../../components/data/postgres-database";
import { checkRedis } from "../../components/data/redis-cache";
import { checkTimescale } from "../../components/data/timescale-database";
import { network, postgres, redis, timescale } from "./support";

describe("networks that a store cannot live in", () => {
  const [a, b] = network.dataSubnets as [(typeof network.dataSubnets)[number], (typeof network.dataSubnets)[number]];
  const local = { ...a, zone: "us-east-1-chi-2a" };
  const cases: [string, () => { problem: string }[], string][] = [
    [
      "one zone for RDS",
      () => checkPostgres(postgres, "us-east-1", [a]),
      "lies in 1 zone; a standby in another zone needs 2",
    ],
    [
      "one zone for RDS alone",
      () => checkPostgres({ ...postgres, multiAz: false }, "us-east-1", [a, a]),
      "lies in 1 zone; RDS's subnet group needs 2",
    ],
    [
      "a Local Zone for RDS",
      () => checkPostgres(postgres, "us-east-1", [local, b]),
      "has subnets in Local Zones, where the service does not exist",
    ],
    [
      "a replica's zone without a subnet",
      () => checkPostgres({ ...postgres, readReplicas: { r: { zone: "us-east-1f" } } }, "us-east-1", [a, b]),
      "has no data subnet",
    ],
    [
      "one zone for Redis in several",
      () => checkRedis(redis, [a]),
      "lies in 1 zone; a replica in another zone needs 2",
    ],
    [
      "one zone for two nodes",
      () => checkTimescale(timescale, [a]),
      "lies in 1 zone; a standby in another zone needs 2",
    ],
    [
      "no subnet at all",
      () => checkTimescale({ ...timescale, standby: false }, []),
      "lies in 0 zones; a standby in another zone needs 1",
    ],
  ];
  for (const [title, check, problem] of cases) {
    it(`${title}: ${problem}`, () =>
      assert.deepEqual(
        check().map((issue) => issue.problem),
        [problem],
      ));
  }
});
