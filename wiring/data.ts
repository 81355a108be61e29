import { DataPlatform } from "../components/data/data-platform";
import { topicsAbroad } from "./alarm-topics";
import type { Platform } from "./platform";

export function wireData(platform: Platform) {
  const { settings, cloud, network, alarmTopics } = platform;
  if (!settings.data || !network) return undefined;
  platform.data = new DataPlatform("data", {
    cloud,
    settings: settings.data,
    network: {
      vpcId: network.vpcId,
      vpcCidr: network.vpcCidr,
      dataSubnets: network.dataSubnets,
      s3PrefixListId: network.s3PrefixListId,
      clientSecurityGroupIds: {},
    },
    alarmTopicArn: alarmTopics?.critical,
    alarmTopicsAbroad: topicsAbroad(platform, "critical"),
    protected: platform.isProtected,
  });
  return platform.data.endpoints;
}
