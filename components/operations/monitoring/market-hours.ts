import type * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { CalendarOverride, Exchange } from "../../../lambdas/common/exchange-calendar";
import { metricAlarm } from "../../common/alarm";
import type { Cloud } from "../../common/iam";
import { LambdaFunction } from "../../common/lambda-function";
import { scheduledCall } from "../../common/scheduled-call";
import { EncryptionKey } from "../../security/encryption-key";

export interface MarketHours {
  readonly exchange: Exchange;
  readonly overrides: readonly CalendarOverride[];
}

const clockService = "market-hours";
export const clockNamespace = "Trading/Market";

/** An alarm that is on while an exchange trades; without a clock it is on too, so that nothing is slept through. */
export function createMarketAlarm(
  name: string,
  at: {
    readonly cloud: Cloud;
    readonly stack: string;
    readonly hours: MarketHours;
    readonly logRetentionDays: number;
    readonly alarmTopicArn: pulumi.Input<string>;
    readonly infoTopicArn: pulumi.Input<string>;
  },
  parent: pulumi.Resource,
): aws.cloudwatch.MetricAlarm {
  const { exchange } = at.hours;
  const key = new EncryptionKey(
    `${name}-clock`,
    { cloud: at.cloud, description: "Market clock's log", usedBy: ["logs"] },
    { parent },
  );
  const clock = new LambdaFunction(
    `${name}-clock`,
    {
      cloud: at.cloud,
      entry: "market-clock",
      description: `Says every minute whether ${exchange} trades`,
      keyArn: key.arn,
      environment: {
        STACK: at.stack,
        CALENDAR: JSON.stringify(at.hours),
        POWERTOOLS_SERVICE_NAME: clockService,
        POWERTOOLS_METRICS_NAMESPACE: clockNamespace,
      },
      timeoutSeconds: 10,
      memoryMiB: 128,
      logRetentionDays: at.logRetentionDays,
      alarmTopicArn: at.alarmTopicArn,
      onError: "First: read its log; until it runs again alarms page at any hour.",
    },
    { parent },
  );
  scheduledCall(
    `${name}-clock-schedule`,
    { cloud: at.cloud, lambda: clock, description: "Market clock", schedule: "rate(1 minute)" },
    { parent },
  );
  return metricAlarm(
    `${name}-market-open`,
    {
      description: `${exchange} trades, or its clock is silent. Nothing to do: other alarms ask this one whether to wake somebody.`,
      namespace: clockNamespace,
      metric: "MarketOpen",
      dimensions: { service: clockService, stack: at.stack },
      statistic: "Maximum",
      threshold: 0,
      periods: 1,
      missing: "breaching",
      alarmTopicArn: at.infoTopicArn,
    },
    { parent },
  );
}
