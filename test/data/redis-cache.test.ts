import assert from "node:assert/strict";
import { describe, it } from "mocha";
import * as fc from "fast-check";
import * as pulumi from "@pulumi/pulumi";
import {
  checkRedis,
  memberIds,
  RedisCache,
  replicationGroupId,
  type RedisSettings,
} from "../../components/data/redis-cache";
import { plain, register, testCloud } from "../support/program";
import { network, redis } from "./support";

const groupType = "aws:elasticache/replicationGroup:ReplicationGroup";

const make = (change: Partial<RedisSettings> = {}) =>
  register(
    () =>
      new RedisCache("cache", {
        cloud: testCloud,
        settings: { ...redis, rotationDays: 0, ...change },
        network,
        alarmTopicArn: "arn:topic",
      }),
  );

describe("RedisCache", () => {
  it("makes one cache with everything around it", async () => {
    assert.deepEqual((await make()).counts(), {
      "trading:data:RedisCache": 1,
      "trading:security:EncryptionKey": 1,
      "trading:security:GeneratedSecret": 1,
      "aws:kms/key:Key": 1,
      "aws:kms/alias:Alias": 1,
      "aws:secretsmanager/secret:Secret": 1,
      "aws:secretsmanager/secretVersion:SecretVersion": 1,
      "aws:ec2/securityGroup:SecurityGroup": 1,
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": 1,
      "aws:elasticache/subnetGroup:SubnetGroup": 1,
      "aws:elasticache/parameterGroup:ParameterGroup": 1,
      "aws:elasticache/replicationGroup:ReplicationGroup": 1,
      "aws:cloudwatch/logGroup:LogGroup": 2,
      "aws:cloudwatch/metricAlarm:MetricAlarm": 15,
    });
  });

  it("is encrypted at rest and in transit, behind a token from the first minute", async () => {
    const run = await make();
    const group = run.one(groupType);
    const { atRestEncryptionEnabled, transitEncryptionEnabled, transitEncryptionMode } = group.inputs;
    assert.deepEqual(
      [atRestEncryptionEnabled, transitEncryptionEnabled, transitEncryptionMode],
      [true, true, "required"],
    );
    assert.deepEqual(group.propertyDependencies.kmsKeyId, [run.one("aws:kms/key:Key").urn]);
    const token = plain(group.inputs.authToken);
    assert.match(String(token), /^[A-Za-z0-9]{64}$/);
    assert.notEqual(token, group.inputs.authToken, "the token is marked as secret");
    const stored = plain(run.one("aws:secretsmanager/secretVersion:SecretVersion").inputs.secretString);
    assert.deepEqual(JSON.parse(String(stored)), { port: 6379, tls: "true", authToken: token });
  });

  it("spreads one shard of three nodes over zones, in cluster mode", async () => {
    const { inputs } = (await make()).one(groupType);
    assert.deepEqual([inputs.numNodeGroups, inputs.replicasPerNodeGroup, inputs.numCacheClusters], [1, 2, undefined]);
    assert.deepEqual([inputs.multiAzEnabled, inputs.automaticFailoverEnabled], [true, true]);
    assert.deepEqual([inputs.snapshotRetentionLimit, inputs.snapshotWindow], [7, "05:00-06:00"]);
  });

  it("names its last snapshot after its own key, which a stack that is made again does not share", async () => {
    const last = async (change: Partial<RedisSettings>) => (await make(change)).one(groupType);
    const { inputs, propertyDependencies } = await last({});
    assert.match(String(inputs.finalSnapshotIdentifier), /^trading-platform-test-cache-final-[0-9a-f]{12}$/);
    assert.deepEqual(propertyDependencies.finalSnapshotIdentifier, propertyDependencies.kmsKeyId);
    assert.equal((await last({ finalSnapshot: false })).inputs.finalSnapshotIdentifier, undefined);
  });

  it("is one primary with replicas without cluster mode", async () => {
    const { inputs } = (await make({ clusterMode: false, replicasPerShard: 1 })).one(groupType);
    assert.deepEqual(
      [inputs.numNodeGroups, inputs.replicasPerNodeGroup, inputs.numCacheClusters],
      [undefined, undefined, 2],
    );
  });

  it("sets eviction and the memory limit, and the cluster switch with cluster mode only", async () => {
    const parameters = async (change: Partial<RedisSettings>) => {
      const list = (await make(change)).one("aws:elasticache/parameterGroup:ParameterGroup").inputs.parameters;
      return Object.fromEntries((list as { name: string; value: string }[]).map(({ name, value }) => [name, value]));
    };
    assert.deepEqual(await parameters({ parameters: { timeout: 300 } }), {
      "cluster-enabled": "yes",
      "maxmemory-policy": "allkeys-lru",
      "reserved-memory-percent": "25",
      timeout: "300",
    });
    assert.deepEqual(
      await parameters({ clusterMode: false, evictionPolicy: "volatile-ttl", reservedMemoryPercent: 30 }),
      {
        "maxmemory-policy": "volatile-ttl",
        "reserved-memory-percent": "30",
      },
    );
  });

  it("sends both logs to groups with key and retention", async () => {
    const run = await make();
    const delivery = run.one(groupType).inputs.logDeliveryConfigurations as Record<string, string>[];
    assert.deepEqual(
      delivery.map(({ logType, destination, logFormat }) => [logType, destination, logFormat]),
      [
        ["slow-log", "/aws/elasticache/trading-platform-test-cache/slow-log", "json"],
        ["engine-log", "/aws/elasticache/trading-platform-test-cache/engine-log", "json"],
      ],
    );
    for (const { inputs, propertyDependencies } of run.ofType("aws:cloudwatch/logGroup:LogGroup")) {
      assert.equal(inputs.retentionInDays, 90);
      assert.equal(propertyDependencies.kmsKeyId?.length, 1);
    }
  });

  it("watches memory, CPU, evictions, hit rate and replication of every node", async () => {
    const alarms = (await make()).ofType("aws:cloudwatch/metricAlarm:MetricAlarm");
    const first = alarms.filter(({ name }) => name.endsWith("-0001-001"));
    assert.deepEqual(
      first.map(({ inputs }) => [inputs.metricName, inputs.threshold, inputs.comparisonOperator]),
      [
        ["DatabaseMemoryUsagePercentage", 85, "GreaterThanThreshold"],
        ["EngineCPUUtilization", 80, "GreaterThanThreshold"],
        ["Evictions", 1000, "GreaterThanThreshold"],
        ["CacheHitRate", 50, "LessThanThreshold"],
        ["ReplicationLag", 10, "GreaterThanThreshold"],
      ],
    );
    assert.deepEqual(first[0]?.inputs.dimensions, { CacheClusterId: "trading-platform-test-cache-0001-001" });
    for (const { inputs } of alarms) assert.match(String(inputs.alarmDescription), /First /);
  });

  it("rotates its token by a function of its own", async () => {
    const run = await make({ rotationDays: 14 });
    const rotation = run.one("aws:secretsmanager/secretRotation:SecretRotation");
    assert.deepEqual(rotation.inputs.rotationRules, { automaticallyAfterDays: 14 });
    const policy = String(run.one("aws:iam/rolePolicy:RolePolicy", "rotation-function-role-own").inputs.policy);
    assert.match(policy, /"elasticache:DescribeReplicationGroups","elasticache:ModifyReplicationGroup"/);
  });

  it("answers at the configuration endpoint in cluster mode, else at the primary's", async () => {
    const endpoint = async (clusterMode: boolean) => {
      let host = "";
      await register(() => {
        const cache = new RedisCache("cache", { cloud: testCloud, settings: { ...redis, clusterMode }, network });
        pulumi.output(cache.endpoint).apply((value) => (host = value));
      });
      return host;
    };
    assert.match(await endpoint(true), /^clustercfg\./);
    assert.match(await endpoint(false), /^master\./);
  });
});

