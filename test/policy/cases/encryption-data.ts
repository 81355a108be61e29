import { secret, unknown } from "../support/pack";
import { a, table } from "../support/tables";

const key = "arn:aws:kms:us-east-1:123456789012:key/k";
const group = "aws:elasticache/replicationGroup:ReplicationGroup";
const cluster = "aws:elasticache/cluster:Cluster";
const serverless = "aws:elasticache/serverlessCache:ServerlessCache";
const bucket = "aws:s3/bucket:Bucket";
const sse = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";
const sseV2 = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2";
const byDefault = (sseAlgorithm: unknown, kmsMasterKeyId?: unknown) => ({
  rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm, ...(kmsMasterKeyId ? { kmsMasterKeyId } : {}) } }],
});
const tlsOnly = (change: object = {}) =>
  JSON.stringify({
    Statement: [
      {
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: "*",
        Condition: { Bool: { "aws:SecureTransport": "false" } },
        ...change,
      },
    ],
  });
const b = a(bucket, {}, { name: "b" });
const policyOf = (policy: unknown) =>
  a("aws:s3/bucketPolicy:BucketPolicy", { policy }, { name: "p", refs: { bucket: "b" } });
const parameters = (name: string, value: unknown) => ({ family: "postgres14", parameters: [{ name, value }] });

