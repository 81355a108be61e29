import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument, type Cloud } from "../common/iam";
import { slug } from "../common/naming";
import { EncryptionKey, type KeyUser } from "../security/encryption-key";

/** How urgent an alarm is: `critical` wakes somebody, `warning` is read in working hours, `info` is kept. */
export const severities = ["critical", "warning", "info"] as const;
export type Severity = (typeof severities)[number];

export interface AlarmTopicsArgs {
  readonly cloud: Cloud;
  /** Addresses by severity; a subscription stays pending until its owner confirms it. */
  readonly emails: Readonly<Record<Severity, readonly string[]>>;
  /** Address of PagerDuty's CloudWatch integration, told of critical alarms and of their end; it holds a key. */
  readonly pagerDutyUrl?: pulumi.Input<string>;
  /** Region of the topics where it is not the stack's: an alarm reaches topics of its own Region only. @default the stack's */
  readonly region?: string;
}

/** AWS services that publish alarms and findings. */
const publishers = ["cloudwatch", "events", "budgets", "backup"] as const satisfies readonly KeyUser[];

/** Only these services publish to a topic, on behalf of this account where they say so; everybody must use TLS. */
export function topicPolicy(topicArn: string, cloud: Cloud) {
  return policyDocument([
    {
      Sid: "Services",
      Effect: "Allow",
      Principal: {
        Service: publishers.filter((service) => service !== "events").map((service) => `${service}.amazonaws.com`),
      },
      Action: "sns:Publish",
      Resource: topicArn,
      Condition: { StringEquals: { "aws:SourceAccount": cloud.accountId } },
    },
    {
      // Findings and failed backups come by rules of EventBridge, which takes no condition on a topic: with one it is
      // refused, and nobody is told. Source: Amazon EventBridge user guide, "Troubleshooting".
      Sid: "Rules",
      Effect: "Allow",
      Principal: { Service: "events.amazonaws.com" },
      Action: "sns:Publish",
      Resource: topicArn,
    },
    {
      Sid: "TlsOnly",
      Effect: "Deny",
      Principal: "*",
      Action: "sns:Publish",
      Resource: topicArn,
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    },
  ]);
}

/**
 * One alarm topic a severity, under a customer key that CloudWatch may use: an alarm cannot reach a topic under the
 * AWS-managed key.
 *
 * Makes: a KMS key, three SNS topics with their policies, a subscription for each address, and PagerDuty's on `critical`.
 * Cost driver: the key (1 USD a month); notifications are fractions of a cent.
 */
export class AlarmTopics extends pulumi.ComponentResource {
  /** ARNs by severity; alarms take one as `alarmTopicArn` and use it for the alarm and for its end. */
  readonly arns: Readonly<Record<Severity, pulumi.Output<string>>>;
  /** Key of the topics: who publishes besides AWS's services needs it too. */
  readonly keyArn: pulumi.Output<string>;

  constructor(name: string, args: AlarmTopicsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:operations:AlarmTopics", name, {}, opts);
    const { region } = args;
    const cloud = { ...args.cloud, region: region ?? args.cloud.region };
    const key = new EncryptionKey(
      `${name}-alarms`,
      { cloud, region, description: "Alarms and findings on their way to people", usedBy: publishers },
      { parent: this },
    );
    const topic = (severity: Severity) => {
      const made = new aws.sns.Topic(
        `${name}-${severity}`,
        { kmsMasterKeyId: key.arn, displayName: `${pulumi.getStack()} ${severity}`, region },
        { parent: this },
      );
      const policy = made.arn.apply((arn) => JSON.stringify(topicPolicy(arn, cloud)));
      new aws.sns.TopicPolicy(`${name}-${severity}`, { arn: made.arn, policy, region }, { parent: this });
      for (const endpoint of args.emails[severity]) {
        new aws.sns.TopicSubscription(
          `${name}-${severity}-${slug(endpoint)}`,
          { topic: made.arn, protocol: "email", endpoint, region },
          { parent: this },
        );
      }
      return made.arn;
    };
    this.arns = { critical: topic("critical"), warning: topic("warning"), info: topic("info") };
    if (args.pagerDutyUrl !== undefined) {
      new aws.sns.TopicSubscription(
        `${name}-critical-pagerduty`,
        {
          topic: this.arns.critical,
          protocol: "https",
          endpoint: pulumi.secret(args.pagerDutyUrl),
          endpointAutoConfirms: true,
          region,
        },
        { parent: this },
      );
    }
    this.keyArn = key.arn;
    this.registerOutputs({ arns: this.arns, keyArn: this.keyArn });
  }
}
