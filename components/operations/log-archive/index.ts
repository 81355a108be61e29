import * as pulumi from "@pulumi/pulumi";
import type * as aws from "@pulumi/aws";
import { metricAlarm } from "../../common/alarm";
import type { Cloud, Statement } from "../../common/iam";
import { LambdaFunction } from "../../common/lambda-function";
import { scheduledCall } from "../../common/scheduled-call";
import { createBucket } from "../../common/bucket";
import { EncryptionKey } from "../../security/encryption-key";
import { createCatalog } from "./catalog";
import { archivePrefix, createArchiveStream, subscribeAll } from "./delivery";
import type { StackLogGroup } from "./log-groups";

export { collectLogGroups, type StackLogGroup } from "./log-groups";

export interface LogArchiveArgs {
  readonly cloud: Cloud;
  readonly stack: string;
  /** Log groups to archive. */
  readonly groups: readonly StackLogGroup[];
  /** Days that archived logs are kept. */
  readonly retentionDays: number;
  /** Days after which archived logs move to Glacier Instant Retrieval. */
  readonly archiveAfterDays: number;
  /** Percent of a day's events that may be missing before people are told. */
  readonly gapPercent: number;
  readonly logRetentionDays: number;
  readonly alarmTopicArn?: pulumi.Input<string>;
  /** Keep the archive when the stack is destroyed. @default true */
  readonly protected?: boolean;
}

/** Namespace and service of what the gap check publishes. */
export const archiveNamespace = "Trading/LogArchive";
export const archiveService = "log-archive";

/** What the check reads: figures of CloudWatch, and the archive's listing. */
export function checkStatements(bucketArn: string): Statement[] {
  return [
    { Sid: "Figures", Effect: "Allow", Action: "cloudwatch:GetMetricData", Resource: "*" }, // GetMetricData knows no resource level
    { Sid: "Listing", Effect: "Allow", Action: "s3:ListBucket", Resource: bucketArn },
  ];
}

/**
 * The archive of a stack's logs, for when CloudWatch has let go of them.
 *
 * Makes: a key, a bucket (versioned, closed, TLS only, aged to cold storage), a Firehose delivery stream, a subscription of
 * every log group, a Glue database and table by day, an Athena workgroup that encrypts results and limits what a query reads,
 * and a function that each day compares what was ingested with what was archived, with alarms on a gap and on late delivery.
 *
 * CloudWatch's export tasks are not used: an account has one at a time. A log group takes two subscriptions, one is this.
 * Cost: Firehose and its unpacking by GB, storage in S3, and what queries read.
 */
export class LogArchive extends pulumi.ComponentResource {
  readonly bucketName: pulumi.Output<string>;
  readonly workgroupName: pulumi.Output<string>;
  readonly databaseName: pulumi.Output<string>;

  constructor(name: string, args: LogArchiveArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:operations:LogArchive", name, {}, opts);
    const { cloud } = args;
    const kept = args.protected ?? true;
    // The list grows with the groups that are made below; those are not the archive's own business.
    const groups = args.groups.filter(({ component }) => component !== name);
    const key = new EncryptionKey(
      `${name}-key`,
      { cloud, description: "Archived logs", usedBy: ["logs"], retain: kept },
      { parent: this },
    );
    const { bucket } = createBucket(
      `${name}-logs`,
      {
        kind: "log-archive",
        settings: {
          encryption: "kms",
          expireAfterDays: args.retentionDays,
          keepOldVersionsDays: 30,
          archiveAfterDays: args.archiveAfterDays,
        },
        cloud,
        kmsKeyArn: key.arn,
        protected: kept,
      },
      this,
    );
    const { logRetentionDays } = args;
    const stream = createArchiveStream(name, { cloud, bucketArn: bucket.arn, keyArn: key.arn, logRetentionDays }, this);
    subscribeAll(name, cloud, groups, stream, this);
    const catalog = createCatalog(name, { bucketName: bucket.bucket, keyArn: key.arn, kept }, this);
    this.checkGap(name, args, { groups, bucket, stream, keyArn: key.arn });
    this.bucketName = bucket.bucket;
    this.workgroupName = catalog.workgroup.name;
    this.databaseName = catalog.database.name;
    this.registerOutputs({
      bucketName: this.bucketName,
      workgroupName: this.workgroupName,
      databaseName: this.databaseName,
    });
  }

  private checkGap(
    name: string,
    args: LogArchiveArgs,
    made: {
      readonly groups: readonly StackLogGroup[];
      readonly bucket: aws.s3.Bucket;
      readonly stream: aws.kinesis.FirehoseDeliveryStream;
      readonly keyArn: pulumi.Output<string>;
    },
  ): void {
    const { alarmTopicArn, stack } = args;
    const lambda = new LambdaFunction(
      `${name}-check`,
      {
        cloud: args.cloud,
        entry: "log-archive-check",
        description: "Compares the logs that were ingested with those that were archived",
        keyArn: made.keyArn,
        statements: made.bucket.arn.apply(checkStatements),
        environment: {
          STACK: stack,
          GROUPS: pulumi.jsonStringify(made.groups.map(({ group }) => group.name)),
          STREAM: made.stream.name,
          BUCKET: made.bucket.bucket,
          PREFIX: archivePrefix,
          POWERTOOLS_SERVICE_NAME: archiveService,
          POWERTOOLS_METRICS_NAMESPACE: archiveNamespace,
        },
        logRetentionDays: args.logRetentionDays,
        alarmTopicArn,
        onError: "First: read its log; until it runs again nobody knows whether logs are lost.",
      },
      { parent: this },
    );
    scheduledCall(
      `${name}-check-schedule`,
      { cloud: args.cloud, lambda, description: "Looks for gaps in the log archive", schedule: "cron(0 6 * * ? *)" },
      { parent: this },
    );
    metricAlarm(
      `${name}-gap`,
      {
        description: `More than ${args.gapPercent} % of yesterday's log events did not reach the archive. First read the check's log for the groups, then the delivery stream's own log: a key or bucket policy is the usual cause. CloudWatch still has them; they can be exported by hand until it lets go.`,
        namespace: archiveNamespace,
        metric: "ArchiveGapPercent",
        dimensions: { service: archiveService, stack },
        statistic: "Maximum",
        threshold: args.gapPercent,
        periodSeconds: 86_400, // one figure a day, which holds until the next
        periods: 1,
        alarmTopicArn,
      },
      { parent: this },
    );
    metricAlarm(
      `${name}-late`,
      {
        description:
          "Logs reach the archive late or not at all. First read the delivery stream's log group; records wait up to 24 hours.",
        namespace: "AWS/Firehose",
        metric: "DeliveryToS3.DataFreshness",
        dimensions: { DeliveryStreamName: made.stream.name },
        statistic: "Maximum",
        threshold: 3600,
        periodSeconds: 300,
        periods: 3,
        alarmTopicArn,
      },
      { parent: this },
    );
  }
}
