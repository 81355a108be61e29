import { localZoneEgressRemarks } from "../components/network/local-zones";
import type { NetworkLayout } from "../components/network/subnet-plan";
import { TradingVpc } from "../components/network/trading-vpc";
import { resolveZones } from "../components/network/zones";
import type { Platform } from "./platform";

export async function wireNetwork(platform: Platform) {
  const { settings, cloud, previous } = platform;
  if (!settings.network) return undefined;
  const network = new TradingVpc("network", {
    ...settings.network,
    cloud,
    zones: await resolveZones(settings.network.zones, cloud.region),
    previousLayout: (previous.network as { layout?: NetworkLayout } | undefined)?.layout,
  });
  for (const { zone, egress } of settings.network.localZones) {
    if (egress !== "local-nat") platform.report.warn(`${zone} ${localZoneEgressRemarks[egress]}`);
  }
  platform.network = network;
  return { vpcId: network.vpcId, zones: network.zones, layout: network.layout };
}
