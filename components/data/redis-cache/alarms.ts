import * as pulumi from "@pulumi/pulumi";
import { metricAlarm, type AlarmArgs } from "../../common/alarm";

/** The alarms of every node; any of them can become a primary. */
const perNode: readonly (Pick<
  AlarmArgs,
  "metric" | "statistic" | "threshold" | "side" | "periods" | "periodSeconds"
> & {
  readonly role: string;
  readonly what: string;
})[] = [
  {
    role: "memory",
    metric: "DatabaseMemoryUsagePercentage",
    statistic: "Maximum",
    threshold: 85,
    what: "uses more than 85 % of its memory for 5 minutes. First look which keys grow (memory usage, big keys) and whether they have a time to live; then add shards or take larger nodes.",
  },
  {
    role: "cpu",
    metric: "EngineCPUUtilization",
    statistic: "Average",
    threshold: 80,
    what: "keeps Redis's one thread above 80 % for 5 minutes. First read the slow log for expensive commands; then add shards.",
  },
  {
    role: "evictions",
    metric: "Evictions",
    statistic: "Sum",
    threshold: 1000,
    periodSeconds: 300,
    periods: 1,
    what: "threw out more than 1,000 keys in 5 minutes for want of memory. First check the times to live; then add memory.",
  },
  {
    role: "hit-rate",
    metric: "CacheHitRate",
    statistic: "Average",
    side: "below",
    threshold: 50,
    periodSeconds: 300,
    periods: 3,
    what: "answers less than half of the reads for 15 minutes. First check whether a release changed its keys, then evictions.",
  },
  {
    role: "replication",
    metric: "ReplicationLag",
    statistic: "Maximum",
    threshold: 10,
    what: "is more than 10 s behind its primary for 5 minutes. First look at the network and the primary's writes: a failover now would lose them.",
  },
];

/** Alarms on memory, CPU, evictions, hit rate and replication of each node. */
export function nodeAlarms(
  name: string,
  members: readonly { readonly id: string; readonly suffix: string }[],
  alarmTopicArn: pulumi.Input<string> | undefined,
  parent: pulumi.Resource,
): void {
  for (const member of members) {
    for (const { role, what, ...alarm } of perNode) {
      metricAlarm(
        `${name}-${role}-${member.suffix}`,
        {
          ...alarm,
          namespace: "AWS/ElastiCache",
          dimensions: { CacheClusterId: member.id },
          description: `Redis node ${member.id} ${what}`,
          alarmTopicArn,
        },
        { parent },
      );
    }
  }
}
