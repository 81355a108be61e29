import * as pulumi from "@pulumi/pulumi";
import { metricAlarm } from "../../common/alarm";
import { classSize } from "../memory";
import { maxConnections } from "../tuning";
import type { PostgresSettings } from "./settings";

/** Share of a limit at which people are told, as document 004 asks: CPU and connections 80 %, memory 85 %. */
const cpuPercent = 80;
const connectionShare = 0.8;
const memoryShare = 0.85;
/** Free storage below this share cannot wait: autoscaling only acts after a pause of six hours. */
const freeStorageShare = 0.1;
/** Seconds of an average read or write that clients feel. */
const latencySeconds = 0.02;
/** Seconds that a replica may lag: document 001's RPO of 15 minutes and 004's of 5 stay far away. */
const replicaLagSeconds = 60;

const gibibyte = 2 ** 30;

interface AlarmTarget {
  readonly identifier: string;
  readonly instanceClass: string;
  readonly region?: string;
}

/** Alarms that the primary and each replica have alike. */
export function instanceAlarms(
  name: string,
  target: AlarmTarget,
  settings: PostgresSettings,
  alarmTopicArn: pulumi.Input<string> | undefined,
  parent: pulumi.Resource,
): void {
  const memory = (classSize(target.instanceClass)?.memoryGiB ?? 0) * gibibyte;
  const limit = maxConnections(settings.tuning, settings.instanceClass);
  const common = {
    namespace: "AWS/RDS",
    dimensions: { DBInstanceIdentifier: target.identifier },
    alarmTopicArn,
    region: target.region,
  };
  const opts = { parent };
  metricAlarm(
    `${name}-cpu`,
    {
      ...common,
      description: `CPU of database ${target.identifier} is above ${cpuPercent} % for 5 minutes. First look at Performance Insights for the statement with the most load.`,
      metric: "CPUUtilization",
      statistic: "Average",
      threshold: cpuPercent,
    },
    opts,
  );
  metricAlarm(
    `${name}-connections`,
    {
      ...common,
      description: `Database ${target.identifier} has more than 80 % of its ${limit} connections open. First count pg_stat_activity by application: a leaking pool shows as idle sessions.`,
      metric: "DatabaseConnections",
      statistic: "Maximum",
      threshold: Math.floor(limit * connectionShare),
      periods: 2,
    },
    opts,
  );
  metricAlarm(
    `${name}-memory`,
    {
      ...common,
      description: `Database ${target.identifier} uses more than 85 % of its memory for 5 minutes. First look for work_mem-heavy statements, then take the next class.`,
      metric: "FreeableMemory",
      statistic: "Average",
      side: "below",
      threshold: Math.floor(memory * (1 - memoryShare)),
    },
    opts,
  );
  metricAlarm(
    `${name}-storage`,
    {
      ...common,
      description: `Database ${target.identifier} has less than 10 % of its storage free. First check that storage autoscaling is not at its ceiling of ${settings.maxStorageGiB} GiB, then that no replication slot holds WAL.`,
      metric: "FreeStorageSpace",
      statistic: "Minimum",
      side: "below",
      threshold: Math.floor(settings.storageGiB * gibibyte * freeStorageShare),
      periodSeconds: 300,
      periods: 1,
    },
    opts,
  );
  for (const metric of ["ReadLatency", "WriteLatency"] as const) {
    metricAlarm(
      `${name}-${metric === "ReadLatency" ? "read" : "write"}-latency`,
      {
        ...common,
        description: `An average ${metric === "ReadLatency" ? "read" : "write"} of database ${target.identifier} takes over 20 ms for 5 minutes. First compare IOPS with the storage's limit, then look for missing indexes.`,
        metric,
        statistic: "Average",
        threshold: latencySeconds,
      },
      opts,
    );
  }
}

/** The alarm that only a replica has. */
export function replicaLagAlarm(
  name: string,
  target: AlarmTarget,
  alarmTopicArn: pulumi.Input<string> | undefined,
  parent: pulumi.Resource,
): void {
  metricAlarm(
    `${name}-lag`,
    {
      namespace: "AWS/RDS",
      dimensions: { DBInstanceIdentifier: target.identifier },
      alarmTopicArn,
      region: target.region,
      description: `Replica ${target.identifier} is more than ${replicaLagSeconds} s behind. First look for a long transaction on the replica, then for a burst of writes; route reads to the primary meanwhile.`,
      metric: "ReplicaLag",
      statistic: "Maximum",
      threshold: replicaLagSeconds,
      missing: "breaching",
    },
    { parent },
  );
}
