import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { PlannedAlarm } from "../alarm-plan";

/** One alarm, its values known. */
export interface DashboardAlarm {
  readonly arn: string;
  readonly namespace?: string;
  readonly metric?: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly stat: string;
  readonly period: number;
  readonly threshold?: number;
}

/** Widgets in a row of CloudWatch's 24 columns, and their height. */
const perRow = 3;
const widgetHeight = 6;

/** A dashboard's body: the state of all alarms on top, then one graph for each metric with every series and its line. */
export function dashboardBody(title: string, alarms: readonly DashboardAlarm[], region: string) {
  const byMetric = new Map<string, DashboardAlarm[]>();
  for (const alarm of alarms) {
    if (alarm.namespace === undefined || alarm.metric === undefined) continue;
    const key = `${alarm.namespace} ${alarm.metric}`;
    byMetric.set(key, [...(byMetric.get(key) ?? []), alarm]);
  }
  const graphs = [...byMetric].map(([name, series], index) => ({
    type: "metric",
    x: (index % perRow) * (24 / perRow),
    y: 4 + Math.floor(index / perRow) * widgetHeight,
    width: 24 / perRow,
    height: widgetHeight,
    properties: {
      title: name,
      region,
      view: "timeSeries",
      metrics: series.map(({ namespace, metric, dimensions, stat, period }) => [
        namespace,
        metric,
        ...Object.entries(dimensions).flat(),
        { stat, period },
      ]),
      annotations: {
        horizontal: [...new Set(series.map(({ threshold }) => threshold))]
          .filter((value) => value !== undefined)
          .map((value) => ({ label: "alarm", value })),
      },
    },
  }));
  const states = {
    type: "alarm",
    x: 0,
    y: 0,
    width: 24,
    height: 4,
    properties: { title, alarms: alarms.map(({ arn }) => arn) },
  };
  return { widgets: [states, ...graphs] };
}

function known({ alarm, args }: PlannedAlarm): pulumi.Output<DashboardAlarm> {
  return pulumi
    .all([
      alarm.arn,
      args.namespace,
      args.metricName,
      args.dimensions,
      args.threshold,
      args.period,
      args.extendedStatistic,
      args.statistic,
    ])
    .apply(([arn, namespace, metric, dimensions, threshold, period, percentile, statistic]) => ({
      arn,
      namespace,
      metric,
      dimensions: dimensions ?? {},
      stat: percentile ?? statistic ?? "Average",
      period: period ?? 60,
      threshold,
    }));
}

/** One dashboard a component that has alarms: each metric that an alarm watches. Cost: 3 USD a month each. */
export function createDashboards(
  name: string,
  alarms: readonly PlannedAlarm[],
  region: string,
  parent: pulumi.Resource,
): void {
  for (const component of new Set(alarms.map((one) => one.component))) {
    const own = alarms.filter((one) => one.component === component);
    const title = `${pulumi.getProject()} ${pulumi.getStack()}: ${component}`;
    new aws.cloudwatch.Dashboard(
      `${name}-${component}`,
      {
        dashboardName: `${pulumi.getProject()}-${pulumi.getStack()}-${component}`,
        dashboardBody: pulumi.jsonStringify(
          pulumi.all(own.map(known)).apply((values) => dashboardBody(title, values, region)),
        ),
      },
      { parent },
    );
  }
}
