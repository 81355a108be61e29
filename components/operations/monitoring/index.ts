import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Cloud } from "../../common/iam";
import { severities, type Severity } from "../alarm-topics";
import { testNamespace, type PagingSettings, type PlannedAlarm, type Topics } from "../alarm-plan";
import { applicationNamespace, monitorApplication, type MonitoredApplication } from "./applications";
import { createDashboards } from "./dashboards";
import { createMarketAlarm, type MarketHours } from "./market-hours";
import { pageTogether } from "./paging";

export { applicationMetrics, applicationMetricNames, type MonitoredApplication } from "./applications";

export interface MonitoringArgs {
  readonly cloud: Cloud;
  readonly project: string;
  readonly stack: string;
  readonly topics: Topics;
  readonly paging: PagingSettings;
  /** Every alarm of the stack so far; those that this component makes join them. */
  readonly alarms: readonly PlannedAlarm[];
  readonly applications: Readonly<Record<string, MonitoredApplication>>;
  readonly marketHours?: MarketHours;
  readonly dashboards: boolean;
  readonly logRetentionDays: number;
}

/** Name of the alarm that a test of a severity sets off; fixed, as the command finds it by it. */
export function testAlarmName(project: string, stack: string, severity: Severity): string {
  return `${project}-${stack}-test-page-${severity}`;
}

/**
 * What a stack is watched by beyond the alarms that its components bring: the applications' own metrics and alarms, composites
 * that page once for a component (and for some only while the market is open), dashboards, and an alarm a severity that only a
 * test sets off.
 *
 * Makes: metric filters and alarms for each application, composite alarms, a dashboard a component, a market clock where
 * market hours matter, three test alarms.
 * Cost: each alarm, composite, dashboard and custom metric by the month; plan/cost/prices has the figures and their sources.
 */
export class Monitoring extends pulumi.ComponentResource {
  readonly testAlarmNames: Readonly<Record<Severity, pulumi.Output<string>>>;

  constructor(name: string, args: MonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:operations:Monitoring", name, {}, opts);
    const { project, stack, topics, paging, alarms } = args;
    const namespace = applicationNamespace(project, stack);
    const drawn = Object.entries(args.applications).flatMap(([key, application]) =>
      monitorApplication(name, key, application, { namespace, alarmTopicArn: topics.critical }, this),
    );
    const marketOpen = this.createMarketAlarm(name, args);
    const watched = alarms.filter(({ alarm }) => alarm !== marketOpen);
    pageTogether(name, watched, { topics, paging, marketOpen }, this);
    if (args.dashboards) createDashboards(name, watched, { [name]: drawn }, args.cloud.region, this);
    this.testAlarmNames = Object.fromEntries(
      severities.map((severity) => [severity, this.createTestAlarm(name, severity, args).name]),
    ) as Record<Severity, pulumi.Output<string>>;
    this.registerOutputs({ testAlarmNames: this.testAlarmNames });
  }

  private createMarketAlarm(name: string, args: MonitoringArgs): aws.cloudwatch.MetricAlarm | undefined {
    const { marketHours, cloud, stack, topics, logRetentionDays } = args;
    if (!marketHours) return undefined;
    return createMarketAlarm(
      name,
      { cloud, stack, hours: marketHours, logRetentionDays, alarmTopicArn: topics.critical, infoTopicArn: topics.info },
      this,
    );
  }

  /** An alarm on a metric that nobody reports: a test sets its state, and everything behind is as in earnest. */
  private createTestAlarm(name: string, severity: Severity, args: MonitoringArgs): aws.cloudwatch.MetricAlarm {
    const topic = args.topics[severity];
    return new aws.cloudwatch.MetricAlarm(
      `${name}-test-${severity}`,
      {
        name: testAlarmName(args.project, args.stack, severity),
        alarmDescription: `A test: somebody wants to know whether ${severity} alarms of ${args.stack} arrive. Nothing to do but to say so.`,
        namespace: testNamespace,
        metricName: "Never",
        statistic: "Sum",
        comparisonOperator: "GreaterThanThreshold",
        threshold: 0,
        period: 60,
        evaluationPeriods: 1,
        treatMissingData: "ignore", // keeps the state that the test set until the test ends it
        alarmActions: [topic],
        okActions: [topic],
      },
      { parent: this },
    );
  }
}
