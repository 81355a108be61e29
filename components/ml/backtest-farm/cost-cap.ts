import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument, type Cloud } from "../../common/iam";
import { LambdaFunction } from "../../common/lambda-function";
import { scheduledCall } from "../../common/scheduled-call";
import { EncryptionKey } from "../../security/encryption-key";

export interface CostCapArgs {
  readonly cloud: Cloud;
  readonly queueArn: pulumi.Output<string>;
  readonly monthlyCapUsd: number;
  /** Value of the tag `component` of everything that counts. */
  readonly component: string;
  readonly logRetentionDays: number;
  readonly alarmTopicArn?: pulumi.Input<string>;
}

/** Shares of the cap at which people are told; at the last one the queue is closed. */
export const capPercents = [80, 100] as const;

/**
 * A monthly cost cap that acts: at 100 % of it the job queue takes no more jobs, until the new month.
 *
 * AWS's billing is 8 to 12 hours behind, and tells costs by tag only once `component` is activated as a cost allocation tag:
 * what runs at once is limited beside it by the compute environments.
 */
export function createCostCap(name: string, args: CostCapArgs, opts: pulumi.CustomResourceOptions): void {
  const { cloud, alarmTopicArn, logRetentionDays } = args;
  const key = new EncryptionKey(
    `${name}-key`,
    { cloud, description: "The backtests' cost cap", usedBy: ["logs", "budgets", "sns"] },
    opts,
  );
  const topic = new aws.sns.Topic(`${name}-spent`, { kmsMasterKeyId: key.arn, displayName: "Backtest budget" }, opts);
  new aws.sns.TopicPolicy(
    `${name}-spent`,
    {
      arn: topic.arn,
      policy: pulumi.jsonStringify(
        topic.arn.apply((arn) =>
          policyDocument([
            {
              Sid: "Budgets",
              Effect: "Allow",
              Principal: { Service: "budgets.amazonaws.com" },
              Action: "sns:Publish",
              Resource: arn,
              Condition: { StringEquals: { "aws:SourceAccount": cloud.accountId } },
            },
            {
              Sid: "TlsOnly",
              Effect: "Deny",
              Principal: "*",
              Action: "sns:Publish",
              Resource: arn,
              Condition: { Bool: { "aws:SecureTransport": "false" } },
            },
          ]),
        ),
      ),
    },
    opts,
  );
  const lambda = new LambdaFunction(
    `${name}-function`,
    {
      cloud,
      entry: "backtest-cap",
      description: "Closes the backtests' queue when the month's budget is spent, and opens it with the next month",
      keyArn: key.arn,
      statements: args.queueArn.apply((arn) => [
        { Sid: "Switch", Effect: "Allow" as const, Action: "batch:UpdateJobQueue", Resource: arn },
        // Batch's Describe calls know no resource level.
        { Sid: "Look", Effect: "Allow" as const, Action: "batch:DescribeJobQueues", Resource: "*" },
      ]),
      environment: { QUEUE: args.queueArn, TOPIC: topic.arn },
      logRetentionDays,
      alarmTopicArn,
      onError: "First: close the queue by hand: aws batch update-job-queue --state DISABLED.",
    },
    opts,
  );
  new aws.lambda.Permission(
    `${name}-spent`,
    { function: lambda.name, action: "lambda:InvokeFunction", principal: "sns.amazonaws.com", sourceArn: topic.arn },
    opts,
  );
  new aws.sns.TopicSubscription(`${name}-spent`, { topic: topic.arn, protocol: "lambda", endpoint: lambda.arn }, opts);
  const [told, closed] = capPercents;
  const notification = (threshold: number, topicArn: pulumi.Input<string>) => ({
    notificationType: "ACTUAL",
    comparisonOperator: "GREATER_THAN",
    threshold,
    thresholdType: "PERCENTAGE",
    subscriberSnsTopicArns: [topicArn],
  });
  new aws.budgets.Budget(
    name,
    {
      budgetType: "COST",
      limitAmount: String(args.monthlyCapUsd),
      limitUnit: "USD",
      timeUnit: "MONTHLY",
      costFilters: [{ name: "TagKeyValue", values: [`user:component$${args.component}`] }],
      notifications: [
        ...(alarmTopicArn === undefined ? [] : [notification(told, alarmTopicArn)]),
        notification(closed, topic.arn),
      ],
    },
    opts,
  );
  scheduledCall(
    `${name}-new-month`,
    {
      cloud,
      lambda,
      description: "Opens the backtests' queue with the new month",
      schedule: "cron(30 0 1 * ? *)",
      input: { newMonth: true },
    },
    opts,
  );
}
