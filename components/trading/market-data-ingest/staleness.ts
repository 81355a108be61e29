import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { CalendarOverride, Exchange } from "../../../lambdas/common/exchange-calendar";
import { policyDocument, serviceRole, type Cloud } from "../../common/iam";
import { LambdaFunction } from "../../common/lambda-function";

/** Namespace of the ingest's and the market clock's metrics. */
export const ingestMetrics = "TradingPlatform/Ingest";
const clockService = "market-clock";

/** What stands for the age of the last tick when nobody reports one: far above any threshold. */
const silentSeconds = 86_400;

export interface StalenessArgs {
  readonly cloud: Cloud;
  readonly stack: string;
  readonly exchange: Exchange;
  readonly overrides: readonly CalendarOverride[];
  /** Seconds without a tick while the market is open before the alarm goes off. */
  readonly staleSeconds: number;
  readonly keyArn: pulumi.Input<string>;
  readonly alarmTopicArn?: pulumi.Input<string>;
}

/** The age of the last tick where the market is open, else 0; a server that reports nothing counts as silent. */
export const staleExpression = `IF(FILL(open, 0) > 0, FILL(age, ${silentSeconds}), 0)`;

/**
 * An alarm on old ticks that knows market hours: a function says every minute whether the exchange trades, and the alarm
 * looks at the last tick's age only then. Cost: 44,000 calls a month (0.01 USD) and 2 metrics (0.60 USD).
 */
export function createStaleness(name: string, args: StalenessArgs, opts: pulumi.CustomResourceOptions): void {
  const clock = new LambdaFunction(
    `${name}-clock`,
    {
      cloud: args.cloud,
      entry: "market-clock",
      description: `Says every minute whether ${args.exchange} trades`,
      keyArn: args.keyArn,
      environment: {
        STACK: args.stack,
        CALENDAR: JSON.stringify({ exchange: args.exchange, overrides: args.overrides }),
        POWERTOOLS_SERVICE_NAME: clockService,
        POWERTOOLS_METRICS_NAMESPACE: ingestMetrics,
      },
      timeoutSeconds: 10,
      memoryMiB: 128,
      alarmTopicArn: args.alarmTopicArn,
      onError: "First: read its log; until it runs again nobody is told of stale market data.",
    },
    opts,
  );
  const role = serviceRole(
    `${name}-clock-scheduler`,
    {
      services: ["scheduler.amazonaws.com"],
      description: "Calls the market clock every minute",
      trustConditions: { StringEquals: { "aws:SourceAccount": args.cloud.accountId } },
      policies: {
        own: pulumi.all([clock.arn, args.keyArn]).apply(([arn, key]) =>
          policyDocument([
            { Sid: "Call", Effect: "Allow", Action: "lambda:InvokeFunction", Resource: arn },
            { Sid: "Key", Effect: "Allow", Action: ["kms:Decrypt", "kms:GenerateDataKey"], Resource: key },
          ]),
        ),
      },
    },
    opts,
  );
  new aws.scheduler.Schedule(
    `${name}-clock-every-minute`,
    {
      description: "Market clock",
      scheduleExpression: "rate(1 minute)",
      flexibleTimeWindow: { mode: "OFF" },
      kmsKeyArn: args.keyArn,
      target: {
        arn: clock.arn,
        roleArn: role.arn,
        retryPolicy: { maximumEventAgeInSeconds: 60, maximumRetryAttempts: 0 },
      },
    },
    opts,
  );
  const actions = args.alarmTopicArn === undefined ? [] : [args.alarmTopicArn];
  const query = (id: string, metricName: string, dimensions: Record<string, string>) => ({
    id,
    metric: { namespace: ingestMetrics, metricName, dimensions, stat: "Maximum", period: 60 },
  });
  new aws.cloudwatch.MetricAlarm(
    `${name}-stale`,
    {
      alarmDescription: `No market data for ${args.staleSeconds} seconds while ${args.exchange} trades. First: the ingest server's log (a second stream with the same key is refused), then the vendor's status page; traders see old prices until then.`,
      comparisonOperator: "GreaterThanThreshold",
      threshold: args.staleSeconds,
      evaluationPeriods: 2,
      treatMissingData: "breaching", // neither a clock nor a server: nobody watches
      metricQueries: [
        { id: "stale", expression: staleExpression, label: "Age of the last tick while open", returnData: true },
        query("open", "MarketOpen", { service: clockService, stack: args.stack }),
        query("age", "LastTickAgeSeconds", { stack: args.stack }),
      ],
      alarmActions: actions,
      okActions: actions,
    },
    opts,
  );
}
