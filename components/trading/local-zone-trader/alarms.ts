import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { metricAlarm } from "../../common/alarm";
import type { Cloud } from "../../common/iam";
import { traderMetrics } from "./boot";

export interface TraderAlarmArgs {
  readonly cloud: Cloud;
  readonly instanceId: pulumi.Input<string>;
  /** Milliseconds of a TCP round trip to the exchange above which the way is wrong. */
  readonly roundTripMilliseconds: number;
  readonly alarmTopicArn?: pulumi.Input<string>;
}

/** Milliseconds that the clock may be off: orders are stamped, and exchanges ask for 1 ms or better. */
const clockOffsetMilliseconds = 1;

/** Alarms of one trading host. The first also recovers it: EC2 moves it to other hardware with its address and volumes. */
export function createTraderAlarms(name: string, args: TraderAlarmArgs, opts: pulumi.CustomResourceOptions): void {
  const { cloud, alarmTopicArn } = args;
  const dimensions = { InstanceId: args.instanceId };
  const topic = alarmTopicArn === undefined ? [] : [alarmTopicArn];
  new aws.cloudwatch.MetricAlarm(
    `${name}-system-check`,
    {
      alarmDescription:
        "The trading host's hardware failed; EC2 recovers it on other hardware, memory is lost. First: check open positions at the broker, then that gateway and bot run again.",
      namespace: "AWS/EC2",
      metricName: "StatusCheckFailed_System",
      dimensions,
      statistic: "Maximum",
      comparisonOperator: "GreaterThanThreshold",
      threshold: 0,
      period: 60,
      evaluationPeriods: 2,
      treatMissingData: "notBreaching",
      alarmActions: [`arn:${cloud.partition}:automate:${cloud.region}:ec2:recover`, ...topic],
      okActions: topic,
    },
    opts,
  );
  const alarm = (
    role: string,
    metric: string,
    threshold: number,
    description: string,
    more: { namespace?: string; statistic?: "Average" | "Maximum"; periods?: number } = {},
  ) =>
    metricAlarm(
      `${name}-${role}`,
      {
        description,
        namespace: more.namespace ?? "AWS/EC2",
        metric,
        dimensions,
        statistic: more.statistic ?? "Average",
        threshold,
        periods: more.periods,
        missing: "missing", // a host that the schedule stopped says nothing, and nothing is wrong
        alarmTopicArn,
      },
      opts,
    );
  alarm(
    "instance-check",
    "StatusCheckFailed_Instance",
    0,
    "The trading host's system does not answer. First: check open positions at the broker; then look at the console output, reboot if nothing is open.",
    { statistic: "Maximum", periods: 2 },
  );
  alarm(
    "volume-check",
    "StatusCheckFailed_AttachedEBS",
    0,
    "A volume of the trading host cannot be reached. First: check open positions at the broker; then stop and start the host.",
    { statistic: "Maximum", periods: 2 },
  );
  alarm(
    "cpu",
    "CPUUtilization",
    85,
    "The trading host is short of CPU and its orders are late. First: see which process it is (Session Manager, top); then a larger instance type.",
  );
  alarm(
    "memory",
    "mem_used_percent",
    85,
    "The trading host is short of memory. First: see which process it is; restart the gateway outside the session, or take a larger instance type.",
    { namespace: "CWAgent" },
  );
  alarm(
    "disk",
    "disk_used_percent",
    80,
    "The trading host's disk fills up. First: remove old images (docker image prune); then a larger root volume.",
    { namespace: "CWAgent", statistic: "Maximum" },
  );
  alarm(
    "clock",
    "ClockOffsetMilliseconds",
    clockOffsetMilliseconds,
    "The trading host's clock is off and its time stamps are wrong. First: chronyc sources on the host; 169.254.169.123 must be selected.",
    { namespace: traderMetrics, statistic: "Maximum", periods: 3 },
  );
  alarm(
    "round-trip",
    "ExchangeRoundTripMilliseconds",
    args.roundTripMilliseconds,
    "Market traffic takes longer than it should. First: see the egress of the Local Zone (network.localZones) and whether traffic leaves by Virginia; then the broker's status page.",
    { namespace: traderMetrics },
  );
}
