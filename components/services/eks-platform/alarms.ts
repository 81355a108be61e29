import type * as pulumi from "@pulumi/pulumi";
import { metricAlarm, type AlarmArgs } from "../../common/alarm";
import type { EksPlatformArgs } from ".";

/**
 * Alarms on nodes, pods and the cluster's own health, from the metrics of the observability add-on. Those on pods come with
 * enhanced observability, which the add-on turns on by itself.
 */
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
    "crashing-pods",
    "pod_container_status_waiting_reason_crash_loop_back_off",
    `A container of a pod in ${clusterName} ends again and again, and Kubernetes waits longer each time before it starts it. First read what it said last (kubectl logs --previous) and compare with the time of the last release; if they match, go back to the release before.`,
    { threshold: 0, statistic: "Maximum" },
  );
  alarm(
    "failed-pods",
    "pod_status_failed",
    `A pod of ${clusterName} failed and will not run again. First list the pods with the status Failed in all namespaces: an evicted one tells of a full node, one of a job of its program; delete it when it has been read, and the alarm ends.`,
    { threshold: 0, statistic: "Maximum" },
  );
  alarm(
    "pending-pods",
    "pod_status_pending",
    `A pod of ${clusterName} has been on a node for 15 minutes without starting. First describe it: its events name the image that cannot be pulled, the volume that does not attach, or the secret that is missing.`,
    { threshold: 0, statistic: "Maximum", periods: 15 },
  );
  alarm(
    "failed-nodes",
    "cluster_failed_node_count",
    `Nodes of ${clusterName} are not ready, or the cluster reports nothing at all. First describe the nodes for their condition; EKS repairs one by itself after some minutes. With every node ready look at the pods of the namespace amazon-cloudwatch: without them no alarm of the cluster goes off.`,
    // The cluster's heartbeat: where nobody reports, the alarms above are silent too.
    { threshold: 0, statistic: "Maximum", missing: "breaching" },
  );
}
