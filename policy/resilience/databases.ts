import type * as aws from "@pulumi/aws";
import { checkov, fsbp, on, reference, type Policy } from "../frame/policy";
import { isGiven, isTrue } from "../frame/values";

const instanceType = "aws:rds/instance:Instance";
const databaseTypes = [instanceType, "aws:rds/cluster:Cluster"] as const;
const replicationGroup = "aws:elasticache/replicationGroup:ReplicationGroup";

/** A replica can be made again from its primary, which is looked at itself. */
const isReplica = (db: { readonly replicateSourceDb?: string }) => isGiven(() => db.replicateSourceDb);

export const rdsMultiAz: Policy = {
  name: "rds-multi-az",
  description: "Databases have a standby in a second zone.",
  severity: "high",
  level: "mandatory",
  fix: "Set multiAz: true",
  url: reference("rds/instance"),
  frameworks: [fsbp("RDS.5")],
  checkov: checkov(157),
  rules: on<aws.rds.InstanceArgs>(instanceType, (db, report) => {
    if (!isReplica(db) && db.multiAz !== true) report("it has no standby");
  }),
};

export const rdsBackupRetention: Policy = {
  name: "rds-backup-retention",
  description: "Databases keep backups, for as many days as the stage asks.",
  severity: "high",
  level: "mandatory",
  fix: "Set backupRetentionPeriod",
  url: reference("rds/instance"),
  frameworks: [fsbp("RDS.11")],
  checkov: checkov(133),
  config: {
    minimumDays: { type: "integer", minimum: 1, default: 7, description: "Fewest days of backups that are accepted." },
  },
  rules: on<aws.rds.InstanceArgs>(databaseTypes, (db, report, { config, type }) => {
    if (isReplica(db)) return;
    const minimumDays = Number(config.minimumDays ?? 7);
    const days = db.backupRetentionPeriod ?? (type === instanceType ? 0 : 1);
    if (days < minimumDays)
      report(days === 0 ? "it has no backups" : `it keeps ${days} days of backups; this stage asks for ${minimumDays}`);
  }),
};

export const rdsDeletionProtection: Policy = {
  name: "rds-deletion-protection",
  description: "Databases cannot be deleted by one call.",
  severity: "high",
  level: "mandatory",
  fix: "Set deletionProtection: true",
  url: reference("rds/instance"),
  frameworks: [fsbp("RDS.7"), fsbp("RDS.8")],
  checkov: checkov(293),
  rules: on<aws.rds.InstanceArgs>(databaseTypes, (db, report) => {
    if (!isReplica(db) && db.deletionProtection !== true) report("one call deletes it");
  }),
  remedies: databaseTypes.map((type) => ({
    type,
    mend: (props) =>
      props.deletionProtection === true || isGiven(() => props.replicateSourceDb)
        ? undefined
        : { deletionProtection: true },
  })),
};

export const rdsFinalSnapshot: Policy = {
  name: "rds-final-snapshot",
  description: "A database leaves a last snapshot behind.",
  severity: "high",
  level: "mandatory",
  fix: "Set skipFinalSnapshot: false with finalSnapshotIdentifier",
  url: reference("rds/instance"),
  rules: on<aws.rds.InstanceArgs>(databaseTypes, (db, report) => {
    if (isReplica(db)) return;
    if (db.skipFinalSnapshot) report("it leaves no snapshot behind");
    else if (!isGiven(() => db.finalSnapshotIdentifier))
      report("its last snapshot has no name, so it cannot be deleted");
  }),
};

export const rdsMonitored: Policy = {
  name: "rds-monitored",
  description: "Databases have enhanced monitoring and Performance Insights.",
  severity: "low",
  level: "advisory",
  fix: "Set monitoringInterval with monitoringRoleArn, and performanceInsightsEnabled",
  url: reference("rds/instance"),
  frameworks: [fsbp("RDS.6")],
  checkov: checkov(118, 353, 354),
  rules: on<aws.rds.InstanceArgs>([instanceType, "aws:rds/clusterInstance:ClusterInstance"], (db, report) => {
    if ((db.monitoringInterval ?? 0) === 0) report("it has no enhanced monitoring");
    if (!db.performanceInsightsEnabled) report("it has no Performance Insights");
    else if (!isGiven(() => db.performanceInsightsKmsKeyId)) report("Performance Insights has no customer key");
  }),
};

export const elasticacheFailoverAndSnapshots: Policy = {
  name: "elasticache-failover-and-snapshots",
  description: "Caches fail over to another zone and keep snapshots.",
  severity: "high",
  level: "mandatory",
  fix: "Set automaticFailoverEnabled, multiAzEnabled and snapshotRetentionLimit",
  url: reference("elasticache/replicationgroup"),
  frameworks: [fsbp("ElastiCache.1"), fsbp("ElastiCache.3")],
  checkov: checkov(134, "2:50"),
  rules: [
    ...on<aws.elasticache.ReplicationGroupArgs>(replicationGroup, (group, report) => {
      if (!isTrue(group.automaticFailoverEnabled)) report("it does not fail over");
      if (group.multiAzEnabled !== true) report("its nodes may share a zone");
      if ((group.snapshotRetentionLimit ?? 0) === 0) report("it keeps no snapshots");
    }),
    ...on<aws.elasticache.ServerlessCacheArgs>("aws:elasticache/serverlessCache:ServerlessCache", (cache, report) => {
      if (cache.engine !== "memcached" && (cache.snapshotRetentionLimit ?? 0) === 0) report("it keeps no snapshots");
    }),
    ...on<aws.elasticache.ClusterArgs>("aws:elasticache/cluster:Cluster", (cluster, report) => {
      const redis = cluster.engine === "redis" || cluster.engine === "valkey";
      if (redis && !isGiven(() => cluster.replicationGroupId))
        report("a cluster outside a replication group does not fail over");
    }),
  ],
};

export const databases: readonly Policy[] = [
  rdsMultiAz,
  rdsBackupRetention,
  rdsDeletionProtection,
  rdsFinalSnapshot,
  rdsMonitored,
  elasticacheFailoverAndSnapshots,
];
