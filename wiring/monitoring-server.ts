import { MonitoringServer } from "../components/trading/monitoring-server";
import type { Platform } from "./platform";

export function wireMonitoringServer(platform: Platform) {
  const { settings, cloud, tags, network, alarmTopics } = platform;
  const subnet = network?.appSubnets[0];
  if (!settings.monitoringServer || !network || !subnet) return undefined;
  const server = new MonitoringServer("monitoring-server", {
    ...settings.monitoringServer,
    cloud,
    project: tags.project,
    stack: tags.stack,
    vpcId: network.vpcId,
    vpcCidr: network.vpcCidr,
    subnet,
    protected: platform.isProtected,
    alarmTopicArn: alarmTopics?.warning,
  });
  platform.monitoringSecurityGroupId = server.securityGroupId;
  return { instanceId: server.instanceId, grafanaSecretArn: server.grafanaSecretArn };
}
