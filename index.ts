import { lookupCloud } from "./components/common/iam";
import { engineReport, type Report } from "./components/common/report";
import { tagEverything } from "./components/common/tags";
import { AlarmTopics } from "./components/operations/alarm-topics";
import { TradingVpc } from "./components/network/trading-vpc";
import { resolveZones } from "./components/network/zones";
import { loadSettings } from "./config";

/** The program: settings -> components -> stack outputs. Each section's presence turns its component on. */
export = async (_report: Report = engineReport) => {
  const settings = loadSettings();
  const { project, stack, stage, owner, region } = settings;
  tagEverything({ project, stack, stage, owner });
  const cloud = await lookupCloud(region);

  const alarms = settings.monitoring && new AlarmTopics("monitoring", { ...settings.monitoring, cloud });

  const network =
    settings.network &&
    new TradingVpc("network", {
      ...settings.network,
      cloud,
      zones: await resolveZones(settings.network.zones, region),
    });

  return {
    stage,
    alarmTopics: alarms?.arns,
    network: network && { vpcId: network.vpcId, zones: network.zones, layout: network.layout },
  };
};
