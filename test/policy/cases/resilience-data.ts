import { secret, unknown } from "../support/pack";
import { a, table } from "../support/tables";

const rds = "aws:rds/instance:Instance";
const group = "aws:elasticache/replicationGroup:ReplicationGroup";
const bucket = a("aws:s3/bucket:Bucket", {}, { name: "b" });
const versioning = "aws:s3/bucketVersioning:BucketVersioning";
const lifecycle = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration";
const enabled = (status: unknown) => ({ versioningConfiguration: { status } });
const abort = { rules: [{ status: "Enabled", abortIncompleteMultipartUpload: { daysAfterInitiation: 7 } }] };
const records = a("aws:s3/bucket:Bucket", {}, { name: "data-compliance" });
const locked = (retention: unknown) => [
  records,
  a(
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    { rule: { defaultRetention: retention } },
    { name: "l", refs: { bucket: "data-compliance" } },
  ),
  a("aws:s3/bucketReplicationConfig:BucketReplicationConfig", {}, { name: "r", refs: { bucket: "data-compliance" } }),
];
const selection = (props: object, refs?: Record<string, string>) =>
  a("aws:backup/selection:Selection", { ...props }, { name: "sel", ...(refs ? { refs } : {}) });
const tagged = (value: string) => [{ stringEquals: [{ key: "aws:ResourceTag/backup", value }] }];
const db = a(rds, { tags: { backup: "daily" } }, { name: "db" });

