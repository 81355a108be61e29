import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument, serviceRole, type Cloud } from "../../common/iam";
import { metricAlarm } from "../../common/alarm";

export interface DeliveryArgs {
  readonly cloud: Cloud;
  readonly bucketArn: pulumi.Input<string>;
  /** Key of the bucket's objects. */
  readonly bucketKeyArn: pulumi.Input<string>;
  readonly keyArn: pulumi.Input<string>;
  readonly logRetentionDays: number;
  readonly alarmTopicArn?: pulumi.Input<string>;
}

/**
 * The delivery stream that puts raw ticks into the bucket: encrypted, compressed, by day and hour of their arrival, failed
 * records under a prefix of their own.
 */
export function createDelivery(
  name: string,
  args: DeliveryArgs,
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
      description: "Delivers raw ticks to S3",
      trustConditions: { StringEquals: { "aws:SourceAccount": args.cloud.accountId } },
      policies: {
        own: pulumi
          .all([args.bucketArn, args.bucketKeyArn, args.keyArn, logs.arn])
          .apply(([bucket, bucketKey, key, log]) =>
            policyDocument([
              {
                Sid: "Bucket",
                Effect: "Allow",
                Action: [
                  "s3:AbortMultipartUpload",
                  "s3:GetBucketLocation",
                  "s3:ListBucket",
                  "s3:ListBucketMultipartUploads",
                ],
                Resource: bucket,
              },
              { Sid: "Objects", Effect: "Allow", Action: "s3:PutObject", Resource: `${bucket}/raw/*` },
              {
                Sid: "Keys",
                Effect: "Allow",
                Action: ["kms:Decrypt", "kms:GenerateDataKey"],
                Resource: [...new Set([bucketKey, key])],
              },
              { Sid: "Log", Effect: "Allow", Action: "logs:PutLogEvents", Resource: `${log}:*` },
            ]),
          ),
      },
    },
    opts,
  );
  const stream = new aws.kinesis.FirehoseDeliveryStream(
    `${name}-stream`,
    {
      destination: "extended_s3",
      serverSideEncryption: { enabled: true, keyType: "CUSTOMER_MANAGED_CMK", keyArn: args.keyArn },
      extendedS3Configuration: {
        roleArn: role.arn,
        bucketArn: args.bucketArn,
        prefix: "raw/ticks/!{timestamp:yyyy/MM/dd/HH}/",
        errorOutputPrefix: "raw/failed/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/",
        bufferingSize: 64,
        bufferingInterval: 60,
        compressionFormat: "GZIP",
        kmsKeyArn: args.bucketKeyArn,
        cloudwatchLoggingOptions: { enabled: true, logGroupName: logs.name, logStreamName: logStream.name },
      },
    },
    opts,
  );
  metricAlarm(
    `${name}-late`,
    {
      description:
        "Raw ticks reach S3 late or not at all. First: read the delivery stream's log group; the key's or the bucket's policy is the usual cause. Ticks wait up to 24 hours.",
      namespace: "AWS/Firehose",
      metric: "DeliveryToS3.DataFreshness",
      dimensions: { DeliveryStreamName: stream.name },
      statistic: "Maximum",
      threshold: 900,
      periodSeconds: 300,
      periods: 2,
      alarmTopicArn: args.alarmTopicArn,
    },
    opts,
  );
  return stream;
}
