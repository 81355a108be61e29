import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument, serviceRole, type Cloud } from "./iam";

export interface S3DeliveryArgs {
  readonly cloud: Cloud;
  /** What the stream does, as its role says it. */
  readonly description: string;
  readonly bucketArn: pulumi.Input<string>;
  /** Key of the bucket's objects. */
  readonly bucketKeyArn: pulumi.Input<string>;
  /** Key of the stream and its log. */
  readonly keyArn: pulumi.Input<string>;
  /** Prefixes of the bucket that the stream writes below. */
  readonly writes: readonly string[];
  /** Prefix of an object, with Firehose's expressions. */
  readonly prefix: string;
  /** The same for records that could not be processed. */
  readonly errorPrefix: string;
  readonly bufferSeconds: number;
  /** What is done with records on their way. @default nothing */
  readonly processors?: aws.types.input.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessor[];
  readonly logRetentionDays: number;
}

/** An object is written when it has this size, or at the end of the buffer's time. */
const bufferMiB = 64;

/**
 * A delivery stream into a bucket: encrypted, compressed, failed records under a prefix of their own.
 *
 * Makes: a Firehose stream (`<name>-stream`), its role and its log group. Cost: 0.029 USD a GB.
 */
export function createS3Delivery(
  name: string,
  args: S3DeliveryArgs,
  opts: pulumi.CustomResourceOptions,
): aws.kinesis.FirehoseDeliveryStream {
  const logs = new aws.cloudwatch.LogGroup(
    `${name}-logs`,
    { retentionInDays: args.logRetentionDays, kmsKeyId: args.keyArn },
    opts,
  );
  const logStream = new aws.cloudwatch.LogStream(`${name}-logs-s3`, { logGroupName: logs.name }, opts);
  const role = serviceRole(
    `${name}-role`,
    {
      services: ["firehose.amazonaws.com"],
      description: args.description,
      trustConditions: { StringEquals: { "aws:SourceAccount": args.cloud.accountId } },
      policies: {
        own: pulumi
          .all([args.bucketArn, args.bucketKeyArn, args.keyArn, logs.arn])
          .apply(([bucket, bucketKey, key, log]) =>
            deliveryPolicy({ bucket, writes: args.writes, keys: [bucketKey, key], log }),
          ),
      },
    },
    opts,
  );
  return new aws.kinesis.FirehoseDeliveryStream(
    `${name}-stream`,
    {
      destination: "extended_s3",
      serverSideEncryption: { enabled: true, keyType: "CUSTOMER_MANAGED_CMK", keyArn: args.keyArn },
      extendedS3Configuration: {
        roleArn: role.arn,
        bucketArn: args.bucketArn,
        prefix: args.prefix,
        errorOutputPrefix: args.errorPrefix,
        bufferingSize: bufferMiB,
        bufferingInterval: args.bufferSeconds,
        compressionFormat: "GZIP",
        kmsKeyArn: args.bucketKeyArn,
        ...(args.processors ? { processingConfiguration: { enabled: true, processors: args.processors } } : {}),
        cloudwatchLoggingOptions: { enabled: true, logGroupName: logs.name, logStreamName: logStream.name },
      },
    },
    opts,
  );
}

function deliveryPolicy(to: {
  readonly bucket: string;
  readonly writes: readonly string[];
  readonly keys: readonly string[];
  readonly log: string;
}) {
  return policyDocument([
    {
      Sid: "Bucket",
      Effect: "Allow",
      Action: ["s3:AbortMultipartUpload", "s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
      Resource: to.bucket,
    },
    {
      Sid: "Objects",
      Effect: "Allow",
      Action: "s3:PutObject",
      Resource: to.writes.map((prefix) => `${to.bucket}/${prefix}*`),
    },
    { Sid: "Keys", Effect: "Allow", Action: ["kms:Decrypt", "kms:GenerateDataKey"], Resource: [...new Set(to.keys)] },
    { Sid: "Log", Effect: "Allow", Action: "logs:PutLogEvents", Resource: `${to.log}:*` },
  ]);
}
