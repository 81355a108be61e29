import { lookupCloud } from "./components/common/iam";
import { previousOutputs } from "./components/common/previous-deployment";
import { engineReport, type Report } from "./components/common/report";
import { tagEverything } from "./components/common/tags";
import { DataPlatform } from "./components/data/data-platform";
import type { NetworkLayout } from "./components/network/subnet-plan";
import { TradingVpc } from "./components/network/trading-vpc";
import { resolveZones } from "./components/network/zones";
import { AlarmTopics } from "./components/operations/alarm-topics";
import { resolveSingletons, SecurityBaseline } from "./components/security/security-baseline";
import { FleetSchedule } from "./components/trading/fleet-schedule";
import { LocalZoneTrader } from "./components/trading/local-zone-trader";
import { planFleet } from "./components/trading/model-driven-fleet/fleet-plan";
import { fleetRecordOf } from "./components/trading/model-driven-fleet/manifest";
import { ModelDrivenFleet } from "./components/trading/model-driven-fleet/model-driven-fleet";
import { awsAccess, loadSettings } from "./config";

/** The program: settings -> components -> stack outputs. Each section's presence turns its component on. */
export = async (report: Report = engineReport) => {
  const settings = loadSettings();
  const { project, stack, stage, owner, region } = settings;
  tagEverything({ project, stack, stage, owner });
  const [cloud, previous] = await Promise.all([lookupCloud(region), previousOutputs()]);

  const alarms = settings.monitoring && new AlarmTopics("monitoring", { ...settings.monitoring, cloud });

  const network =
    settings.network &&
    new TradingVpc("network", {
      ...settings.network,
      cloud,
      zones: await resolveZones(settings.network.zones, region),
      previousLayout: (previous.network as { layout?: NetworkLayout } | undefined)?.layout,
    });

  const data =
    settings.data &&
    network &&
    new DataPlatform("data", {
      cloud,
      settings: settings.data,
      network: {
        vpcId: network.vpcId,
        vpcCidr: network.vpcCidr,
        dataSubnets: network.dataSubnets,
        s3PrefixListId: network.s3PrefixListId,
        clientSecurityGroupIds: {},
      },
      alarmTopicArn: alarms?.arns.critical,
      protected: stage !== "dev",
    });

  const traderSubnet = network?.localZoneSubnets.find(({ zone }) => zone === settings.trader?.zone);
  const regionSubnet = network?.appSubnets[0];
  const trader =
    settings.trader &&
    network &&
    traderSubnet &&
    regionSubnet &&
    new LocalZoneTrader("trader", {
      ...settings.trader,
      cloud,
      project,
      stack,
      stage,
      vpcId: network.vpcId,
      vpcCidr: network.vpcCidr,
      subnet: traderSubnet,
      regionSubnetId: regionSubnet.id,
      alarmTopicArn: alarms?.arns.critical,
    });

  const deployBucket =
    settings.data?.buckets?.modelDeploy?.name === settings.fleet?.bucket
      ? data?.buckets?.buckets.modelDeploy
      : undefined;
  const fleet =
    settings.fleet &&
    network &&
    new ModelDrivenFleet("fleet", {
      ...settings.fleet,
      cloud,
      vpcId: network.vpcId,
      subnets: network.appSubnets,
      plan: await planFleet(
        { ...settings.fleet, project, stack, previous: fleetRecordOf(previous), access: awsAccess(region) },
        report,
      ),
      ...(deployBucket && { bucketId: deployBucket.name, bucketKeyArn: deployBucket.kmsKeyArn }),
      volumeTags: { project, stack, stage, owner, component: "fleet" },
      alarmTopicArn: alarms?.arns.critical,
    });

  const schedule =
    settings.schedule &&
    new FleetSchedule("schedule", {
      ...settings.schedule,
      windows: settings.schedule,
      cloud,
      project,
      stack,
      armed: stage !== "dev",
      volumeKeyArns: trader ? [trader.volumeKeyArn] : [],
      alarmTopicArn: alarms?.arns.critical,
    });

  const security =
    settings.security &&
    new SecurityBaseline("security", {
      ...settings.security,
      cloud,
      decisions: await resolveSingletons({
        region,
        wanted: settings.security.singletons,
        previous,
        offline: report.offline ?? false,
      }),
      dataEventBucketArns: data?.recordedBucketArns ?? [],
      topics: alarms?.arns,
      protected: stage !== "dev",
    });

  return withoutAbsent({
    stage,
    alarmTopics: alarms?.arns,
    network: network && { vpcId: network.vpcId, zones: network.zones, layout: network.layout },
    data: data?.endpoints,
    trader: trader && { instanceId: trader.instanceId, privateIp: trader.privateIp, mode: trader.mode },
    schedule: schedule && { start: schedule.startMachineArn, stop: schedule.stopMachineArn, times: schedule.schedules },
    fleet: fleet?.record,
    security: security && { auditBucket: security.auditBucketName, trailArn: security.trailArn, owned: security.owned },
  });
};

/** Outputs of the sections that are on: the engine warns of an output that is undefined. */
function withoutAbsent(outputs: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(outputs).filter(([, value]) => value !== undefined));
}
