import type * as aws from "@pulumi/aws";
import { checkov, cis, fsbp, on, pci, reference, type Policy } from "../frame/policy";
import { isGiven, ifKnown } from "../frame/values";

/** True for the alias of a key that AWS manages itself: services that have no grant on it cannot use it. */
const isAwsAlias = (key: unknown) => typeof key === "string" && /(^|:)alias\/aws\//.test(key);

export const logGroupEncrypted: Policy = {
  name: "log-group-encrypted",
  description: "Log groups are encrypted with a customer key.",
  severity: "medium",
  level: "mandatory",
  fix: "Set kmsKeyId to a customer key whose policy lets CloudWatch Logs use it",
  url: reference("cloudwatch/loggroup"),
  frameworks: [pci("3.5.1")],
  checkov: checkov(158),
  rules: on<aws.cloudwatch.LogGroupArgs>("aws:cloudwatch/logGroup:LogGroup", (group, report) => {
    if (!isGiven(() => group.kmsKeyId)) report("the log group has no customer key (kmsKeyId)");
  }),
};

export const snsTopicEncrypted: Policy = {
  name: "sns-topic-encrypted",
  description: "Topics are encrypted with a customer key.",
  severity: "high",
  level: "mandatory",
  fix: "Set kmsMasterKeyId to a customer key; alarms cannot publish to a topic under alias/aws/sns",
  url: reference("sns/topic"),
  frameworks: [pci("3.5.1")],
  checkov: checkov(26),
  rules: on<aws.sns.TopicArgs>("aws:sns/topic:Topic", (topic, report) => {
    if (!isGiven(() => topic.kmsMasterKeyId)) report("messages are not encrypted");
    else if (isAwsAlias(ifKnown(() => topic.kmsMasterKeyId)))
      report("messages are under AWS's own key, which alarms cannot use");
  }),
  remedies: [
    {
      type: "aws:sns/topic:Topic",
      mend: (props) => (isGiven(() => props.kmsMasterKeyId) ? undefined : { kmsMasterKeyId: "alias/aws/sns" }),
    },
  ],
};

export const sqsQueueEncrypted: Policy = {
  name: "sqs-queue-encrypted",
  description: "Queues are encrypted with a customer key.",
  severity: "high",
  level: "mandatory",
  fix: "Set kmsMasterKeyId to a customer key",
  url: reference("sqs/queue"),
  frameworks: [fsbp("SQS.1"), pci("3.5.1")],
  checkov: checkov(27, "2:73"),
  rules: on<aws.sqs.QueueArgs>("aws:sqs/queue:Queue", (queue, report) => {
    if (isGiven(() => queue.kmsMasterKeyId)) {
      if (isAwsAlias(ifKnown(() => queue.kmsMasterKeyId)))
        report("messages are under AWS's own key, which event sources cannot use");
    } else if (queue.sqsManagedSseEnabled)
      report("messages are under SQS's own key, not a customer key", { advisory: true });
    else report("messages have no customer key");
  }),
  remedies: [
    {
      type: "aws:sqs/queue:Queue",
      mend: (props) =>
        isGiven(() => props.kmsMasterKeyId) || props.sqsManagedSseEnabled ? undefined : { sqsManagedSseEnabled: true },
    },
  ],
};

export const kinesisAndFirehoseEncrypted: Policy = {
  name: "kinesis-and-firehose-encrypted",
  description: "Streams and delivery streams are encrypted with a customer key.",
  severity: "high",
  level: "mandatory",
  fix: "Set encryptionType: KMS with kmsKeyId on the stream, or serverSideEncryption with CUSTOMER_MANAGED_CMK on Firehose",
  url: reference("kinesis/stream"),
  frameworks: [fsbp("Kinesis.1"), pci("3.5.1")],
  checkov: checkov(43, 185, 240, 241),
  rules: [
    ...on<aws.kinesis.StreamArgs>("aws:kinesis/stream:Stream", (stream, report) => {
      if (stream.encryptionType !== "KMS") report("records are not encrypted");
      else if (!isGiven(() => stream.kmsKeyId)) report("records have no customer key (kmsKeyId)");
    }),
    ...on<aws.kinesis.FirehoseDeliveryStreamArgs>(
      "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
      (stream, report) => {
        // With a stream as its source Firehose keeps nothing itself, and refuses the setting.
        if (stream.kinesisSourceConfiguration ?? stream.mskSourceConfiguration) return;
        const encryption = stream.serverSideEncryption;
        if (!encryption?.enabled) report("records are not encrypted");
        else if (encryption.keyType !== "CUSTOMER_MANAGED_CMK" || !isGiven(() => encryption.keyArn)) {
          report("records have no customer key (keyType CUSTOMER_MANAGED_CMK and keyArn)");
        }
      },
    ),
  ],
};

export const cloudtrailEncrypted: Policy = {
  name: "cloudtrail-encrypted",
  description: "Trails and event stores are encrypted with a customer key.",
  severity: "high",
  level: "mandatory",
  fix: "Set kmsKeyId to a customer key whose policy lets CloudTrail use it",
  url: reference("cloudtrail/trail"),
  frameworks: [cis("3.5"), fsbp("CloudTrail.2"), pci("10.3.2")],
  checkov: checkov(35),
  rules: on<aws.cloudtrail.TrailArgs>(
    ["aws:cloudtrail/trail:Trail", "aws:cloudtrail/eventDataStore:EventDataStore"],
    (trail, report) => {
      if (!isGiven(() => trail.kmsKeyId)) report("records have no customer key (kmsKeyId)");
    },
  ),
};

export const messaging: readonly Policy[] = [
  logGroupEncrypted,
  snsTopicEncrypted,
  sqsQueueEncrypted,
  kinesisAndFirehoseEncrypted,
  cloudtrailEncrypted,
];
