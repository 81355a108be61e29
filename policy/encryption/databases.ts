import type * as aws from "@pulumi/aws";
import { checkov, cis, fsbp, on, pci, reference, type Policy, type Report } from "../frame/policy";
import { isGiven, isTrue, listOf } from "../frame/values";

const rdsInstance = "aws:rds/instance:Instance";
const replicationGroup = "aws:elasticache/replicationGroup:ReplicationGroup";
const cacheCluster = "aws:elasticache/cluster:Cluster";
const serverlessCache = "aws:elasticache/serverlessCache:ServerlessCache";

export const rdsStorageEncrypted: Policy = {
  name: "rds-storage-encrypted",
  description: "Databases encrypt their storage with a customer key.",
  severity: "critical",
  level: "mandatory",
  fix: "Set storageEncrypted: true and kmsKeyId to a customer key",
  url: reference("rds/instance"),
  frameworks: [cis("2.3.1"), fsbp("RDS.3"), fsbp("RDS.27"), pci("3.5.1")],
  checkov: checkov(16, 96, 327),
  rules: [
    ...on<aws.rds.InstanceArgs>(rdsInstance, (db, report) => {
      if (isGiven(() => db.replicateSourceDb) && db.storageEncrypted !== false) return; // takes its source's encryption
      if (db.storageEncrypted !== true) report("storage is not encrypted");
      else if (!isGiven(() => db.kmsKeyId)) report("storage has no customer key (kmsKeyId)");
    }),
    ...on<aws.rds.ClusterArgs>(
      ["aws:rds/cluster:Cluster", "aws:docdb/cluster:Cluster", "aws:neptune/cluster:Cluster"],
      (cluster, report) => {
        if (isGiven(() => cluster.replicationSourceIdentifier) && cluster.storageEncrypted !== false) return;
        if (cluster.storageEncrypted !== true) report("storage is not encrypted");
        else if (!isGiven(() => cluster.kmsKeyId)) report("storage has no customer key (kmsKeyId)");
      },
    ),
    ...on<aws.rds.GlobalClusterArgs>("aws:rds/globalCluster:GlobalCluster", (cluster, report) => {
      if (isGiven(() => cluster.sourceDbClusterIdentifier) && cluster.storageEncrypted !== false) return;
      if (cluster.storageEncrypted !== true) report("storage is not encrypted");
    }),
  ],
};

/** Parameters that refuse a connection without TLS, by the engine's family; `since` is the version that defaults to it. */
const forcedTls = [
  { family: /^(aurora-)?postgres(ql)?(\d+)/, parameter: "rds.force_ssl", values: ["1", "on", "true"], since: 15 },
  { family: /^(aurora-)?(mysql|mariadb)(\d+)/, parameter: "require_secure_transport", values: ["1", "on", "true"] },
] as const;

function checkForcedTls(
  group: { readonly family: string; readonly parameters?: readonly { name: string; value: string }[] },
  report: Report,
): void {
  for (const engine of forcedTls) {
    const match = engine.family.exec(group.family);
    if (!match) continue;
    const version = Number(match.at(-1));
    const found = listOf(group.parameters).find(({ name }) => name === engine.parameter);
    const byDefault = "since" in engine && version >= engine.since;
    if (found && !engine.values.some((value) => value === found.value.toLowerCase())) {
      report(`${engine.parameter} is ${found.value}, so clients may connect without TLS`);
    } else if (!found && !byDefault) report(`${engine.parameter} is not set, so clients may connect without TLS`);
  }
}

export const rdsConnectionsEncrypted: Policy = {
  name: "rds-connections-encrypted",
  description: "Databases refuse connections without TLS.",
  severity: "high",
  level: "mandatory",
  fix: "Set rds.force_ssl (PostgreSQL) or require_secure_transport (MySQL) to 1 in the parameter group",
  url: reference("rds/parametergroup"),
  frameworks: [pci("4.2.1")],
  checkov: checkov("2:69"),
  rules: [
    ...on<aws.rds.ParameterGroupArgs>("aws:rds/parameterGroup:ParameterGroup", checkForcedTls),
    ...on<aws.rds.ClusterParameterGroupArgs>("aws:rds/clusterParameterGroup:ClusterParameterGroup", checkForcedTls),
    ...on<aws.rds.InstanceArgs>(rdsInstance, (db, report) => {
      if (db.engine !== "postgres" || isGiven(() => db.parameterGroupName)) return;
      if (isGiven(() => db.replicateSourceDb)) return;
      const major = Number((db.engineVersion ?? "").split(".")[0]);
      if (major > 0 && major < 15)
        report(`PostgreSQL ${major} has no parameter group, and its default admits clients without TLS`);
    }),
  ],
};

