import { EksPlatform } from "../components/services/eks-platform";
import type { Platform } from "./platform";
import { accessOf, workloadGroup } from "./workloads";

export function wireKubernetes(platform: Platform) {
  const { settings, cloud, network, alarmTopics, tags } = platform;
  if (!settings.kubernetes || !network) return undefined;
  const { egress, workloads, ...kubernetes } = settings.kubernetes;
  const group = workloadGroup(platform, "kubernetes-nodes", "Nodes of Kubernetes", egress);
  const cluster = new EksPlatform("kubernetes", {
    ...kubernetes,
    cloud,
    vpcId: network.vpcId,
    appSubnets: network.appSubnets,
    nodeSecurityGroupId: group.id,
    workloads: Object.fromEntries(
      Object.entries(workloads).map(([key, { access, ...pod }]) => [
        key,
        { ...pod, statements: accessOf(platform, access) },
      ]),
    ),
    tags: { ...tags, component: "kubernetes" },
    alarmTopicArn: alarmTopics?.critical,
  });
  platform.kubernetes = cluster;
  return {
    clusterName: cluster.clusterName,
    kubeconfig: cluster.kubeconfig,
    manifests: cluster.manifests,
    workloadRoles: cluster.workloadRoleArns,
  };
}
