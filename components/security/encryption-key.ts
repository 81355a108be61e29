import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument, type Cloud, type Statement } from "../common/iam";

/** Services that may use a key, by what must be said for each in its key policy. */
export type KeyUser =
  | "logs"
  | "cloudwatch"
  | "sns"
  | "s3"
  | "events"
  | "budgets"
  | "backup"
  | "cloudtrail"
  | "config"
  | "autoscaling"
  | "spot"
  | "cloudfront"
  | "delivery.logs";

export interface EncryptionKeyArgs {
  readonly cloud: Cloud;
  /** What the key encrypts, for people: `Flow logs of the network`. */
  readonly description: string;
  /**
   * Services that use the key with their own identity. Services that act through the caller (EBS, RDS, S3, Secrets Manager)
   * need no entry: the account's IAM policies decide.
   * @default []
   */
  readonly usedBy?: readonly KeyUser[];
  /** Further statements, such as another account's right to read. @default [] */
  readonly statements?: readonly Statement[];
  /**
   * Days between scheduling the key's deletion and losing everything it encrypted.
   * @default 30, the longest and the policy pack's minimum
   */
  readonly deletionWindowDays?: number;
  /** Keep the key when it is destroyed, as what it encrypted may outlive the stack. @default false */
  readonly retain?: boolean;
  /** Region of the key where it is not the stack's, for replicas: the same as `cloud.region` then. @default the stack's */
  readonly region?: string;
}

const useActions = [
  "kms:Encrypt",
  "kms:Decrypt",
  "kms:ReEncryptFrom",
  "kms:ReEncryptTo",
  "kms:GenerateDataKey",
  "kms:GenerateDataKeyWithoutPlaintext",
  "kms:DescribeKey",
];

/** Services that start instances by a role of their own in the account, which volumes' keys have to let in. */
const serviceRoles: Readonly<Partial<Record<KeyUser, { readonly sid: string; readonly path: string }>>> = {
  autoscaling: { sid: "Autoscaling", path: "autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling" },
  spot: { sid: "Spot", path: "spot.amazonaws.com/AWSServiceRoleForEC2Spot" },
};

/** What each service needs; every statement is bound to this account where the service says on whose behalf it acts. */
function serviceStatement(user: KeyUser, cloud: Cloud): Statement {
  const bySource: Statement["Condition"] = { StringEquals: { "aws:SourceAccount": cloud.accountId } };
  if (user === "logs") {
    return {
      Sid: "CloudWatchLogs",
      Effect: "Allow",
      Principal: { Service: `logs.${cloud.region}.amazonaws.com` },
      Action: useActions,
      Resource: "*", // in a key policy: this key
      Condition: {
        ArnLike: {
          "kms:EncryptionContext:aws:logs:arn": `arn:${cloud.partition}:logs:${cloud.region}:${cloud.accountId}:*`,
        },
      },
    };
  }
  const ownRole = serviceRoles[user];
  if (ownRole) {
    return {
      Sid: ownRole.sid,
      Effect: "Allow",
      Principal: { AWS: `arn:${cloud.partition}:iam::${cloud.accountId}:role/aws-service-role/${ownRole.path}` },
      Action: [...useActions, "kms:CreateGrant"],
      Resource: "*",
    };
  }
  if (user === "events") {
    return {
      Sid: "Events",
      Effect: "Allow",
      Principal: { Service: "events.amazonaws.com" },
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      Resource: "*",
      // No condition: EventBridge does not say on whose behalf it publishes to an encrypted topic, so that one would never
      // hold, and each event would be dropped without a trace. Source: Amazon SNS developer guide, "Key management".
    };
  }
  const sid = user.replace(/(^|\.)(\w)/g, (_all, _dot, letter: string) => letter.toUpperCase());
  return {
    Sid: sid,
    Effect: "Allow",
    Principal: { Service: `${user}.amazonaws.com` },
    Action: useActions,
    Resource: "*",
    Condition: bySource,
  };
}

/** The key policy: the account's IAM decides, and the named services may use the key for this account. */
export function keyPolicy(args: Pick<EncryptionKeyArgs, "cloud" | "usedBy" | "statements">) {
  const { cloud } = args;
  return policyDocument([
    {
      Sid: "Account",
      Effect: "Allow",
      Principal: { AWS: `arn:${cloud.partition}:iam::${cloud.accountId}:root` },
      Action: "kms:*", // AWS requires it, or nobody can ever change the key again; IAM policies still have to allow each use
      Resource: "*",
    },
    ...(args.usedBy ?? []).map((user) => serviceStatement(user, cloud)),
    ...(args.statements ?? []),
  ]);
}

/**
 * One customer-managed KMS key for one class of data, with yearly rotation and an alias.
 *
 * Makes: `aws.kms.Key`, `aws.kms.Alias` (`alias/<project>-<stack>-<name>`).
 * Cost: 1 USD a month and 0.03 USD for 10,000 requests.
 */
export class EncryptionKey extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly keyId: pulumi.Output<string>;

  constructor(name: string, args: EncryptionKeyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:security:EncryptionKey", name, {}, opts);
    const key = new aws.kms.Key(
      `${name}-key`,
      {
        description: args.description,
        enableKeyRotation: true,
        deletionWindowInDays: args.deletionWindowDays ?? 30,
        policy: JSON.stringify(keyPolicy(args)),
        region: args.region,
        tags: { Name: name },
      },
      { parent: this, retainOnDelete: args.retain ?? false },
    );
    new aws.kms.Alias(
      `${name}-alias`,
      {
        name: `alias/${pulumi.getProject()}-${pulumi.getStack()}-${name}`,
        targetKeyId: key.keyId,
        region: args.region,
      },
      { parent: this, retainOnDelete: args.retain ?? false },
    );
    this.arn = key.arn;
    this.keyId = key.keyId;
    this.registerOutputs({ arn: this.arn, keyId: this.keyId });
  }
}
