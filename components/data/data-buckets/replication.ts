import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { metricAlarm } from "../../common/alarm";
import { serviceRole, type Cloud } from "../../common/iam";
import { replicationPolicy } from "./policies";
import type { MadeBucket } from "../../common/bucket";

export interface ReplicationParts {
  readonly cloud: Cloud;
  readonly source: MadeBucket;
  readonly replica: MadeBucket;
  readonly replicaRegion: string;
  /** Keys of source and replica where the bucket is encrypted with KMS. */
  readonly sourceKeyArn?: pulumi.Output<string>;
  readonly replicaKeyArn?: pulumi.Output<string>;
  readonly alarmTopicArn?: pulumi.Input<string>;
  /** Topic of the replica's Region. */
  readonly replicaTopicArn?: pulumi.Input<string>;
}

/** S3 Replication Time Control promises 99.9 % of the objects within this time; it is the alarm's line too. */
const replicationMinutes = 15;
const ruleId = "all";

/** Joins a bucket to its replica: role, rule and the alarms on lag and on failed copies. */
export function replicate(name: string, parts: ReplicationParts, parent: pulumi.Resource): void {
  const { cloud, source, replica, replicaRegion } = parts;
  const role = serviceRole(
    `${name}-replication`,
    {
      services: ["s3.amazonaws.com"],
      description: `Copies ${name} to ${replicaRegion}`,
      trustConditions: { StringEquals: { "aws:SourceAccount": cloud.accountId } },
      policies: {
        copy: pulumi
          .all([source.bucket.arn, replica.bucket.arn, parts.sourceKeyArn, parts.replicaKeyArn])
          .apply(([sourceArn, replicaArn, sourceKeyArn, replicaKeyArn]) =>
            replicationPolicy({
              sourceArn,
              replicaArn,
              region: cloud.region,
              replicaRegion,
              sourceKeyArn,
              replicaKeyArn,
            }),
          ),
      },
    },
    { parent },
  );
  new aws.s3.BucketReplicationConfig(
    `${name}-replication`,
    {
      bucket: source.bucket.id,
      role: role.arn,
      rules: [
        {
          id: ruleId,
          status: "Enabled",
          priority: 0,
          filter: { prefix: "" },
          deleteMarkerReplication: { status: "Enabled" },
          // Objects under KMS are skipped unless they are asked for.
          ...(parts.sourceKeyArn ? { sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: "Enabled" } } } : {}),
          destination: {
            bucket: replica.bucket.arn,
            storageClass: "STANDARD",
            ...(parts.replicaKeyArn ? { encryptionConfiguration: { replicaKmsKeyId: parts.replicaKeyArn } } : {}),
            replicationTime: { status: "Enabled", time: { minutes: replicationMinutes } },
            metrics: { status: "Enabled", eventThreshold: { minutes: replicationMinutes } },
          },
        },
      ],
    },
    { parent, dependsOn: [source.versioning, replica.versioning] },
  );
  const dimensions = { SourceBucket: source.bucket.id, DestinationBucket: replica.bucket.id, RuleId: ruleId };
  const common = { namespace: "AWS/S3", dimensions };
  metricAlarm(
    `${name}-replication-lag`,
    {
      ...common,
      // S3 tells of the lag in the replica's Region, and of what could not be copied in the source's.
      region: replicaRegion,
      alarmTopicArn: parts.replicaTopicArn,
      description: `The copy of ${name} in ${replicaRegion} is more than ${replicationMinutes} minutes behind. First look at S3's health in both Regions, then at a burst of uploads; nothing is lost while the source stands.`,
      metric: "ReplicationLatency",
      statistic: "Maximum",
      threshold: replicationMinutes * 60,
      periods: 3,
    },
    { parent },
  );
  metricAlarm(
    `${name}-replication-failed`,
    {
      ...common,
      alarmTopicArn: parts.alarmTopicArn,
      description: `Objects of ${name} could not be copied to ${replicaRegion}. First check the replication role's rights on both keys, then copy what failed with S3 Batch Replication.`,
      metric: "OperationsFailedReplication",
      statistic: "Sum",
      threshold: 0,
      periodSeconds: 300,
      periods: 1,
    },
    { parent },
  );
}
