import type * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { metricAlarm } from "../common/alarm";
import { createBucket, type LockSettings } from "../common/bucket";
import { arnOf, type Cloud, type Statement } from "../common/iam";
import { LambdaFunction } from "../common/lambda-function";
import { scheduledCall } from "../common/scheduled-call";
import { topComponentName } from "../common/tags";
import { throwIfAny, type Issue } from "../common/validation";
import { EncryptionKey } from "../security/encryption-key";

/** One bucket of the stack, and what it holds. */
export interface StackBucket {
  readonly name: string;
  readonly component: string;
  /** Value of its `data-class` tag, such as `compliance`. */
  readonly purpose: string;
  readonly bucket: Pick<aws.s3.Bucket, "bucket" | "arn">;
}

export interface ComplianceReportArgs {
  readonly cloud: Cloud;
  readonly project: string;
  readonly stack: string;
  /** AWS cron in UTC. */
  readonly schedule: string;
  /** Days before the report that backups and restore tests are looked at. */
  readonly periodDays: number;
  /** Days that a report is kept; it expires after them. */
  readonly retentionDays: number;
  /** Who may change or delete a report before that: nobody, or a right. @default no lock */
  readonly lockMode?: LockSettings["mode"];
  /** Days that records for the regulator must be locked. */
  readonly recordRetentionDays: number;
  /** Days of backups that databases must have. */
  readonly backupDays: number;
  readonly logRetentionDays: number;
  readonly buckets: readonly StackBucket[];
  readonly logGroups: readonly { readonly group: { readonly name: pulumi.Output<string> } }[];
  readonly vaultName?: pulumi.Input<string>;
  /** Topic that is told of each report, and its key. */
  readonly topicArn: pulumi.Input<string>;
  readonly topicKeyArn: pulumi.Input<string>;
  readonly alarmTopicArn?: pulumi.Input<string>;
  /** Keep reports when the stack is destroyed. @default true */
  readonly protected?: boolean;
}

export const complianceNamespace = "Trading/Compliance";
export const complianceService = "compliance";

/** SEC 17a-4(a): the longest of its periods, six years. */
const secRecordDays = 2192;

/** What could not be: reports that are gone before they may be, records kept shorter than the rule in a live stack. */
export function checkCompliance(
  {
    periodDays,
    retentionDays,
    recordRetentionDays,
  }: Pick<ComplianceReportArgs, "periodDays" | "retentionDays" | "recordRetentionDays">,
  stage: string,
): Issue[] {
  const issues: Issue[] = [];
  if (retentionDays < periodDays) {
    issues.push({
      path: "retentionDays",
      problem: "loses a report before the next one covers its time",
      value: retentionDays,
      allowed: `at least compliance.periodDays (${periodDays})`,
    });
  }
  if (stage === "prod" && recordRetentionDays < secRecordDays) {
    issues.push({
      path: "recordRetentionDays",
      problem: "is shorter than SEC 17a-4 asks for",
      value: recordRetentionDays,
      allowed: `at least ${secRecordDays} days, six years`,
      fix: "Leave it out: six years are the default.",
    });
  }
  return issues;
}

/** What the report reads of the account, and the little that it writes. */
export function reportStatements(
  cloud: Cloud,
  at: {
    readonly bucketArns: readonly string[];
    readonly reportBucketArn: string;
    readonly topicArn: string;
    readonly topicKeyArn: string;
  },
): Statement[] {
  const statements: Statement[] = [
    {
      Sid: "Look",
      Effect: "Allow",
      Action: [
        "cloudtrail:DescribeTrails",
        "config:DescribeConfigurationRecorderStatus",
        "config:DescribeComplianceByConfigRule",
        "guardduty:ListDetectors",
        "backup:ListBackupJobs",
        "backup:ListRestoreJobs",
        "ec2:DescribeVolumes",
        "ec2:DescribeInstances",
        "ec2:DescribeVpcs",
        "ec2:DescribeFlowLogs",
        "ec2:GetEbsEncryptionByDefault",
        "logs:DescribeLogGroups",
      ],
      Resource: "*", // none of these knows a resource level, or only for a part of what it lists
    },
    {
      Sid: "Trails",
      Effect: "Allow",
      Action: "cloudtrail:GetTrailStatus",
      Resource: arnOf(cloud, "cloudtrail", "trail/*", "*"),
    },
    {
      Sid: "Detectors",
      Effect: "Allow",
      Action: "guardduty:GetDetector",
      Resource: arnOf(cloud, "guardduty", "detector/*"),
    },
    { Sid: "Databases", Effect: "Allow", Action: "rds:DescribeDBInstances", Resource: arnOf(cloud, "rds", "db:*") },
    { Sid: "File", Effect: "Allow", Action: "s3:PutObject", Resource: `${at.reportBucketArn}/reports/*` },
    { Sid: "Tell", Effect: "Allow", Action: "sns:Publish", Resource: at.topicArn },
    { Sid: "TopicKey", Effect: "Allow", Action: ["kms:Decrypt", "kms:GenerateDataKey"], Resource: at.topicKeyArn },
  ];
  if (at.bucketArns.length > 0)
    statements.push({
      Sid: "Buckets",
      Effect: "Allow",
      Action: [
        "s3:GetEncryptionConfiguration",
        "s3:GetBucketPublicAccessBlock",
        "s3:GetBucketVersioning",
        "s3:GetBucketObjectLockConfiguration",
      ],
      Resource: at.bucketArns,
    });
  return statements;
}

