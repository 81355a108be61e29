/** How services are called: in the SDK that the aws provider is written with, and in IAM. Facts of AWS's. */

/** Services whose prefix in IAM is not their package's name in the SDK. */
const prefixes: Readonly<Record<string, string>> = {
  accessanalyzer: "access-analyzer",
  applicationautoscaling: "application-autoscaling",
  cloudwatchlogs: "logs",
  configservice: "config",
  docdb: "rds",
  efs: "elasticfilesystem",
  elasticloadbalancingv2: "elasticloadbalancing",
  eventbridge: "events",
  opensearch: "es",
  resourcegroups: "resource-groups",
  resourcegroupstaggingapi: "tag",
  s3control: "s3",
  servicequotas: "servicequotas",
  sfn: "states",
};

/** Services whose resources the platform uses, or may come to use. */
export const knownServices: ReadonlySet<string> = new Set([
  ...Object.keys(prefixes),
  ..."acm athena autoscaling backup batch budgets cloudfront cloudtrail cloudwatch costexplorer dynamodb ec2 ecr ecs eks".split(
    " ",
  ),
  ..."elasticache firehose glue guardduty iam imagebuilder inspector2 kinesis kms lambda macie2 rds route53 s3 scheduler".split(
    " ",
  ),
  ..."secretsmanager securityhub sns sqs ssm sts synthetics wafv2".split(" "),
]);

/** Calls of S3 whose permission has another name: configurations of a bucket mostly drop the word. */
const s3: Readonly<Record<string, readonly string[]>> = {
  HeadBucket: ["ListBucket"],
  HeadObject: ["GetObject"],
  ListBuckets: ["ListAllMyBuckets"],
  ListObjects: ["ListBucket"],
  ListObjectsV2: ["ListBucket"],
  ListObjectVersions: ["ListBucketVersions"],
  ListMultipartUploads: ["ListBucketMultipartUploads"],
  ListDirectoryBuckets: [],
  DeleteObjects: ["DeleteObject", "DeleteObjectVersion"],
  DeleteObject: ["DeleteObject", "DeleteObjectVersion"],
  CopyObject: ["GetObject", "PutObject"],
  CreateMultipartUpload: ["PutObject"],
  UploadPart: ["PutObject"],
  CompleteMultipartUpload: ["PutObject"],
  GetBucketCors: ["GetBucketCORS"],
  PutBucketCors: ["PutBucketCORS"],
  DeleteBucketCors: ["PutBucketCORS"],
  GetBucketEncryption: ["GetEncryptionConfiguration"],
  PutBucketEncryption: ["PutEncryptionConfiguration"],
  DeleteBucketEncryption: ["PutEncryptionConfiguration"],
  GetBucketLifecycleConfiguration: ["GetLifecycleConfiguration"],
  PutBucketLifecycleConfiguration: ["PutLifecycleConfiguration"],
  DeleteBucketLifecycle: ["PutLifecycleConfiguration"],
  GetBucketReplication: ["GetReplicationConfiguration"],
  PutBucketReplication: ["PutReplicationConfiguration"],
  DeleteBucketReplication: ["PutReplicationConfiguration"],
  GetBucketAccelerateConfiguration: ["GetAccelerateConfiguration"],
  PutBucketAccelerateConfiguration: ["PutAccelerateConfiguration"],
  GetPublicAccessBlock: ["GetBucketPublicAccessBlock"],
  PutPublicAccessBlock: ["PutBucketPublicAccessBlock"],
  DeletePublicAccessBlock: ["PutBucketPublicAccessBlock"],
  GetObjectLockConfiguration: ["GetBucketObjectLockConfiguration"],
  PutObjectLockConfiguration: ["PutBucketObjectLockConfiguration"],
  DeleteBucketOwnershipControls: ["PutBucketOwnershipControls"],
  DeleteBucketTagging: ["PutBucketTagging"],
  GetBucketNotificationConfiguration: ["GetBucketNotification"],
  PutBucketNotificationConfiguration: ["PutBucketNotification"],
  GetBucketIntelligentTieringConfiguration: ["GetIntelligentTieringConfiguration"],
  PutBucketIntelligentTieringConfiguration: ["PutIntelligentTieringConfiguration"],
  DeleteBucketIntelligentTieringConfiguration: ["PutIntelligentTieringConfiguration"],
  GetBucketInventoryConfiguration: ["GetInventoryConfiguration"],
  PutBucketInventoryConfiguration: ["PutInventoryConfiguration"],
  DeleteBucketInventoryConfiguration: ["PutInventoryConfiguration"],
  GetBucketMetricsConfiguration: ["GetMetricsConfiguration"],
  PutBucketMetricsConfiguration: ["PutMetricsConfiguration"],
  DeleteBucketMetricsConfiguration: ["PutMetricsConfiguration"],
  GetBucketAnalyticsConfiguration: ["GetAnalyticsConfiguration"],
  PutBucketAnalyticsConfiguration: ["PutAnalyticsConfiguration"],
  DeleteBucketAnalyticsConfiguration: ["PutAnalyticsConfiguration"],
};

/** The same for the account's own settings of S3. */
const s3control: Readonly<Record<string, readonly string[]>> = {
  GetPublicAccessBlock: ["GetAccountPublicAccessBlock"],
  PutPublicAccessBlock: ["PutAccountPublicAccessBlock"],
  DeletePublicAccessBlock: ["PutAccountPublicAccessBlock"],
};

const renamed: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  s3,
  s3control,
  lambda: { Invoke: ["InvokeFunction"] },
  cloudfront: { CreateDistributionWithTags: ["CreateDistribution", "TagResource"] },
  ecr: { BatchGetRepositoryScanningConfiguration: ["BatchGetRepositoryScanningConfiguration"] },
};

/** Budgets knows two permissions for everything but tags. */
function budgets(call: string): string[] {
  if (/Tag/.test(call)) return [call];
  return [/^(Describe|List)/.test(call) ? "ViewBudget" : "ModifyBudget"];
}

/** Permissions that a call needs, as `service:Action`; none for a call that IAM does not know. */
export function permissionsOf(service: string, call: string): string[] {
  const prefix = prefixes[service] ?? service;
  const actions = service === "budgets" ? budgets(call) : (renamed[service]?.[call] ?? [call]);
  return actions.map((action) => `${prefix}:${action}`);
}
