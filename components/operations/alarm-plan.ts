import type * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { topComponentName } from "../common/tags";
import type { Severity } from "./alarm-topics";
import { runbookLink } from "./runbook-links";

/** One metric alarm of the stack, whichever component made it. */
export interface PlannedAlarm {
  readonly name: string;
  /** Component right below the stack: `data`, `services`, `fleet`. */
  readonly component: string;
  readonly severity: Severity;
  /** Pages by itself, even where the alarms of its component are told together. */
  readonly alone: boolean;
  readonly alarm: Pick<aws.cloudwatch.MetricAlarm, "name" | "arn">;
  /** What it was made with, for dashboards. */
  readonly args: aws.cloudwatch.MetricAlarmArgs;
}

/** Who is told of what, and when. */
export interface PagingSettings {
  /** `each`: every critical alarm pages by itself. `system`: all of a component page once. */
  readonly mode: "each" | "system";
  /** Components whose alarms wake nobody while the market is closed. */
  readonly marketHoursComponents: readonly string[];
}

export type Topics = Readonly<Record<Severity, pulumi.Output<string>>>;

/** Namespace of the alarms that only a test sets off. */
export const testNamespace = "Trading/TestPage";

/**
 * Document 004's table: CPU, memory and connections are told by SNS and wake nobody; everything else that a component calls
 * critical does, by SNS and PagerDuty. Nor do requests that a firewall blocks: it does its work, and an entry on the internet
 * meets some every day, which would keep the page of its component on and every other alarm of it unheard. Nor do pods that
 * failed or wait: Kubernetes starts others, a batch job that failed leaves its pod for days, and one that restarts without
 * end has an alarm of its own.
 */
const quietMetrics =
  /^(\w*cpu_?utilization|\w*memory\w*|mem_used_percent|\w*connections|BlockedRequests|pod_status_\w+)$/i;

/** How urgent a metric's alarm is. */
export function severityOf(metric: string | undefined): Severity {
  return metric !== undefined && quietMetrics.test(metric) ? "warning" : "critical";
}

/**
 * Errors of the exchange's API and trades that fail: document 004 pages for each of them. Told together, trades would stay
 * unheard while errors of the API that somebody knows of keep their component's page on, and both while anything else does.
 */
const lonelyMetrics = new Set(["BetfairAPIErrors", "TradeFailures"]);

/** True where a component's alarms are told together by composites, and each one by itself only keeps a record. */
export function isPagedTogether(component: string, { mode, marketHoursComponents }: PagingSettings): boolean {
  return mode === "system" || marketHoursComponents.includes(component);
}

type Actions = aws.cloudwatch.MetricAlarmArgs["alarmActions"];

/** An alarm of another Region has the topic of its severity there, and is no part of anything here. */
function redirectAbroad(args: aws.cloudwatch.MetricAlarmArgs, topics: Topics | undefined) {
  if (!topics || severityOf(typeof args.metricName === "string" ? args.metricName : undefined) === "critical")
    return {};
  const to = (actions: Actions) => redirect(actions, topics.critical, topics.warning);
  return { alarmActions: to(args.alarmActions), okActions: to(args.okActions) };
}

/** Actions with the critical topic replaced; what else an alarm does, such as recovering a host, stays. */
function redirect(actions: Actions, from: pulumi.Output<string>, to: pulumi.Output<string>): Actions {
  return Array.isArray(actions) ? actions.map((one) => (one === from ? to : one)) : actions;
}

/**
 * Gives every metric alarm of the stack the topic of its severity and the link to its runbook, and remembers it for
 * composites and dashboards. Components name the critical topic for all of their alarms and need not know who sleeps.
 */
export function planAlarms(
  topics: Topics | undefined,
  paging: PagingSettings,
  abroad: Readonly<Record<string, Topics>> = {},
): PlannedAlarm[] {
  const alarms: PlannedAlarm[] = [];
  pulumi.runtime.registerStackTransformation(({ resource, type, name, props, opts }) => {
    if (type !== "aws:cloudwatch/metricAlarm:MetricAlarm" && type !== "aws:cloudwatch/compositeAlarm:CompositeAlarm")
      return undefined;
    const args = props as aws.cloudwatch.MetricAlarmArgs;
    const link = runbookLink({ type, name, metric: args.metricName, namespace: args.namespace });
    const described = { ...props, alarmDescription: pulumi.interpolate`${args.alarmDescription ?? ""} ${link}` };
    const isMetric = type.endsWith(":MetricAlarm");
    if (isMetric && typeof args.region === "string")
      return { props: { ...described, ...redirectAbroad(args, abroad[args.region]) }, opts };
    // A test must go the whole way by itself.
    if (!isMetric || !topics || args.region !== undefined || args.namespace === testNamespace)
      return { props: described, opts };
    const component = topComponentName(opts.parent, name);
    const pages = Array.isArray(args.alarmActions) && args.alarmActions.includes(topics.critical);
    const severity = pages ? severityOf(typeof args.metricName === "string" ? args.metricName : undefined) : "warning";
    const alone = typeof args.metricName === "string" && lonelyMetrics.has(args.metricName);
    alarms.push({ name, component, severity, alone, alarm: resource as unknown as PlannedAlarm["alarm"], args });
    const topic =
      severity === "critical" && !alone && isPagedTogether(component, paging) ? topics.info : topics[severity];
    const actions = {
      alarmActions: redirect(args.alarmActions, topics.critical, topic),
      okActions: redirect(args.okActions, topics.critical, topic),
    };
    return { props: { ...described, ...actions }, opts };
  });
  return alarms;
}