describe("Redis topologies", () => {
  const topology = fc.record({
    clusterMode: fc.boolean(),
    shards: fc.integer({ min: 0, max: 12 }),
    replicasPerShard: fc.integer({ min: -1, max: 7 }),
    multiAz: fc.boolean(),
    automaticFailover: fc.boolean(),
  });

  it("are let through exactly where ElastiCache's rules hold", () => {
    fc.assert(
      fc.property(topology, (it) => {
        const possible =
          it.shards >= 1 &&
          (it.clusterMode || it.shards === 1) &&
          it.replicasPerShard >= 0 &&
          it.replicasPerShard <= 5 &&
          (!it.clusterMode || it.automaticFailover) &&
          (it.clusterMode || !it.automaticFailover || it.replicasPerShard > 0) &&
          (!it.multiAz || (it.replicasPerShard > 0 && it.automaticFailover));
        assert.equal(checkRedis({ ...redis, ...it }).length === 0, possible);
      }),
      { numRuns: 500 },
    );
  });

  it("name each node once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 15 }), fc.integer({ min: 0, max: 5 }), (shards, replicasPerShard) => {
        const ids = memberIds("group", { ...redis, shards, replicasPerShard });
        assert.equal(new Set(ids).size, shards * (1 + replicasPerShard));
      }),
    );
  });

  it("get an id within 40 characters that begins with a letter and is nobody else's", () => {
    const long = "trading-platform-production-market-data-cache";
    assert.equal(replicationGroupId("trading-platform-test-cache"), "trading-platform-test-cache");
    assert.ok(replicationGroupId(long).length <= 40);
    assert.notEqual(replicationGroupId(`${long}-a`), replicationGroupId(`${long}-b`));
  });
});
