import type * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { metricAlarm } from "../../common/alarm";

/** Namespace and service of the schedule's metrics. */
export const metricNamespace = "TradingPlatform";
export const metricService = "schedule";

/** Metrics that the functions write, and what to do when one is not zero. */
const metricAlarms: readonly (readonly [role: string, metric: string, description: string])[] = [
  [
    "not-stopped",
    "InstancesNotStopped",
    "Instances were not stopped after the session and cost money, or hold a position. First: read the log of schedule-report for the ids and reasons; close open positions, then start the stop machine by hand.",
  ],
  [
    "not-started",
    "InstancesNotStarted",
    "Instances did not start before the session. First: read the log of schedule-report for the ids and reasons; without capacity, change the instance type or start by hand in another zone.",
  ],
  [
    "not-ready",
    "InstancesNotReady",
    "Minutes before the opening something that should trade does not run, is impaired or does not answer. First: start the start machine by hand, then look at the instances that the log of fleet-readiness names.",
  ],
  [
    "calendar-stale",
    "CalendarStale",
    "The exchange calendar is older than the years it was checked for. First: run test/trading-edge/fixtures/exchange-sessions.py for the next years, mend the rules if they differ, deploy.",
  ],
];

export function createAlarms(
  name: string,
  args: { readonly stack: string; readonly alarmTopicArn?: pulumi.Input<string> },
  machines: Readonly<Record<"start" | "stop", aws.sfn.StateMachine>>,
  opts: pulumi.CustomResourceOptions,
): void {
  for (const [role, metric, description] of metricAlarms) {
    metricAlarm(
      `${name}-${role}`,
      {
        description,
        namespace: metricNamespace,
        metric,
        dimensions: { service: metricService, stack: args.stack },
        statistic: "Maximum",
        threshold: 0,
        periods: 1,
        alarmTopicArn: args.alarmTopicArn,
      },
      opts,
    );
  }
  for (const [action, machine] of Object.entries(machines)) {
    for (const [role, metric] of [
      ["failed", "ExecutionsFailed"],
      ["timed-out", "ExecutionsTimedOut"],
      ["aborted", "ExecutionsAborted"],
    ] as const) {
      metricAlarm(
        `${name}-${action}-${role}`,
        {
          description: `The ${action} of ${args.stack} did not end well (${metric}). First: open the execution in Step Functions, read its cause, check the instances by hand, then start the machine again: it does only what is left.`,
          namespace: "AWS/States",
          metric,
          dimensions: { StateMachineArn: machine.arn },
          statistic: "Sum",
          threshold: 0,
          periods: 1,
          alarmTopicArn: args.alarmTopicArn,
        },
        opts,
      );
    }
  }
}
