import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { arnOf, policyDocument, serviceRole, type Cloud, type Statement } from "../../common/iam";

export interface TrailArgs {
  readonly cloud: Cloud;
  readonly bucketName: pulumi.Input<string>;
  /** The trail cannot be made before the bucket lets it write. */
  readonly bucketPolicy: pulumi.Resource;
  readonly kmsKeyArn: pulumi.Input<string>;
  readonly logRetentionDays: number;
  /** Buckets whose object reads and writes are recorded too. */
  readonly dataEventBucketArns: readonly pulumi.Input<string>[];
}

/** Name of a stack's trail; fixed, so that the bucket's and the key's policy can name it before it exists. */
export function trailName(): string {
  return `${pulumi.getProject()}-${pulumi.getStack()}`;
}

/** Lets CloudTrail deliver into the audit bucket, for this trail only. */
export function trailBucketStatements(bucketArn: string, trailArn: string, cloud: Cloud): Statement[] {
  const thisTrail = { StringEquals: { "aws:SourceArn": trailArn } };
  return [
    {
      Sid: "TrailReadsAcl",
      Effect: "Allow",
      Principal: { Service: "cloudtrail.amazonaws.com" },
      Action: "s3:GetBucketAcl",
      Resource: bucketArn,
      Condition: thisTrail,
    },
    {
      Sid: "TrailWrites",
      Effect: "Allow",
      Principal: { Service: "cloudtrail.amazonaws.com" },
      Action: "s3:PutObject",
      Resource: `${bucketArn}/AWSLogs/${cloud.accountId}/*`,
      Condition: { StringEquals: { "aws:SourceArn": trailArn, "s3:x-amz-acl": "bucket-owner-full-control" } },
    },
  ];
}

/** ARN of the stack's trail. */
export function trailArn(cloud: Cloud): string {
  return arnOf(cloud, "cloudtrail", `trail/${trailName()}`);
}

/** Events of a trail: all of the control plane, and object access in the buckets that records and models live in. */
function eventSelectors(
  bucketArns: readonly pulumi.Input<string>[],
): aws.types.input.cloudtrail.TrailAdvancedEventSelector[] {
  const management = { name: "Control plane", fieldSelectors: [{ field: "eventCategory", equals: ["Management"] }] };
  if (bucketArns.length === 0) return [management];
  const objects = {
    name: "Objects of protected buckets",
    fieldSelectors: [
      { field: "eventCategory", equals: ["Data"] },
      { field: "resources.type", equals: ["AWS::S3::Object"] },
      { field: "resources.ARN", startsWiths: bucketArns.map((arn) => pulumi.interpolate`${arn}/`) },
    ],
  };
  return [management, objects];
}

/** A trail of all Regions with validated log files, under a customer key, in S3 and in CloudWatch Logs. */
export function createTrail(name: string, args: TrailArgs, opts: pulumi.CustomResourceOptions): aws.cloudtrail.Trail {
  const group = new aws.cloudwatch.LogGroup(
    `${name}-trail`,
    { kmsKeyId: args.kmsKeyArn, retentionInDays: args.logRetentionDays },
    opts,
  );
  const delivery = group.arn.apply((arn) =>
    policyDocument([
      { Effect: "Allow", Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: `${arn}:log-stream:*` },
    ]),
  );
  const role = serviceRole(
    `${name}-trail-role`,
    {
      services: ["cloudtrail.amazonaws.com"],
      description: "Delivers the trail to CloudWatch Logs",
      policies: { delivery },
      trustConditions: { StringEquals: { "aws:SourceArn": trailArn(args.cloud) } },
    },
    opts,
  );
  return new aws.cloudtrail.Trail(
    `${name}-trail`,
    {
      name: trailName(),
      s3BucketName: args.bucketName,
      kmsKeyId: args.kmsKeyArn,
      isMultiRegionTrail: true,
      includeGlobalServiceEvents: true,
      enableLogFileValidation: true,
      enableLogging: true,
      cloudWatchLogsGroupArn: pulumi.interpolate`${group.arn}:*`,
      cloudWatchLogsRoleArn: role.arn,
      advancedEventSelectors: eventSelectors(args.dataEventBucketArns),
    },
    { ...opts, dependsOn: [args.bucketPolicy] },
  );
}