export const resilienceData = [
  table(
    "rds-multi-az",
    rds,
    ["pass", { multiAz: true }],
    ["pass", { replicateSourceDb: unknown }],
    ["fail", { multiAz: false }, /no standby/],
    ["fail", { multiAz: false }, { advisory: /no standby/ }, { stage: "qa" }],
    ["pass", { multiAz: false }, "nothing", { stage: "dev" }],
    ["undefined", {}, /no standby/],
    ["unknown", { multiAz: unknown }, "cannot tell"],
    ["secret", { multiAz: secret(true) }],
  ),
  table(
    "rds-backup-retention",
    rds,
    ["pass", { backupRetentionPeriod: 7 }],
    ["pass", { replicateSourceDb: "p" }],
    ["pass", { backupRetentionPeriod: 1 }, "nothing", { stage: "dev" }],
    ["fail", { backupRetentionPeriod: 3 }, /keeps 3 days/],
    ["fail", { backupRetentionPeriod: 0 }, /no backups/, { stage: "dev" }],
    ["fail", a("aws:rds/cluster:Cluster"), /keeps 1 days/],
    ["undefined", {}, /no backups/],
    ["unknown", { backupRetentionPeriod: unknown }, "cannot tell"],
    ["secret", { backupRetentionPeriod: secret(7) }],
  ),
  table(
    "rds-deletion-protection",
    rds,
    ["pass", { deletionProtection: true }],
    ["pass", { replicateSourceDb: "p" }],
    ["fail", { deletionProtection: false }, /one call deletes it/],
    ["fail", a("aws:rds/cluster:Cluster"), /one call deletes it/],
    ["undefined", {}, /one call deletes it/],
    ["unknown", { deletionProtection: unknown }, "cannot tell"],
    ["secret", { deletionProtection: secret(true) }],
  ),
  table(
    "rds-final-snapshot",
    rds,
    ["pass", { finalSnapshotIdentifier: "last" }],
    ["pass", { skipFinalSnapshot: true, replicateSourceDb: "p" }],
    ["fail", { skipFinalSnapshot: true }, /leaves no snapshot/],
    ["fail", a("aws:rds/cluster:Cluster", { skipFinalSnapshot: true }), /leaves no snapshot/],
    ["undefined", {}, /has no name/],
    ["unknown", { finalSnapshotIdentifier: unknown }],
    ["secret", { skipFinalSnapshot: secret(true) }, /leaves no snapshot/],
  ),
  table(
    "rds-monitored",
    rds,
    ["pass", { monitoringInterval: 60, performanceInsightsEnabled: true, performanceInsightsKmsKeyId: "k" }],
    [
      "fail",
      { monitoringInterval: 0, performanceInsightsEnabled: true, performanceInsightsKmsKeyId: "k" },
      { advisory: /enhanced monitoring/ },
    ],
    ["fail", { monitoringInterval: 60, performanceInsightsEnabled: true }, { advisory: /no customer key/ }],
    ["fail", a("aws:rds/clusterInstance:ClusterInstance"), { advisory: /Performance Insights/ }],
    ["undefined", {}, { advisory: /enhanced monitoring/ }],
    ["unknown", { monitoringInterval: unknown }, "cannot tell"],
    [
      "secret",
      {
        monitoringInterval: secret(60),
        performanceInsightsEnabled: secret(true),
        performanceInsightsKmsKeyId: secret("k"),
      },
    ],
  ),
  table(
    "elasticache-failover-and-snapshots",
    group,
    ["pass", { automaticFailoverEnabled: true, multiAzEnabled: true, snapshotRetentionLimit: 7 }],
    [
      "fail",
      { automaticFailoverEnabled: false, multiAzEnabled: true, snapshotRetentionLimit: 7 },
      /does not fail over/,
    ],
    ["fail", { automaticFailoverEnabled: true, multiAzEnabled: false, snapshotRetentionLimit: 7 }, /may share a zone/],
    ["fail", { automaticFailoverEnabled: true, multiAzEnabled: true }, /no snapshots/],
    ["fail", a("aws:elasticache/serverlessCache:ServerlessCache", { engine: "redis" }), /no snapshots/],
    ["fail", a("aws:elasticache/cluster:Cluster", { engine: "redis" }), /does not fail over/],
    ["undefined", {}, /does not fail over/],
    ["unknown", { automaticFailoverEnabled: unknown }, "cannot tell"],
    ["secret", { automaticFailoverEnabled: secret("true"), multiAzEnabled: true, snapshotRetentionLimit: secret(7) }],
  ),
  table(
    "s3-versioned",
    "aws:s3/bucket:Bucket",
    ["pass", [bucket, a(versioning, enabled("Enabled"), { name: "v", refs: { bucket: "b" } })]],
    ["pass", [a("aws:s3/bucketV2:BucketV2", { versioning: { enabled: true } })]],
    [
      "fail",
      [bucket, a(versioning, enabled("Suspended"), { name: "v", refs: { bucket: "b" } })],
      /versioning is Suspended/,
    ],
    ["fail", a("aws:s3/bucketVersioningV2:BucketVersioningV2", enabled("Disabled")), /versioning is Disabled/],
    ["undefined", [bucket], /keeps no versions/],
    ["unknown", a(versioning, enabled(unknown)), "cannot tell"],
    ["secret", a(versioning, enabled(secret("Enabled")))],
  ),
  table(
    "s3-lifecycle-set",
    "aws:s3/bucket:Bucket",
    ["pass", [bucket, a(lifecycle, abort, { name: "l", refs: { bucket: "b" } })]],
    ["pass", [a("aws:s3/bucket:Bucket", { lifecycleRules: [{ enabled: true }] })]],
    [
      "fail",
      a(lifecycle, { rules: [{ status: "Disabled", abortIncompleteMultipartUpload: {} }] }),
      { advisory: /never ended/ },
    ],
    [
      "fail",
      a("aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", { rules: [{ status: "Enabled" }] }),
      { advisory: /never ended/ },
    ],
    ["undefined", [bucket], { advisory: /stays for ever/ }],
    ["unknown", a(lifecycle, { rules: unknown }), "cannot tell"],
    ["secret", a(lifecycle, { rules: secret(abort.rules) })],
  ),
  table(
    "compliance-bucket-locked-and-replicated",
    "aws:s3/bucket:Bucket",
    ["pass", locked({ mode: "COMPLIANCE", years: 7 })],
    ["pass", locked({ mode: "COMPLIANCE", days: 2557 })],
    ["pass", locked({ mode: "COMPLIANCE", days: 2192, years: 0 })], // as the provider reads it back
    ["fail", locked({ mode: "COMPLIANCE", days: 365, years: 0 }), /locked for 1 years; 6/],
    ["pass", [bucket]],
    ["fail", locked({ mode: "GOVERNANCE", years: 7 }), /can be deleted before/],
    ["fail", locked({ mode: "COMPLIANCE", years: 1 }), /locked for 1 years; 6/],
    ["fail", [records], /no copy elsewhere/],
    [
      "fail",
      [a("aws:s3/bucket:Bucket", { tags: { dataClass: "compliance" } }, { name: "x" })],
      /can be deleted before/,
    ],
    ["undefined", [records], /can be deleted before/],
    ["unknown", locked(unknown), "cannot tell"],
    ["secret", locked(secret({ mode: "GOVERNANCE" })), /can be deleted before/],
  ),
  table(
    "backup-plan-covers-state",
    rds,
    ["pass", [db, selection({ selectionTags: [{ type: "STRINGEQUALS", key: "backup", value: "daily" }] })]],
    ["pass", [db, selection({ resources: [unknown] }, { resources: "db" })]],
    ["pass", [db, selection({ resources: ["arn:aws:rds:*:*:db:*"] })]],
    ["pass", [a("aws:ebs/volume:Volume", { tags: { backup: "none" } })]],
    ["pass", [db, selection({ resources: ["arn:aws:rds:*:*:db:*"], conditions: tagged("daily") })]],
    ["fail", [db, selection({ resources: ["*"], conditions: tagged("weekly") })], /no backup plan covers it/],
    ["fail", [db, selection({ resources: ["arn:aws:ec2:*:*:volume/*"] })], /no backup plan covers it/],
    ["pass", [a("aws:ebs/volume:Volume"), selection({ resources: ["arn:aws:ec2:*:*:volume/*"] })]],
    ["fail", [db, selection({ selectionTags: [{ key: "backup", value: "weekly" }] })], /no backup plan covers it/],
    ["fail", [a("aws:efs/fileSystem:FileSystem")], /no backup plan covers it/],
    ["undefined", [db], /no backup plan covers it/],
    ["unknown", [db, selection({ selectionTags: unknown })], /no backup plan covers it/],
    ["secret", [db, selection({ resources: secret(["*"]) })]],
  ),
  table(
    "stateful-protected",
    rds,
    ["pass", [a("aws:efs/fileSystem:FileSystem", {}, { protect: true })]],
    ["pass", [a(rds, { deletionProtection: true })]],
    ["pass", [a("aws:s3/bucket:Bucket")]],
    ["fail", [a("aws:efs/fileSystem:FileSystem")], /can take it away/],
    ["fail", [a("aws:s3/bucket:Bucket", { forceDestroy: true })], /can take it away/],
    ["fail", [a("aws:ebs/volume:Volume")], /can take it away/],
    ["fail", [a("aws:secretsmanager/secret:Secret", { recoveryWindowInDays: 0 })], /can take it away/],
    ["fail", [a(group)], /can take it away/],
    ["undefined", [a(rds)], /can take it away/],
    ["unknown", [a(rds, { deletionProtection: unknown })], "cannot tell"],
    ["secret", [a(rds, { deletionProtection: secret(true) })]],
  ),
  table(
    "load-balancer-deletion-protection",
    "aws:lb/loadBalancer:LoadBalancer",
    ["pass", { enableDeletionProtection: true }],
    ["fail", { enableDeletionProtection: false }, /one call/],
    ["fail", a("awsx:lb:ApplicationLoadBalancer"), /one call/],
    ["undefined", {}, /one call/],
    ["unknown", { enableDeletionProtection: unknown }, "cannot tell"],
    ["secret", { enableDeletionProtection: secret(true) }],
  ),
];
