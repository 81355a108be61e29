import type * as pulumi from "@pulumi/pulumi";
import { metricAlarm, type AlarmArgs } from "../../common/alarm";
import type { EksPlatformArgs } from ".";

/** Alarms on nodes and the cluster's own health, from the metrics of the observability add-on. */
export function clusterAlarms(
  name: string,
  clusterName: string,
  args: Pick<EksPlatformArgs, "alarmTopicArn">,
  parent: pulumi.Resource,
): void {
  const alarm = (
    role: string,
    metric: string,
    description: string,
    change: Partial<AlarmArgs> & { readonly threshold: number },
  ) =>
    metricAlarm(
      `${name}-${role}-alarm`,
      {
        description,
        namespace: "ContainerInsights",
        metric,
        dimensions: { ClusterName: clusterName },
        statistic: "Average",
        alarmTopicArn: args.alarmTopicArn,
        ...change,
      },
      { parent },
    );
  alarm(
    "cpu",
    "node_cpu_utilization",
    `The nodes of ${clusterName} use over 80 % CPU. First look for pending pods and a node group at its largest size; raise it, or look for a runaway pod.`,
    { threshold: 80 },
  );
  alarm(
    "memory",
    "node_memory_utilization",
    `The nodes of ${clusterName} use over 85 % of their memory. First look for pods without a memory limit: the kernel kills by its own choice next.`,
    { threshold: 85 },
  );
  alarm(
    "disk",
    "node_filesystem_utilization",
    `The disks of the nodes of ${clusterName} are over 85 % full. First look for pods that write logs to disk; a full node evicts its pods.`,
    { threshold: 85 },
  );
  alarm(
    "failed-nodes",
    "cluster_failed_node_count",
    `Nodes of ${clusterName} are not ready, or the cluster reports nothing at all. First describe the nodes for their condition; EKS repairs one by itself after some minutes. With every node ready look at the pods of the namespace amazon-cloudwatch: without them no alarm of the cluster goes off.`,
    // The cluster's heartbeat: where nobody reports, the alarms above are silent too.
    { threshold: 0, statistic: "Maximum", missing: "breaching" },
  );
}
