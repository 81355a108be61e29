import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { DataPlatform, checkDataPlatform, type DataPlatformSettings } from "../../components/data/data-platform";
import { validate } from "../../config";
import { register, testCloud } from "../support/program";
import { network, postgres, redis } from "./support";

const make = (settings: DataPlatformSettings, then?: (platform: DataPlatform) => void) =>
  register(() => {
    const platform = new DataPlatform("data", { cloud: testCloud, settings, network });
    then?.(platform);
  });

describe("DataPlatform", () => {
  it("makes only the parts that its settings have", async () => {
    const components = async (settings: DataPlatformSettings) =>
      Object.keys((await make(settings)).counts()).filter((type) => type.startsWith("trading:data:"));
    const store = (type: string) => [
      "trading:data:DataPlatform",
      `trading:data:${type}`,
      "trading:data:SecretRotation",
    ];
    assert.deepEqual(await components({ postgres }), store("PostgresDatabase"));
    assert.deepEqual(await components({ redis }), store("RedisCache"));
    assert.deepEqual(await components({ buckets: {} }), ["trading:data:DataPlatform", "trading:data:DataBuckets"]);
  });

  it("lets later clients into every store, or into those that are named", async () => {
    const rules = async (stores?: readonly ("postgres" | "redis")[]) => {
      const run = await make({ postgres, redis }, (platform) => platform.allowClient("bot", "sg-1", stores));
      return run
        .ofType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
        .filter(({ name }) => name.endsWith("from-bot"))
        .map(({ inputs }) => [inputs.description, inputs.fromPort, inputs.referencedSecurityGroupId]);
    };
    assert.deepEqual(await rules(), [
      ["PostgreSQL for bot", 5432, "sg-1"],
      ["Redis for bot", 6379, "sg-1"],
    ]);
    assert.deepEqual(await rules(["redis"]), [["Redis for bot", 6379, "sg-1"]]);
  });

  it("keeps the secrets of protected stores restorable", async () => {
    const run = await make({ postgres, redis });
    for (const { inputs } of run.ofType("aws:secretsmanager/secret:Secret"))
      assert.equal(inputs.recoveryWindowInDays, 30);
  });

  it("refuses all mistakes of all parts at once, before anything is made", async () => {
    const settings = { postgres: { ...postgres, port: 80 }, redis: { ...redis, shards: 0 } };
    await assert.rejects(make(settings), (error: Error) => {
      assert.match(error.message, /^DataPlatform data: 2 mistakes/);
      assert.match(error.message, /data\.postgres\.port: is no port of a database/);
      assert.match(error.message, /data\.redis\.shards: is no number of shards/);
      return true;
    });
  });

  it("refuses to be empty, and two secrets of one name", () => {
    assert.deepEqual(
      checkDataPlatform({}, "us-east-1").map(({ problem }) => problem),
      ["is on without any part"],
    );
    const twice = { postgres: { ...postgres, secretName: "a/b" }, redis: { ...redis, secretName: "a/b" } };
    assert.deepEqual(
      checkDataPlatform(twice, "us-east-1").map(({ path, problem }) => [path, problem]),
      [["redis.secretName", "has the name of postgres.secretName"]],
    );
  });
});

describe("the section data", () => {
  const base = { project: "trading-platform", organization: "organization", stack: "test" };
  const settingsOf = (stage: string, data: unknown) =>
    validate(base, { stage, owner: "team", network: {}, data }, "us-east-1").data!;

  it("has defaults that every stage accepts", () => {
    for (const stage of ["dev", "qa", "prod"]) {
      const all = { postgres: {}, redis: {}, buckets: { marketData: {}, compliance: {}, backups: {} } };
      assert.deepEqual(checkDataPlatform(settingsOf(stage, all), "us-east-1"), [], stage);
    }
  });

  it("is safe in prod and cheap in dev", () => {
    const prod = settingsOf("prod", { postgres: {}, redis: {}, buckets: { compliance: {} } });
    assert.deepEqual(
      [prod.postgres?.multiAz, prod.postgres?.deletionProtection, prod.postgres?.finalSnapshot, prod.redis?.multiAz],
      [true, true, true, true],
    );
    assert.deepEqual(prod.buckets?.compliance?.lock, { mode: "COMPLIANCE", retentionDays: 2192 });
    const dev = settingsOf("dev", { postgres: {}, redis: {}, buckets: { compliance: {} } });
    assert.deepEqual(
      [dev.postgres?.multiAz, dev.postgres?.instanceClass, dev.redis?.nodeType, dev.redis?.replicasPerShard],
      [false, "db.t4g.medium", "cache.t4g.micro", 0],
    );
    assert.deepEqual(dev.buckets?.compliance?.lock, { mode: "GOVERNANCE", retentionDays: 1 });
  });

  it("names the key's path in its errors", () => {
    assert.throws(
      () => settingsOf("prod", { postgres: { engineVersion: "15.4" } }),
      /data\.postgres\.engineVersion: is a minor version that RDS no longer creates\n +value: +"15\.4"/,
    );
    assert.throws(() => settingsOf("prod", { postgres: { clas: "x" } }), /data\.postgres\.clas: is not a setting/);
  });
});