/** Remembers every bucket of the stack's Region, for the report. */
export function collectBuckets(): StackBucket[] {
  const buckets: StackBucket[] = [];
  pulumi.runtime.registerStackTransformation(({ resource, type, name, props, opts }) => {
    if (type !== "aws:s3/bucket:Bucket" || props.region !== undefined) return undefined;
    const tags = props.tags as Readonly<Record<string, string>> | undefined;
    buckets.push({
      name,
      component: topComponentName(opts.parent, name),
      purpose: tags?.["data-class"] ?? "other",
      bucket: resource as unknown as StackBucket["bucket"],
    });
    return undefined;
  });
  return buckets;
}

/**
 * A report on a schedule of how the stack stands by named controls: the documents' own, CIS AWS Foundations, AWS FSBP, and
 * SEC 17a-4 for retention.
 *
 * Makes: a key, a bucket (with Object Lock where asked for), a function that reads CloudTrail, Config, GuardDuty, AWS Backup,
 * RDS, EC2, S3 and CloudWatch Logs and files the report as JSON and HTML, its schedule, a message for each report and an alarm
 * on controls that are not met. Evidence that cannot be had is reported as unknown and counts as not met.
 *
 * Errors: `ValidationError` for retentions that contradict each other or the rule.
 * Cost: the function's alarms and the key; a report is some 100 KB.
 */
export class ComplianceReport extends pulumi.ComponentResource {
  readonly bucketName: pulumi.Output<string>;
  readonly functionName: pulumi.Output<string>;

  constructor(name: string, args: ComplianceReportArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:operations:ComplianceReport", name, {}, opts);
    throwIfAny(`ComplianceReport ${name}`, checkCompliance(args, "any"));
    const { cloud, stack, alarmTopicArn, lockMode } = args;
    const kept = args.protected ?? true;
    // The list grows with the bucket that is made below.
    const buckets = args.buckets.slice();
    const key = new EncryptionKey(
      `${name}-key`,
      { cloud, description: "Compliance reports", usedBy: ["logs"], retain: kept },
      { parent: this },
    );
    const { bucket } = createBucket(
      `${name}-reports`,
      {
        kind: "reports",
        settings: {
          encryption: "kms",
          expireAfterDays: args.retentionDays,
          keepOldVersionsDays: 30,
          ...(lockMode && { lock: { mode: lockMode, retentionDays: args.retentionDays } }),
        },
        cloud,
        kmsKeyArn: key.arn,
        protected: kept,
      },
      this,
    );
    const lambda = this.createFunction(name, args, { bucket, keyArn: key.arn, buckets });
    scheduledCall(
      `${name}-schedule`,
      { cloud, lambda, description: "Compliance report", schedule: args.schedule },
      { parent: this },
    );
    metricAlarm(
      `${name}-not-met`,
      {
        description:
          "The compliance report names controls that are not met, or that nobody can tell. First open the newest report in its bucket; each finding names the resource.",
        namespace: complianceNamespace,
        metric: "ControlsNotMet",
        dimensions: { service: complianceService, stack },
        statistic: "Maximum",
        threshold: 0,
        periodSeconds: 86_400, // one figure a report: people have a day before the alarm ends itself
        periods: 1,
        alarmTopicArn,
      },
      { parent: this },
    );
    this.bucketName = bucket.bucket;
    this.functionName = lambda.name;
    this.registerOutputs({ bucketName: this.bucketName, functionName: this.functionName });
  }

  private createFunction(
    name: string,
    args: ComplianceReportArgs,
    made: {
      readonly bucket: aws.s3.Bucket;
      readonly keyArn: pulumi.Output<string>;
      readonly buckets: readonly StackBucket[];
    },
  ): LambdaFunction {
    const { cloud } = args;
    const named = pulumi
      .all(made.buckets.map(({ bucket }) => bucket.bucket))
      .apply((names) => Object.fromEntries(names.map((bucket, index) => [bucket, made.buckets[index]?.purpose])));
    return new LambdaFunction(
      `${name}-report`,
      {
        cloud,
        entry: "compliance-report",
        description: "Collects evidence and files the compliance report",
        keyArn: made.keyArn,
        statements: pulumi
          .all([
            pulumi.all(made.buckets.map(({ bucket }) => bucket.arn)),
            made.bucket.arn,
            args.topicArn,
            args.topicKeyArn,
          ])
          .apply(([bucketArns, reportBucketArn, topicArn, topicKeyArn]) =>
            reportStatements(cloud, { bucketArns, reportBucketArn, topicArn, topicKeyArn }),
          ),
        environment: {
          PROJECT: args.project,
          STACK: args.stack,
          ACCOUNT_ID: cloud.accountId,
          BUCKET: made.bucket.bucket,
          BUCKETS: pulumi.jsonStringify(named),
          LOG_GROUPS: pulumi.jsonStringify(args.logGroups.map(({ group }) => group.name)),
          CONTROLS: JSON.stringify({ recordRetentionDays: args.recordRetentionDays, backupDays: args.backupDays }),
          PERIOD_DAYS: String(args.periodDays),
          TOPIC_ARN: args.topicArn,
          ...(args.vaultName !== undefined && { VAULT: args.vaultName }),
          POWERTOOLS_SERVICE_NAME: complianceService,
          POWERTOOLS_METRICS_NAMESPACE: complianceNamespace,
        },
        timeoutSeconds: 300,
        memoryMiB: 512,
        logRetentionDays: args.logRetentionDays,
        alarmTopicArn: args.alarmTopicArn,
        onError: "First: read its log, then call it again by hand; the period has no report until then.",
      },
      { parent: this },
    );
  }
}
