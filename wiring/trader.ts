import { LocalZoneTrader } from "../components/trading/local-zone-trader";
import { amazonLinux } from "../components/trading/private-host";
import type { Platform } from "./platform";
import { storeVariables } from "./stores";

export function wireTrader(platform: Platform) {
  const { settings, cloud, tags, network, alarmTopics } = platform;
  const subnet = network?.localZoneSubnets.find(({ zone }) => zone === settings.trader?.zone);
  const regionSubnet = network?.appSubnets[0];
  if (!settings.trader || !network || !subnet || !regionSubnet) return undefined;
  const trader = new LocalZoneTrader("trader", {
    ...settings.trader,
    cloud,
    ami: settings.trader.ami ?? platform.amis?.trading ?? amazonLinux.x86_64,
    project: tags.project,
    stack: tags.stack,
    stage: settings.stage,
    vpcId: network.vpcId,
    vpcCidr: network.vpcCidr,
    subnet,
    regionSubnetId: regionSubnet.id,
    monitoringSecurityGroupId: platform.monitoringSecurityGroupId,
    environment: storeVariables(platform, settings.trader.dataAccess),
    alarmTopicArn: alarmTopics?.critical,
  });
  platform.data?.grantClient("trader", trader, settings.trader.dataAccess);
  platform.scheduledVolumeKeyArns.push(trader.volumeKeyArn);
  platform.marketDataReaders.trader = trader.securityGroupId;
  return { instanceId: trader.instanceId, privateIp: trader.privateIp, mode: trader.mode };
}
