import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { arnOf, policyDocument, serviceRole, type Cloud } from "../../common/iam";
import { createS3Delivery } from "../../common/s3-delivery";
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
  const day = "day=!{timestamp:yyyy-MM-dd}/";
  return createS3Delivery(
    name,
    {
      cloud: args.cloud,
      description: "Archives logs in S3",
      bucketArn: args.bucketArn,
      bucketKeyArn: args.keyArn,
      keyArn: args.keyArn,
      writes: [archivePrefix, failedPrefix],
      prefix: `${archivePrefix}${day}`,
      errorPrefix: `${failedPrefix}!{firehose:error-output-type}/${day}`,
      bufferSeconds: 300,
      processors: [
        { type: "Decompression", parameters: [{ parameterName: "CompressionFormat", parameterValue: "GZIP" }] },
        { type: "AppendDelimiterToRecord", parameters: [{ parameterName: "Delimiter", parameterValue: "\\n" }] },
      ],
      logRetentionDays: args.logRetentionDays,
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