/** Redis and Valkey; Memcached has neither snapshots nor encryption at rest. */
const isRedis = (engine: string | undefined) => engine === "redis" || engine === "valkey";

export const elasticacheEncryptedAtRest: Policy = {
  name: "elasticache-encrypted-at-rest",
  description: "Caches are encrypted at rest with a customer key.",
  severity: "high",
  level: "mandatory",
  fix: "Set atRestEncryptionEnabled: true and kmsKeyId to a customer key on a replication group",
  url: reference("elasticache/replicationgroup"),
  frameworks: [fsbp("ElastiCache.4"), pci("3.5.1")],
  checkov: checkov(29, 191),
  rules: [
    ...on<aws.elasticache.ReplicationGroupArgs>(replicationGroup, (group, report) => {
      if (isGiven(() => group.globalReplicationGroupId)) return; // takes the primary's
      if (!isTrue(group.atRestEncryptionEnabled)) report("data at rest is not encrypted");
      else if (!isGiven(() => group.kmsKeyId)) report("data at rest has no customer key (kmsKeyId)");
    }),
    ...on<aws.elasticache.ServerlessCacheArgs>(serverlessCache, (cache, report) => {
      if (!isGiven(() => cache.kmsKeyId)) report("data at rest has no customer key (kmsKeyId)");
    }),
    ...on<aws.elasticache.ClusterArgs>(cacheCluster, (cluster, report) => {
      if (isGiven(() => cluster.replicationGroupId)) return; // a member of a group, which is looked at itself
      if (isRedis(cluster.engine)) report("a cluster outside a replication group cannot be encrypted at rest");
    }),
  ],
};

export const elasticacheEncryptedInTransit: Policy = {
  name: "elasticache-encrypted-in-transit",
  description: "Caches take connections over TLS only.",
  severity: "high",
  level: "mandatory",
  fix: "Set transitEncryptionEnabled: true and transitEncryptionMode: required",
  url: reference("elasticache/replicationgroup"),
  frameworks: [fsbp("ElastiCache.5"), pci("4.2.1")],
  checkov: checkov(30),
  rules: [
    ...on<aws.elasticache.ReplicationGroupArgs>(replicationGroup, (group, report) => {
      if (isGiven(() => group.globalReplicationGroupId)) return;
      if (!isTrue(group.transitEncryptionEnabled)) report("connections are not encrypted");
      else if (group.transitEncryptionMode === "preferred")
        report("clients may still connect without TLS (mode preferred)");
    }),
    ...on<aws.elasticache.ClusterArgs>(cacheCluster, (cluster, report) => {
      if (isGiven(() => cluster.replicationGroupId)) return;
      if (cluster.transitEncryptionEnabled !== true) report("connections are not encrypted");
    }),
  ],
};

export const elasticacheAuthToken: Policy = {
  name: "elasticache-auth-token",
  description: "Redis and Valkey caches ask clients who they are.",
  severity: "high",
  level: "mandatory",
  fix: "Give authToken (16 to 128 characters) or userGroupIds",
  url: reference("elasticache/replicationgroup"),
  frameworks: [fsbp("ElastiCache.6")],
  checkov: checkov(31),
  rules: [
    ...on<aws.elasticache.ReplicationGroupArgs>(replicationGroup, (group, report) => {
      if (isGiven(() => group.globalReplicationGroupId)) return;
      const users = isGiven(() => group.userGroupIds) && isGiven(() => listOf(group.userGroupIds)[0]);
      if (!users && !isGiven(() => group.authToken) && !isGiven(() => group.authTokenWo))
        report("anyone who connects may read");
    }),
    ...on<aws.elasticache.ServerlessCacheArgs>(serverlessCache, (cache, report) => {
      if (isRedis(cache.engine) && !isGiven(() => cache.userGroupId)) report("anyone who connects may read");
    }),
    ...on<aws.elasticache.ClusterArgs>(cacheCluster, (cluster, report) => {
      if (isGiven(() => cluster.replicationGroupId)) return;
      if (isRedis(cluster.engine)) report("a cluster outside a replication group knows no token");
    }),
  ],
};

export const databases: readonly Policy[] = [
  rdsStorageEncrypted,
  rdsConnectionsEncrypted,
  elasticacheEncryptedAtRest,
  elasticacheEncryptedInTransit,
  elasticacheAuthToken,
];
