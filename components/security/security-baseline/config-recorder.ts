import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument, serviceRole, type Cloud, type Statement } from "../../common/iam";

/**
 * AWS's managed Config rules that the baseline runs, by the name a report shows; each answers a sentence of the documents
 * (encryption everywhere, no public access, audit on).
 */
export const configRules = {
  "ebs-encryption-by-default": "EC2_EBS_ENCRYPTION_BY_DEFAULT",
  "encrypted-volumes": "ENCRYPTED_VOLUMES",
  "rds-storage-encrypted": "RDS_STORAGE_ENCRYPTED",
  "rds-not-public": "RDS_INSTANCE_PUBLIC_ACCESS_CHECK",
  "s3-no-public-read": "S3_BUCKET_PUBLIC_READ_PROHIBITED",
  "s3-no-public-write": "S3_BUCKET_PUBLIC_WRITE_PROHIBITED",
  "s3-tls-only": "S3_BUCKET_SSL_REQUESTS_ONLY",
  "ec2-no-public-ip": "EC2_INSTANCE_NO_PUBLIC_IP",
  "ec2-imdsv2": "EC2_IMDSV2_CHECK",
  "no-open-ssh": "INCOMING_SSH_DISABLED",
  "default-security-group-closed": "VPC_DEFAULT_SECURITY_GROUP_CLOSED",
  "flow-logs-on": "VPC_FLOW_LOGS_ENABLED",
  "cloudtrail-on": "CLOUD_TRAIL_ENABLED",
  "guardduty-on": "GUARDDUTY_ENABLED_CENTRALIZED",
  "root-mfa": "ROOT_ACCOUNT_MFA_ENABLED",
  "no-root-key": "IAM_ROOT_ACCESS_KEY_CHECK",
  "kms-rotation": "CMK_BACKING_KEY_ROTATION_ENABLED",
} as const satisfies Record<string, string>;

export interface ConfigRecorderArgs {
  readonly cloud: Cloud;
  readonly bucketName: pulumi.Input<string>;
  readonly bucketArn: pulumi.Output<string>;
  readonly bucketPolicy: pulumi.Resource;
  readonly kmsKeyArn: pulumi.Input<string>;
  /** Make the recorder and its delivery channel; without it only the rules are added to the one there is. */
  readonly createRecorder: boolean;
}

/** Lets AWS Config deliver into the audit bucket, for this account. */
export function configBucketStatements(bucketArn: string, cloud: Cloud): Statement[] {
  const ours = { StringEquals: { "aws:SourceAccount": cloud.accountId } };
  const principal = { Service: "config.amazonaws.com" };
  return [
    {
      Sid: "ConfigReadsBucket",
      Effect: "Allow",
      Principal: principal,
      Action: ["s3:GetBucketAcl", "s3:ListBucket"],
      Resource: bucketArn,
      Condition: ours,
    },
    {
      Sid: "ConfigWrites",
      Effect: "Allow",
      Principal: principal,
      Action: "s3:PutObject",
      Resource: `${bucketArn}/config/AWSLogs/${cloud.accountId}/*`,
      Condition: {
        StringEquals: { "aws:SourceAccount": cloud.accountId, "s3:x-amz-acl": "bucket-owner-full-control" },
      },
    },
  ];
}

function createRecorder(
  name: string,
  args: ConfigRecorderArgs,
  opts: pulumi.CustomResourceOptions,
): aws.cfg.RecorderStatus {
  const deliver = pulumi.all([args.bucketArn, args.kmsKeyArn]).apply(([bucketArn, keyArn]) =>
    policyDocument([
      {
        Effect: "Allow",
        Action: "s3:PutObject",
        Resource: `${bucketArn}/config/AWSLogs/${args.cloud.accountId}/*`,
      },
      { Effect: "Allow", Action: "s3:GetBucketAcl", Resource: bucketArn },
      { Effect: "Allow", Action: ["kms:Decrypt", "kms:GenerateDataKey"], Resource: keyArn },
    ]),
  );
  const role = serviceRole(
    `${name}-config-role`,
    {
      services: ["config.amazonaws.com"],
      description: "Records configuration and delivers it to the audit bucket",
      policies: { deliver },
      managedPolicyArns: [`arn:${args.cloud.partition}:iam::aws:policy/service-role/AWS_ConfigRole`],
      trustConditions: { StringEquals: { "aws:SourceAccount": args.cloud.accountId } },
    },
    opts,
  );
  const recorder = new aws.cfg.Recorder(
    `${name}-recorder`,
    { roleArn: role.arn, recordingGroup: { allSupported: true, includeGlobalResourceTypes: true } },
    opts,
  );
  const channel = new aws.cfg.DeliveryChannel(
    `${name}-delivery`,
    {
      s3BucketName: args.bucketName,
      s3KeyPrefix: "config",
      s3KmsKeyArn: args.kmsKeyArn,
      snapshotDeliveryProperties: { deliveryFrequency: "TwentyFour_Hours" },
    },
    { ...opts, dependsOn: [recorder, args.bucketPolicy] },
  );
  return new aws.cfg.RecorderStatus(
    `${name}-recorder`,
    { name: recorder.name, isEnabled: true },
    { ...opts, dependsOn: [channel] },
  );
}

/** The recorder with its channel (or the account's own), and the managed rules. */
export function createConfig(name: string, args: ConfigRecorderArgs, opts: pulumi.CustomResourceOptions): void {
  const running = args.createRecorder ? [createRecorder(name, args, opts)] : [];
  for (const [rule, sourceIdentifier] of Object.entries(configRules)) {
    new aws.cfg.Rule(
      `${name}-rule-${rule}`,
      { source: { owner: "AWS", sourceIdentifier }, description: `Baseline: ${rule.replaceAll("-", " ")}` },
      { ...opts, dependsOn: running },
    );
  }
}
