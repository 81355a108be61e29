import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { arnOf, policyDocument, serviceRole, type Cloud } from "../../common/iam";
import type { StackLogGroup } from "./log-groups";

/** Prefix of what was archived, one folder a day, and of what could not be. */
export const archivePrefix = "logs/";
export const failedPrefix = "failed/";

interface DeliveryArgs {
  readonly cloud: Cloud;
  readonly bucketArn: pulumi.Output<string>;
  readonly keyArn: pulumi.Output<string>;
  readonly logRetentionDays: number;
}

/** The delivery stream: what CloudWatch Logs sends is unpacked, put on a line of its own, and packed again by the day. */
export function createArchiveStream(
  name: string,
  args: DeliveryArgs,
  parent: pulumi.Resource,
): aws.kinesis.FirehoseDeliveryStream {
  const logs = new aws.cloudwatch.LogGroup(
    `${name}-stream-logs`,
    { retentionInDays: args.logRetentionDays, kmsKeyId: args.keyArn },
    { parent },
  );
  const logStream = new aws.cloudwatch.LogStream(`${name}-stream-logs-s3`, { logGroupName: logs.name }, { parent });
  const role = serviceRole(
    `${name}-stream`,
    {
      services: ["firehose.amazonaws.com"],
      description: "Archives logs in S3",
      trustConditions: { StringEquals: { "aws:SourceAccount": args.cloud.accountId } },
      policies: {
        own: pulumi.all([args.bucketArn, args.keyArn, logs.arn]).apply(([bucket, key, log]) =>
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
            {
              Sid: "Objects",
              Effect: "Allow",
              Action: "s3:PutObject",
              Resource: [`${bucket}/${archivePrefix}*`, `${bucket}/${failedPrefix}*`],
            },
            { Sid: "Key", Effect: "Allow", Action: ["kms:Decrypt", "kms:GenerateDataKey"], Resource: key },
            { Sid: "Log", Effect: "Allow", Action: "logs:PutLogEvents", Resource: `${log}:*` },
          ]),
        ),
      },
    },
    { parent },
  );
  return new aws.kinesis.FirehoseDeliveryStream(
    `${name}-stream`,
    {
      destination: "extended_s3",
      serverSideEncryption: { enabled: true, keyType: "CUSTOMER_MANAGED_CMK", keyArn: args.keyArn },
      extendedS3Configuration: {
        roleArn: role.arn,
        bucketArn: args.bucketArn,
        prefix: `${archivePrefix}day=!{timestamp:yyyy-MM-dd}/`,
        errorOutputPrefix: `${failedPrefix}!{firehose:error-output-type}/day=!{timestamp:yyyy-MM-dd}/`,
        bufferingSize: 64,
        bufferingInterval: 300,
        compressionFormat: "GZIP",
        kmsKeyArn: args.keyArn,
        processingConfiguration: {
          enabled: true,
          processors: [
            { type: "Decompression", parameters: [{ parameterName: "CompressionFormat", parameterValue: "GZIP" }] },
            { type: "AppendDelimiterToRecord", parameters: [{ parameterName: "Delimiter", parameterValue: "\\n" }] },
          ],
        },
        cloudwatchLoggingOptions: { enabled: true, logGroupName: logs.name, logStreamName: logStream.name },
      },
    },
    { parent },
  );
}

/** Sends every log group to the stream. */
export function subscribeAll(
  name: string,
  cloud: Cloud,
  groups: readonly StackLogGroup[],
  stream: aws.kinesis.FirehoseDeliveryStream,
  parent: pulumi.Resource,
): void {
  const role = serviceRole(
    `${name}-subscription`,
    {
      services: ["logs.amazonaws.com"],
      description: "Sends log groups to the archive",
      trustConditions: { ArnLike: { "aws:SourceArn": arnOf(cloud, "logs", "*") } },
      policies: {
        own: stream.arn.apply((arn) =>
          policyDocument([
            { Sid: "Send", Effect: "Allow", Action: ["firehose:PutRecord", "firehose:PutRecordBatch"], Resource: arn },
          ]),
        ),
      },
    },
    { parent },
  );
  for (const { name: group, group: made } of groups) {
    new aws.cloudwatch.LogSubscriptionFilter(
      `${name}-${group}`,
      {
        logGroup: made.name,
        filterPattern: "", // everything
        destinationArn: stream.arn,
        roleArn: role.arn,
        distribution: "ByLogStream",
      },
      { parent },
    );
  }
}
