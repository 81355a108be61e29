import { FargateServices } from "../components/services/fargate-services";
import type { Platform } from "./platform";
import { dataAccess, workloadGroup } from "./workloads";

export function wireServices(platform: Platform) {
  const { settings, cloud, network, alarmTopics } = platform;
  if (!settings.services || !network) return undefined;
  const group = workloadGroup(platform, "services-app", "Application tier: services", settings.services.egress);
  const services = new FargateServices("services", {
    ...dataAccess(platform),
    cloud,
    vpcId: network.vpcId,
    vpcCidr: network.vpcCidr,
    publicSubnets: network.publicSubnets,
    appSubnets: network.appSubnets,
    securityGroupId: group.id,
    services: settings.services.services,
    loadBalancer: settings.services.loadBalancer,
    alarmTopicArn: alarmTopics?.critical,
  });
  platform.services = services;
  return {
    url: services.url,
    cluster: services.clusterName,
    services: services.serviceNames,
    repositories: services.repositoryUrls,
    logGroups: services.logGroupNames,
  };
}
