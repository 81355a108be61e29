import type * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { metricAlarm } from "../../common/alarm";
import type { Cloud } from "../../common/iam";
import { createS3Delivery } from "../../common/s3-delivery";

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
  const stream = createS3Delivery(
    name,
    {
      cloud: args.cloud,
      description: "Delivers raw ticks to S3",
      bucketArn: args.bucketArn,
      bucketKeyArn: args.bucketKeyArn,
      keyArn: args.keyArn,
      writes: ["raw/"],
      prefix: "raw/ticks/!{timestamp:yyyy/MM/dd/HH}/",
      errorPrefix: "raw/failed/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/",
      bufferSeconds: 60,
      logRetentionDays: args.logRetentionDays,
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
