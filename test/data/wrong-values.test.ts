import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ValidationError } from "../../components/common/validation";
import { validate } from "../../config";

/** Every wrong topology and value, as a user writes it in the stack file, with the message that it gets. */
type Row = readonly [data: Record<string, unknown>, path: string, problem: string];

const pg = (change: Record<string, unknown>) => ({ postgres: change });
const cache = (change: Record<string, unknown>) => ({ redis: change });
const one = (kind: string, change: Record<string, unknown>) => ({ buckets: { [kind]: change } });
const ts = (change: Record<string, unknown>) => ({
  timescale: { ami: "ami-0123456789abcdef0", ...change },
  buckets: { backups: {} },
});
const west = { vpcId: "vpc-1", subnetIds: ["subnet-1"], clientCidrs: [] };

const rows: readonly Row[] = [
  // PostgreSQL
  [pg({ engineVersion: "15.4" }), "data.postgres.engineVersion", "is a minor version that RDS no longer creates"],
  [pg({ engineVersion: "15.12" }), "data.postgres.engineVersion", "is a minor version that RDS no longer creates"],
  [
    pg({ engineVersion: "11" }),
    "data.postgres.engineVersion",
    "is not a major version of PostgreSQL that RDS supports",
  ],
  [
    pg({ engineVersion: "latest" }),
    "data.postgres.engineVersion",
    "is not a major version of PostgreSQL that RDS supports",
  ],
  [pg({ instanceClass: "db.q9.huge" }), "data.postgres.instanceClass", "is not a class whose memory is known"],
  [pg({ storageGiB: 5, maxStorageGiB: 50 }), "data.postgres.storageGiB", "is no size of gp3 storage"],
  [
    pg({ storageGiB: 100, maxStorageGiB: 105 }),
    "data.postgres.maxStorageGiB",
    "leaves less than 10 % above storageGiB (100) to grow",
  ],
  [
    pg({ iops: 6000 }),
    "data.postgres.iops",
    "cannot be chosen for gp3 below 400 GiB, where RDS gives 3000 operations and 125 MiB a second",
  ],
  [
    pg({ throughputMiBps: 500 }),
    "data.postgres.throughputMiBps",
    "cannot be chosen for gp3 below 400 GiB, where RDS gives 3000 operations and 125 MiB a second",
  ],
  [pg({ storageType: "io2", storageGiB: 100 }), "data.postgres.iops", "is missing; io2 has no base"],
  [pg({ databaseName: "my-db" }), "data.postgres.databaseName", "is not a name that PostgreSQL takes unquoted"],
  [pg({ masterUsername: "admin" }), "data.postgres.masterUsername", "is not a name for the master user"],
  [pg({ port: 1100 }), "data.postgres.port", "is no port of a database"],
  [
    pg({ backup: { retentionDays: 0 } }),
    "data.postgres.backup.retentionDays",
    "is no retention of RDS backups; without backups there is no point-in-time recovery and no replica",
  ],
  [
    pg({ backup: { retentionDays: 90 } }),
    "data.postgres.backup.retentionDays",
    "is no retention of RDS backups; without backups there is no point-in-time recovery and no replica",
  ],
  [
    pg({ backup: { copyRegion: "us-east-1" } }),
    "data.postgres.backup.copyRegion",
    "is the Region of the database itself",
  ],
  [pg({ backup: { window: "3-4 am" } }), "data.postgres.backup.window", "is not a window of time"],
  [
    pg({ backup: { window: "03:00-03:20" } }),
    "data.postgres.backup.window",
    "is 20 minutes long; AWS asks for at least 30",
  ],
  [pg({ maintenanceWindow: "04:00-05:00" }), "data.postgres.maintenanceWindow", "is not a window of time"],
  [
    pg({ maintenanceWindow: "wed:03:30-wed:04:30" }),
    "data.postgres.maintenanceWindow",
    "overlaps the backup window 03:00-04:00",
  ],
  [
    pg({ monitoringIntervalSeconds: 20 }),
    "data.postgres.monitoringIntervalSeconds",
    "is no period of enhanced monitoring",
  ],
  [
    pg({ performanceInsightsDays: 30 }),
    "data.postgres.performanceInsightsDays",
    "is no retention of Performance Insights",
  ],
  [pg({ readReplicas: { "Reader-1": {} } }), "data.postgres.readReplicas.Reader-1", "is not a name for a replica"],
  [
    pg({ readReplicas: { far: { region: "us-west-2" } } }),
    "data.postgres.readReplicas.far.network",
    "is missing: a replica in us-west-2 needs that Region's VPC, subnets and clients",
  ],
  [
    pg({ readReplicas: { far: { region: "us-west-2", network: west } } }),
    "data.postgres.readReplicas.far.network.subnetIds",
    "are fewer than two",
  ],
  [
    pg({ readReplicas: { near: { region: "us-east-1" } } }),
    "data.postgres.readReplicas.near.region",
    "is the primary's Region",
  ],
  [
    pg({ readReplicas: { near: { network: { ...west, subnetIds: ["a", "b"] } } } }),
    "data.postgres.readReplicas.near.network",
    "is given without a region",
  ],
  [
    pg({ readReplicas: { near: { instanceClass: "large" } } }),
    "data.postgres.readReplicas.near.instanceClass",
    "is not a class whose memory is known",
  ],
  [
    pg({ readReplicas: Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`r${n}`, {}])) }),
    "data.postgres.readReplicas",
    "are 16; RDS takes 15 of one primary",
  ],
  // Tuning
  [
    pg({ tuning: { parameters: { shared_buffers: 524288 } } }),
    "data.postgres.tuning.parameters.shared_buffers",
    "has no unit; a bare number would count 8kB",
  ],
  [
    pg({ tuning: { parameters: { work_mem: "64mb" } } }),
    "data.postgres.tuning.parameters.work_mem",
    "has no unit that PostgreSQL knows",
  ],
  [
    pg({ tuning: { parameters: { shared_bufers: "1GB" } } }),
    "data.postgres.tuning.parameters.shared_bufers",
    "is not a parameter that can be tuned here",
  ],
  [
    pg({ tuning: { parameters: { shared_buffers: "9GB" } } }),
    "data.postgres.tuning.parameters.shared_buffers",
    "is more than half of the memory of db.r6g.large (16 GiB): the server would not start, or starve",
  ],
  [
    pg({ tuning: { parameters: { effective_cache_size: "20GB" } } }),
    "data.postgres.tuning.parameters.effective_cache_size",
    "is more than the memory of db.r6g.large (16 GiB)",
  ],
  [
    pg({ tuning: { parameters: { max_connections: 1000, work_mem: "64MB" } } }),
    "data.postgres.tuning.parameters.work_mem",
    "times max_connections (1000) is more than twice the memory of db.r6g.large",
  ],
  [
    pg({ tuning: { parameters: { max_connections: 2 } } }),
    "data.postgres.tuning.parameters.max_connections",
    "is no number of connections",
  ],
  [
    pg({ tuning: { parameters: { "timescaledb.max_background_workers": 8 } } }),
    "data.postgres.tuning.parameters.timescaledb.max_background_workers",
    "belongs to TimescaleDB, which RDS does not offer",
  ],
  // Redis
  [cache({ multiAz: true, replicasPerShard: 0 }), "data.redis.multiAz", "has no replica to put in another zone"],
  [cache({ clusterMode: false, shards: 3 }), "data.redis.shards", "are more than one without cluster mode"],
  [
    cache({ clusterMode: true, automaticFailover: false, multiAz: false }),
    "data.redis.automaticFailover",
    "cannot be off with cluster mode",
  ],
  [
    cache({ clusterMode: false, replicasPerShard: 0, multiAz: false }),
    "data.redis.automaticFailover",
    "has no replica to fail over to",
  ],
  [cache({ clusterMode: false, automaticFailover: false }), "data.redis.multiAz", "needs automatic failover"],
  [cache({ replicasPerShard: 6 }), "data.redis.replicasPerShard", "is no number of replicas"],
  [cache({ shards: 0 }), "data.redis.shards", "is no number of shards"],
  [cache({ shards: 40 }), "data.redis.shards", "times replicas make 120 nodes, over the quota of 90"],
  [cache({ nodeType: "r7g.large" }), "data.redis.nodeType", "is not a node type for Redis 7"],
  [
    cache({ nodeType: "cache.r6gd.xlarge" }),
    "data.redis.nodeType",
    "needs data tiering, which this cache does not use",
  ],
  [
    cache({ reservedMemoryPercent: 0 }),
    "data.redis.reservedMemoryPercent",
    "leaves no memory for snapshots and replication",
  ],
  [cache({ reservedMemoryPercent: 80 }), "data.redis.reservedMemoryPercent", "is no sensible share of the memory"],
  [
    cache({ parameters: { appendonly: "yes" } }),
    "data.redis.parameters.appendonly",
    "cannot be set: ElastiCache keeps no append-only file for Redis 7",
  ],
  [
    cache({ parameters: { "cluster-enabled": "yes" } }),
    "data.redis.parameters.cluster-enabled",
    "follows from clusterMode",
  ],
  [
    cache({ parameters: { "maxmemory-policy": "noeviction" } }),
    "data.redis.parameters.maxmemory-policy",
    "has a setting of its own",
  ],
  [cache({ parameters: { save: "60 1" } }), "data.redis.parameters.save", "is not a parameter that can be set here"],
  [cache({ snapshots: { retentionDays: 40 } }), "data.redis.snapshots.retentionDays", "is no retention of snapshots"],
  [
    cache({ snapshots: { window: "05:00-05:30" } }),
    "data.redis.snapshots.window",
    "is 30 minutes long; AWS asks for at least 60",
  ],
  [cache({ evictionPolicy: "lru" }), "data.redis.evictionPolicy", "is not one of the choices"],
  [cache({ engineVersion: "6.2" }), "data.redis.engineVersion", "is not one of the choices"],
  // Buckets
  [
    one("marketData", { name: "market.data" }),
    "data.buckets.marketData.name",
    "has a dot, which the TLS certificate of S3 does not cover",
  ],
  [
    { buckets: { marketData: { name: "same" }, backups: { name: "same" } } },
    "data.buckets.backups.name",
    "is also the name of the bucket marketData",
  ],
  [
    one("marketData", { archiveAfterDays: 60 }),
    "data.buckets.marketData.archiveAfterDays",
    "stands beside intelligentTieringAfterDays; objects under Intelligent-Tiering move by themselves",
  ],
  [
    one("compliance", { deepArchiveAfterDays: 100 }),
    "data.buckets.compliance.deepArchiveAfterDays",
    "is less than 90 days after archiveAfterDays (90), the least time that Glacier Instant Retrieval charges for",
  ],
  [
    one("marketData", { expireAfterDays: 20 }),
    "data.buckets.marketData.expireAfterDays",
    "is not after the last change of storage class (30 days)",
  ],
  [
    one("compliance", { expireAfterDays: 400 }),
    "data.buckets.compliance.expireAfterDays",
    "is before the end of the lock (2192 days): S3 could not delete what expires",
  ],
  [
    one("compliance", { lock: { retentionDays: 99999 } }),
    "data.buckets.compliance.lock.retentionDays",
    "is no retention of Object Lock",
  ],
  [
    one("logs", { encryption: "kms" }),
    "data.buckets.logs.encryption",
    "cannot be kms: S3 and load balancers deliver access logs only to a bucket with SSE-S3",
  ],
  [
    one("logs", { lock: {}, expireAfterDays: 4000 }),
    "data.buckets.logs.lock",
    "cannot be set on the log bucket: S3 delivers no access logs to a bucket with a default retention",
  ],
  [
    one("backups", { replicaRegion: "us-east-1" }),
    "data.buckets.backups.replicaRegion",
    "is the Region of the bucket itself: a replica there survives no loss of the Region",
  ],
  // TimescaleDB
  [{ timescale: { ami: "ami-0123456789abcdef0" } }, "data.timescale", "has no bucket to archive to"],
  [ts({ instanceType: "q1.large" }), "data.timescale.instanceType", "is not a class whose memory is known"],
  [ts({ storageGiB: 10, maxStorageGiB: 50 }), "data.timescale.storageGiB", "is no size for the data volume"],
  [
    ts({ maxStorageGiB: 50 }),
    "data.timescale.maxStorageGiB",
    "is not between storageGiB (100) and the largest gp3 volume",
  ],
  [ts({ iops: 20000 }), "data.timescale.iops", "is outside of what a gp3 volume of 100 GiB gives"],
  [
    ts({ throughputMiBps: 1000 }),
    "data.timescale.throughputMiBps",
    "is outside of what 3000 operations a second carry",
  ],
  [
    ts({ databaseName: "postgres" }),
    "data.timescale.databaseName",
    "is not a free name that PostgreSQL takes unquoted",
  ],
  [
    ts({ masterUsername: "replicator" }),
    "data.timescale.masterUsername",
    "is not a free name that PostgreSQL takes unquoted",
  ],
  [
    ts({ backup: { retentionDays: 7 } }),
    "data.timescale.backup.retentionDays",
    "is no retention of backups whose full one comes weekly",
  ],
  [
    ts({ backup: { archiveTimeoutSeconds: 900 } }),
    "data.timescale.backup.archiveTimeoutSeconds",
    "does not keep the recovery point of 5 minutes",
  ],
  [
    ts({ packages: "internet" }),
    "data.timescale.packages",
    "needs package archives, which the data tier does not reach",
  ],
  [ts({ ami: "debian" }), "data.timescale.ami", "is neither an AMI id nor an SSM parameter"],
  [{ timescale: {}, buckets: { backups: {} } }, "data.timescale.ami", "is missing"],
  // The parts together
  [{}, "data", "is on without any part"],
  [
    { postgres: { secretName: "a/b" }, redis: { secretName: "a/b" } },
    "data.redis.secretName",
    "has the name of postgres.secretName",
  ],
  [
    { secrets: { namePrefix: "p/q", entries: { x: { description: "d", fields: [] } } } },
    "data.secrets.entries.x.fields",
    "is too small",
  ],
  [{ secrets: { namePrefix: "/q/", entries: {} } }, "data.secrets.namePrefix", "is no beginning of a secret's name"],
  [
    { secrets: { namePrefix: "p", entries: {}, recoveryWindowDays: 3 } },
    "data.secrets.recoveryWindowDays",
    "is no recovery window of Secrets Manager",
  ],
];