export const encryptionData = [
  table(
    "rds-storage-encrypted",
    "aws:rds/instance:Instance",
    ["pass", { storageEncrypted: true, kmsKeyId: key }],
    ["pass", { replicateSourceDb: "primary" }],
    ["fail", { storageEncrypted: false, replicateSourceDb: "primary" }, /not encrypted/],
    ["fail", { storageEncrypted: true }, /no customer key/],
    ["fail", a("aws:rds/cluster:Cluster", { storageEncrypted: true }), /no customer key/],
    ["fail", a("aws:rds/globalCluster:GlobalCluster"), /not encrypted/],
    ["pass", a("aws:rds/globalCluster:GlobalCluster", { sourceDbClusterIdentifier: "arn" })],
    ["undefined", {}, /storage is not encrypted/],
    ["unknown", { storageEncrypted: unknown }, "cannot tell"],
    ["unknown", { storageEncrypted: true, kmsKeyId: unknown }],
    ["secret", { storageEncrypted: secret(true), kmsKeyId: secret(key) }],
  ),
  table(
    "rds-connections-encrypted",
    "aws:rds/parameterGroup:ParameterGroup",
    ["pass", parameters("rds.force_ssl", "1")],
    ["pass", { family: "postgres15" }],
    ["pass", { family: "oracle-se2-19" }],
    ["pass", a("aws:rds/instance:Instance", { engine: "postgres", engineVersion: "15.8" })],
    ["fail", parameters("rds.force_ssl", "0"), /rds.force_ssl is 0/],
    ["fail", { family: "postgres16", parameters: [{ name: "rds.force_ssl", value: "0" }] }, /is 0/],
    [
      "fail",
      a("aws:rds/clusterParameterGroup:ClusterParameterGroup", { family: "aurora-mysql8.0" }),
      /require_secure_transport is not set/,
    ],
    [
      "fail",
      a("aws:rds/instance:Instance", { engine: "postgres", engineVersion: "13.4" }),
      /PostgreSQL 13 has no parameter group/,
    ],
    ["undefined", { family: "postgres14" }, /rds.force_ssl is not set/],
    ["unknown", parameters("rds.force_ssl", unknown), "cannot tell"],
    ["secret", parameters("rds.force_ssl", secret("0")), /is 0/],
  ),
  table(
    "elasticache-encrypted-at-rest",
    group,
    ["pass", { atRestEncryptionEnabled: true, kmsKeyId: key }],
    ["pass", { atRestEncryptionEnabled: "true", kmsKeyId: key }],
    ["pass", { globalReplicationGroupId: "g" }],
    ["pass", a(cluster, { engine: "memcached" })],
    ["fail", { atRestEncryptionEnabled: false }, /not encrypted/],
    ["fail", { atRestEncryptionEnabled: true }, /no customer key/],
    ["fail", a(serverless, { engine: "valkey" }), /no customer key/],
    ["fail", a(cluster, { engine: "redis" }), /outside a replication group/],
    ["undefined", {}, /not encrypted/],
    ["unknown", { atRestEncryptionEnabled: true, kmsKeyId: unknown }],
    ["secret", { atRestEncryptionEnabled: true, kmsKeyId: secret(key) }],
  ),
  table(
    "elasticache-encrypted-in-transit",
    group,
    ["pass", { transitEncryptionEnabled: true }],
    ["pass", a(serverless, { engine: "redis" })],
    ["fail", { transitEncryptionEnabled: false }, /not encrypted/],
    ["fail", { transitEncryptionEnabled: true, transitEncryptionMode: "preferred" }, /mode preferred/],
    ["fail", a(cluster, { engine: "memcached" }), /not encrypted/],
    ["pass", a(cluster, { replicationGroupId: unknown })],
    ["undefined", {}, /not encrypted/],
    ["unknown", { transitEncryptionEnabled: unknown }, "cannot tell"],
    ["secret", { transitEncryptionEnabled: secret(false) }, /not encrypted/],
  ),
  table(
    "elasticache-auth-token",
    group,
    ["pass", { authToken: "0123456789abcdef" }],
    ["pass", { userGroupIds: ["traders"] }],
    ["fail", { userGroupIds: [] }, /anyone who connects/],
    ["fail", a(serverless, { engine: "redis" }), /anyone who connects/],
    ["fail", a(cluster, { engine: "redis" }), /knows no token/],
    ["undefined", {}, /anyone who connects/],
    ["unknown", { authToken: unknown }],
    ["unknown", { userGroupIds: [unknown] }],
    ["secret", { authToken: secret("0123456789abcdef") }],
  ),
  table(
    "s3-bucket-encrypted",
    bucket,
    ["pass", [b, a(sse, byDefault("aws:kms", key), { name: "e", refs: { bucket: "b" } })]],
    [
      "pass",
      [
        a("aws:s3/bucketV2:BucketV2", {}, { name: "b" }),
        a(sseV2, byDefault("aws:kms:dsse", key), { name: "e", refs: { bucket: "b" } }),
      ],
    ],
    [
      "pass",
      [a(bucket, { bucket: "n" }, { name: "b" }), a(sse, { bucket: "n", ...byDefault("aws:kms", key) }, { name: "e" })],
    ],
    [
      "pass",
      [a(bucket, { serverSideEncryptionConfiguration: { rule: byDefault("aws:kms", key).rules[0] } }, { name: "b" })],
    ],
    ["fail", [b, a(sse, byDefault("AES256"), { name: "e", refs: { bucket: "b" } })], { advisory: /AES256/ }],
    ["fail", [b, a(sse, byDefault("aws:kms"), { name: "e", refs: { bucket: "b" } })], /AWS's own key/],
    [
      "fail",
      [b, a(bucket, {}, { name: "c" }), a(sse, byDefault("aws:kms", key), { name: "e", refs: { bucket: "c" } })],
      /^b: no default/,
    ],
    [
      "fail",
      { serverSideEncryptionConfiguration: { rule: { applyServerSideEncryptionByDefault: {} } } },
      /no default encryption/,
    ],
    ["undefined", [b], /no default encryption/],
    ["undefined", a(sseV2), /no default encryption/],
    [
      "unknown",
      [b, a(sse, { bucket: unknown, ...byDefault("aws:kms", unknown) }, { name: "e", refs: { bucket: "b" } })],
    ],
    ["unknown", a(sse, byDefault(unknown)), "cannot tell"],
    ["secret", a(sse, byDefault(secret("aws:kms"), secret(key)))],
  ),
  table(
    "s3-tls-only",
    bucket,
    ["pass", [b, policyOf(tlsOnly())]],
    ["pass", [a(bucket, { policy: tlsOnly({ Principal: { AWS: "*" } }) })]],
    ["pass", [b, policyOf(JSON.parse(tlsOnly()))]],
    ["fail", [b, policyOf(tlsOnly({ Principal: { AWS: "arn:aws:iam::1:root" } }))], /no bucket policy refuses/],
    ["fail", [b, policyOf(tlsOnly({ Action: "s3:GetObject" }))], /no bucket policy refuses/],
    [
      "fail",
      [b, policyOf(tlsOnly({ Condition: { Bool: { "aws:SecureTransport": "true" } } }))],
      /no bucket policy refuses/,
    ],
    ["fail", [b, policyOf("{")], /could not be checked/],
    ["undefined", [b], /no bucket policy refuses/],
    ["unknown", [b, policyOf(unknown)], "cannot tell"],
    ["secret", [b, policyOf(secret(tlsOnly()))]],
  ),
  table(
    "efs-encrypted",
    "aws:efs/fileSystem:FileSystem",
    ["pass", { encrypted: true, kmsKeyId: key }],
    [
      "pass",
      a("aws:ecs/taskDefinition:TaskDefinition", {
        volumes: [{ name: "v", efsVolumeConfiguration: { transitEncryption: "ENABLED" } }, { name: "w" }],
      }),
    ],
    ["fail", { encrypted: false }, /not encrypted/],
    ["fail", { encrypted: true }, /no customer key/],
    [
      "fail",
      a("aws:ecs/taskDefinition:TaskDefinition", { volumes: [{ name: "v", efsVolumeConfiguration: {} }] }),
      /v is mounted without TLS/,
    ],
    ["undefined", {}, /not encrypted/],
    ["unknown", { encrypted: unknown }, "cannot tell"],
    ["secret", { encrypted: true, kmsKeyId: secret(key) }],
  ),
  table(
    "backup-vault-encrypted",
    "aws:backup/vault:Vault",
    ["pass", { kmsKeyArn: key }],
    ["fail", a("aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault"), /encryptionKeyArn/],
    [
      "fail",
      a("aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"),
      /replicated backups/,
    ],
    ["undefined", {}, /no customer key/],
    ["unknown", { kmsKeyArn: unknown }],
    ["secret", { kmsKeyArn: secret(key) }],
  ),
  table(
    "ecr-encrypted",
    "aws:ecr/repository:Repository",
    ["pass", { encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: key }] }],
    ["fail", { encryptionConfigurations: [{ encryptionType: "AES256" }] }, { advisory: /not encrypted with KMS/ }],
    ["fail", { encryptionConfigurations: [{ encryptionType: "KMS" }] }, { advisory: /no customer key/ }],
    ["undefined", a("awsx:ecr:Repository"), { advisory: /not encrypted with KMS/ }],
    ["unknown", { encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: unknown }] }],
    ["secret", { encryptionConfigurations: [{ encryptionType: secret("KMS"), kmsKey: secret(key) }] }],
  ),
  table(
    "athena-and-glue-encrypted",
    "aws:athena/workgroup:Workgroup",
    ["pass", { configuration: { resultConfiguration: { encryptionConfiguration: { encryptionOption: "SSE_KMS" } } } }],
    ["pass", a("aws:glue/job:Job", { securityConfiguration: "s" })],
    [
      "fail",
      { configuration: { enforceWorkgroupConfiguration: false, resultConfiguration: { encryptionConfiguration: {} } } },
      /may write its results/,
    ],
    ["fail", a("aws:athena/database:Database"), /not encrypted/],
    ["fail", a("aws:glue/crawler:Crawler"), /no security configuration/],
    [
      "fail",
      a("aws:glue/securityConfiguration:SecurityConfiguration", {
        encryptionConfiguration: {
          cloudwatchEncryption: {},
          jobBookmarksEncryption: {},
          s3Encryption: { s3EncryptionMode: "DISABLED" },
        },
      }),
      /data is not encrypted/,
    ],
    [
      "fail",
      a("aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings", {
        dataCatalogEncryptionSettings: {
          encryptionAtRest: { catalogEncryptionMode: "DISABLED" },
          connectionPasswordEncryption: { returnConnectionPasswordEncrypted: true },
        },
      }),
      /catalogue is not encrypted/,
    ],
    ["undefined", {}, /results are not encrypted/],
    ["unknown", { configuration: unknown }, "cannot tell"],
    ["secret", a("aws:glue/job:Job", { securityConfiguration: secret("s") })],
  ),
];
