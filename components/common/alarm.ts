import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** Topics of other Regions by Region: CloudWatch refuses an alarm that names a topic of another Region than its own. */
export type TopicsAbroad = Readonly<Record<string, pulumi.Input<string>>>;

/** One metric alarm that a component brings for what it makes. */
export interface AlarmArgs {
  /** What is wrong and what to do first: whoever is paged reads this before anything else. */
  readonly description: string;
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, pulumi.Input<string>>>;
  /** A statistic, or a percentile such as `p99`. */
  readonly statistic: "Average" | "Maximum" | "Minimum" | "Sum" | `p${number}`;
  /** The alarm goes off above (or below) this value. */
  readonly threshold: pulumi.Input<number>;
  /** @default "above" */
  readonly side?: "above" | "below";
  /** Length of one measurement in seconds. @default 60 */
  readonly periodSeconds?: number;
  /** Measurements in a row that must be wrong. @default 5 */
  readonly periods?: number;
  /** What no data means: `breaching` for heartbeats. @default "notBreaching" */
  readonly missing?: "breaching" | "notBreaching" | "ignore" | "missing";
  /** Topic of the alarm's Region, for it and for its end (PagerDuty closes an incident by the OK action). @default no action */
  readonly alarmTopicArn?: pulumi.Input<string>;
  /** ARNs of what else the alarm does when it goes off, such as stopping an instance. @default nothing */
  readonly alsoDo?: readonly pulumi.Input<string>[];
  /** Region of the metric where it is not the stack's. @default the stack's */
  readonly region?: string;
}

/** Registers one alarm. Cost: 0.10 USD a month. */
export function metricAlarm(
  name: string,
  args: AlarmArgs,
  opts: pulumi.CustomResourceOptions,
): aws.cloudwatch.MetricAlarm {
  const actions = args.alarmTopicArn === undefined ? [] : [args.alarmTopicArn];
  return new aws.cloudwatch.MetricAlarm(
    name,
    {
      alarmDescription: args.description,
      namespace: args.namespace,
      metricName: args.metric,
      dimensions: args.dimensions,
      ...(args.statistic.startsWith("p") ? { extendedStatistic: args.statistic } : { statistic: args.statistic }),
      comparisonOperator: args.side === "below" ? "LessThanThreshold" : "GreaterThanThreshold",
      threshold: args.threshold,
      period: args.periodSeconds ?? 60,
      evaluationPeriods: args.periods ?? 5,
      treatMissingData: args.missing ?? "notBreaching",
      alarmActions: [...actions, ...(args.alsoDo ?? [])],
      okActions: actions,
      region: args.region,
    },
    opts,
  );
}
