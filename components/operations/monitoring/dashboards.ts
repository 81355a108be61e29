import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { PlannedAlarm } from "../alarm-plan";
import { companionsOf, type DrawnMetric } from "./drawn-metrics";

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

/** Metrics by namespace and name, in the order in which they come first: the series of one graph each. */
function graphsOf(metrics: readonly (DrawnMetric & { readonly threshold?: number })[]) {
  const byMetric = new Map<string, (DrawnMetric & { readonly threshold?: number })[]>();
  for (const one of metrics) {
    const key = `${one.namespace} ${one.metric}`;
    byMetric.set(key, [...(byMetric.get(key) ?? []), one]);
  }
  return byMetric;
}

/**
 * A dashboard's body: the state of all alarms on top, then one graph for each metric with every series and its line, then what
 * is drawn without an alarm: the companions of what the alarms watch, and `more`.
 */
export function dashboardBody(
  title: string,
  alarms: readonly DashboardAlarm[],
  region: string,
  more: readonly DrawnMetric[] = [],
) {
  const watched = alarms.flatMap(({ namespace, metric, ...rest }) =>
    namespace === undefined || metric === undefined ? [] : [{ ...rest, namespace, metric }],
  );
  const byMetric = graphsOf([...watched, ...companionsOf(watched), ...more]);
  const top = alarms.length > 0 ? 4 : 0; // CloudWatch refuses a list of no alarms
  const graphs = [...byMetric].map(([name, series], index) => ({
    type: "metric",
    x: (index % perRow) * (24 / perRow),
    y: top + Math.floor(index / perRow) * widgetHeight,
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
    height: top,
    properties: { title, alarms: alarms.map(({ arn }) => arn) },
  };
  return { widgets: top > 0 ? [states, ...graphs] : graphs };
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

/**
 * One dashboard a component that has alarms, or metrics of its own to draw: each metric that an alarm watches, and what
 * belongs beside it. Cost: 3 USD a month each.
 */
export function createDashboards(
  name: string,
  alarms: readonly PlannedAlarm[],
  drawn: Readonly<Record<string, readonly DrawnMetric[]>>,
  region: string,
  parent: pulumi.Resource,
): void {
  const drawing = Object.keys(drawn).filter((component) => drawn[component]?.length);
  for (const component of new Set([...alarms.map((one) => one.component), ...drawing])) {
    const own = alarms.filter((one) => one.component === component);
    const title = `${pulumi.getProject()} ${pulumi.getStack()}: ${component}`;
    new aws.cloudwatch.Dashboard(
      `${name}-${component}`,
      {
        dashboardName: `${pulumi.getProject()}-${pulumi.getStack()}-${component}`,
        dashboardBody: pulumi.jsonStringify(
          pulumi.all(own.map(known)).apply((values) => dashboardBody(title, values, region, drawn[component])),
        ),
      },
      { parent },
    );
  }
}
