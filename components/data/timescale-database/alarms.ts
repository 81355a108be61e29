import * as pulumi from "@pulumi/pulumi";
import { metricAlarm, type AlarmArgs } from "../../common/alarm";
import { maxConnections } from "../tuning";
import { recoveryPointSeconds, type TimescaleSettings } from "./settings";

type NodeAlarm = Pick<
  AlarmArgs,
  "metric" | "statistic" | "threshold" | "side" | "periods" | "periodSeconds" | "missing"
> & { readonly role: string; readonly what: string };

function alarmsOf(settings: TimescaleSettings): readonly NodeAlarm[] {
  const limit = maxConnections(settings.tuning, settings.instanceType);
  return [
    {
      role: "down",
      metric: "Up",
      statistic: "Minimum",
      side: "below",
      threshold: 1,
      periods: 3,
      missing: "breaching",
      what: "does not answer, or does not report. First run `timescale-node status` on both nodes; if the primary is lost, promote the standby with the promotion document.",
    },
    {
      role: "connections",
      metric: "Connections",
      statistic: "Maximum",
      threshold: Math.floor(limit * 0.8),
      periods: 2,
      what: `has more than 80 % of its ${limit} connections open. First count pg_stat_activity by application: a leaking pool shows as idle sessions.`,
    },
    {
      role: "memory",
      metric: "MemoryUsedPercent",
      statistic: "Average",
      threshold: 85,
      what: "uses more than 85 % of its memory for 5 minutes. First look for work_mem-heavy statements, then take the next instance type.",
    },
    {
      role: "storage",
      metric: "DiskUsedPercent",
      statistic: "Maximum",
      threshold: 85,
      what: `has filled more than 85 % of its data volume. First check that the volume is not at its ceiling of ${settings.maxStorageGiB} GiB, then that no replication slot or failing archive holds WAL.`,
    },
    {
      role: "replication",
      metric: "ReplicationLagSeconds",
      statistic: "Maximum",
      threshold: 60,
      what: "is more than 60 s behind the primary for 5 minutes. First look for a long query on the standby, then at the network.",
    },
    {
      role: "archive",
      metric: "ArchiveDelaySeconds",
      statistic: "Maximum",
      threshold: recoveryPointSeconds - settings.backup.archiveTimeoutSeconds,
      periods: 1,
      what: "has WAL that is not in S3 yet, so that losing both nodes now would cost more than 5 minutes. First run `timescale-node maintain` and read pgBackRest's log.",
    },
    {
      role: "backup",
      metric: "BackupAgeHours",
      statistic: "Maximum",
      threshold: 26,
      periodSeconds: 3600,
      periods: 1,
      what: "has no backup of the last 26 hours. First run `timescale-node backup` on the primary and read what it says.",
    },
  ];
}

/** Alarms of one node: its own metrics, EC2's CPU and status checks. */
export function nodeAlarms(
  name: string,
  at: {
    readonly node: string;
    readonly stanza: string;
    readonly instanceId: pulumi.Input<string>;
    readonly settings: TimescaleSettings;
    readonly alarmTopicArn?: pulumi.Input<string>;
  },
  parent: pulumi.Resource,
): void {
  const who = `Node ${at.node} of TimescaleDB ${at.stanza}`;
  const common = { alarmTopicArn: at.alarmTopicArn };
  for (const { role, what, ...alarm } of alarmsOf(at.settings)) {
    metricAlarm(
      `${name}-${role}`,
      {
        ...common,
        ...alarm,
        namespace: "Trading/Timescale",
        dimensions: { Database: at.stanza, Node: at.node },
        description: `${who} ${what}`,
      },
      { parent },
    );
  }
  const ec2 = { ...common, namespace: "AWS/EC2", dimensions: { InstanceId: at.instanceId } };
  metricAlarm(
    `${name}-cpu`,
    {
      ...ec2,
      metric: "CPUUtilization",
      statistic: "Average",
      threshold: 80,
      description: `${who} keeps its processors above 80 % for 5 minutes. First look at pg_stat_statements for the statement with the most time.`,
    },
    { parent },
  );
  metricAlarm(
    `${name}-status`,
    {
      ...ec2,
      metric: "StatusCheckFailed",
      statistic: "Maximum",
      threshold: 0,
      periods: 2,
      missing: "breaching",
      description: `${who} fails EC2's status checks. First wait for the automatic recovery (5 minutes); if it is the primary and does not come back, promote the standby.`,
    },
    { parent },
  );
}

/** The primary's own view of its standby; whichever node is primary reports it. */
export function standbyAlarm(
  name: string,
  stanza: string,
  node: string,
  alarmTopicArn: pulumi.Input<string> | undefined,
  parent: pulumi.Resource,
): void {
  metricAlarm(
    `${name}-standby`,
    {
      namespace: "Trading/Timescale",
      metric: "Standbys",
      dimensions: { Database: stanza, Node: node },
      statistic: "Maximum",
      side: "below",
      threshold: 1,
      periods: 10,
      alarmTopicArn,
      description: `TimescaleDB ${stanza} has had no standby for 10 minutes: losing the primary now means a restore. First run \`timescale-node status\` on the other node, then \`timescale-node rejoin\` there.`,
    },
    { parent },
  );
}
