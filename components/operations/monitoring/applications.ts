import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { metricAlarm } from "../../common/alarm";
import { slug } from "../../common/naming";
import type { DrawnMetric } from "./drawn-metrics";

interface ApplicationMetric {
  readonly description: string;
  readonly unit: "Milliseconds" | "Count";
  /** The alarm on it: more than so many in so many seconds. */
  readonly alarm?: { readonly threshold: number; readonly periodSeconds: number; readonly first: string };
}

/**
 * What trading applications report, and when it is too much: document 004's metrics and the last two rows of its table.
 * `TradeFailures` is the metric behind its row "Trade Failures".
 */
export const applicationMetrics = {
  TradeExecutionLatency: { description: "Time to execute a trade", unit: "Milliseconds" },
  MLInferenceTime: { description: "Time of a prediction", unit: "Milliseconds" },
  BetfairAPIErrors: {
    description: "Errors of the Betfair API",
    unit: "Count",
    alarm: {
      threshold: 10,
      periodSeconds: 60,
      first: "see Betfair's status page and the error codes in the log; with rejected logins renew the certificate",
    },
  },
  ActiveMarkets: { description: "Markets that are watched", unit: "Count" },
  TradeFailures: {
    description: "Trades that failed",
    unit: "Count",
    alarm: {
      threshold: 3,
      periodSeconds: 3600,
      first:
        "compare open positions at the exchange with the database and stop the bot (desiredCount 0) if they differ",
    },
  },
} as const satisfies Record<string, ApplicationMetric>;

export type ApplicationMetricName = keyof typeof applicationMetrics;
export const applicationMetricNames = Object.keys(applicationMetrics) as [ApplicationMetricName];

/** An application whose log lines are read for metrics. */
export interface MonitoredApplication {
  readonly logGroupName: pulumi.Input<string>;
  /**
   * Namespace whose pods wrote the lines, where the group is a cluster's: the agent wraps each line there and says whose it
   * is. @default the group holds the application's own lines
   */
  readonly kubernetesNamespace?: string;
  readonly metrics: readonly ApplicationMetricName[];
}

/** Namespace of a stack's applications: figures of two stacks never mix. */
export const applicationNamespace = (project: string, stack: string) => `${project}/${stack}`;

/** Where an application's JSON stands in a line: at its top, or where the agent of a cluster puts what it could read. */
const fieldsOf = ({ kubernetesNamespace }: Pick<MonitoredApplication, "kubernetesNamespace">) =>
  kubernetesNamespace === undefined ? "$" : "$.log_processed";

/** The log lines that carry a metric: JSON such as {"metric":"ActiveMarkets","value":12}. */
export function filterPattern(
  metric: ApplicationMetricName,
  application: Pick<MonitoredApplication, "kubernetesNamespace"> = {},
): string {
  const fields = fieldsOf(application);
  const { kubernetesNamespace } = application;
  const whose = kubernetesNamespace === undefined ? "" : ` && $.kubernetes.namespace_name = "${kubernetesNamespace}"`;
  return `{ ${fields}.metric = "${metric}" && ${fields}.value = *${whose} }`;
}

/** Metric filters on an application's log, and the alarms on what they find; returns what none of them watches. */
export function monitorApplication(
  name: string,
  key: string,
  application: MonitoredApplication,
  at: { readonly namespace: string; readonly alarmTopicArn: pulumi.Input<string> },
  parent: pulumi.Resource,
): DrawnMetric[] {
  const drawn: DrawnMetric[] = [];
  for (const metric of application.metrics) {
    const { unit, ...about }: ApplicationMetric = applicationMetrics[metric];
    const child = `${name}-${key}-${slug(metric.replace(/([a-z])([A-Z])|([A-Z])([A-Z][a-z])/g, "$1$3-$2$4"))}`;
    new aws.cloudwatch.LogMetricFilter(
      child,
      {
        logGroupName: application.logGroupName,
        pattern: filterPattern(metric, application),
        metricTransformation: {
          namespace: at.namespace,
          name: metric,
          value: `${fieldsOf(application)}.value`,
          unit,
        },
      },
      { parent },
    );
    if (!about.alarm) {
      const stat = unit === "Milliseconds" ? "p99" : "Maximum";
      drawn.push({ namespace: at.namespace, metric, dimensions: {}, stat, period: 60 });
      continue;
    }
    const { threshold, periodSeconds, first } = about.alarm;
    const span = periodSeconds === 60 ? "a minute" : "an hour";
    metricAlarm(
      child,
      {
        description: `${about.description}: more than ${threshold} in ${span} in ${key}. First ${first}.`,
        namespace: at.namespace,
        metric,
        dimensions: {},
        statistic: "Sum",
        threshold,
        periodSeconds,
        periods: 1,
        alarmTopicArn: at.alarmTopicArn,
      },
      { parent },
    );
  }
  return drawn;
}
