import { fleetRecordOf, ModelDrivenFleet, planFleet } from "../components/trading/model-driven-fleet";
import { awsAccess } from "../config";
import { marketDataEnvironment } from "./ingest";
import type { Platform } from "./platform";
import { storeVariables } from "./stores";

export async function wireFleet(platform: Platform) {
  const { settings, cloud, tags, network, data, previous, report, alarmTopics } = platform;
  const { fleet } = settings;
  if (!fleet || !network) return undefined;
  const { project, stack } = tags;
  const ownBucket =
    settings.data?.buckets?.modelDeploy?.name === fleet.bucket ? data?.buckets?.buckets.modelDeploy : undefined;
  const access = awsAccess(cloud.region);
  const made = new ModelDrivenFleet("fleet", {
    ...fleet,
    environment: { ...marketDataEnvironment(platform), ...fleet.environment },
    cloud,
    amis: { x86_64: platform.amis?.trading, arm64: platform.amis?.["trading-arm64"] },
    vpcId: network.vpcId,
    subnets: network.appSubnets,
    plan: await planFleet({ ...fleet, project, stack, previous: fleetRecordOf(previous), access }, report),
    ...(ownBucket && { bucketId: ownBucket.name, bucketKeyArn: ownBucket.kmsKeyArn }),
    storeEnvironment: storeVariables(platform, fleet.dataAccess),
    volumeTags: { ...tags, component: "fleet" },
    alarmTopicArn: alarmTopics?.critical,
  });
  platform.data?.grantClient("fleet", made, fleet.dataAccess);
  platform.scheduledVolumeKeyArns.push(made.volumeKeyArn);
  platform.marketDataReaders.fleet = made.securityGroupId;
  return made.record;
}