/** A network on which everything right is accepted. */
const wholeNetwork = {
  dataTierReachesS3: true,
  endpoints: { interface: ["secretsmanager", "ssm", "ssmmessages", "ec2", "monitoring", "logs"] },
};

function mistakes(data: unknown, stage = "prod", net: unknown = wholeNetwork) {
  const base = { project: "trading-platform", organization: "organization", stack: "test" };
  try {
    validate(base, { stage, owner: "team", network: net, data }, "us-east-1");
    return [];
  } catch (error) {
    assert.ok(error instanceof ValidationError);
    return error.issues.map(({ path, problem }) => [path, problem]);
  }
}

describe(`wrong data settings (${rows.length})`, () => {
  for (const [data, path, problem] of rows) {
    it(`${JSON.stringify(data).slice(0, 90)}: ${path} ${problem}`, () => {
      assert.deepEqual(mistakes(data), [[path, problem]]);
    });
  }

  it("names what the nodes of TimescaleDB cannot reach in the network", () => {
    assert.deepEqual(mistakes(ts({}), "prod", { endpoints: { interface: ["ssm"] } }), [
      ["data.timescale", "archives to S3, which the data tier does not reach"],
      [
        "data.timescale",
        "calls AWS services that the data tier does not reach: secretsmanager, ssmmessages, ec2, monitoring, logs",
      ],
    ]);
    assert.deepEqual(mistakes(ts({})), []);
  });

  it("tells all mistakes at once", () => {
    const found = mistakes({ ...pg({ port: 1100, storageGiB: 1 }), ...cache({ shards: 0 }) });
    assert.equal(found.length, 3);
  });
});
