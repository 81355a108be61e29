import { planFleet } from "../components/trading/model-driven-fleet/fleet-plan";
import { fleetRecordOf } from "../components/trading/model-driven-fleet/manifest";
import { ModelDrivenFleet } from "../components/trading/model-driven-fleet/model-driven-fleet";
import { awsAccess } from "../config";
import type { Platform } from "./platform";

export async function wireFleet({ settings, cloud, tags, network, data, previous, report, alarmTopics }: Platform) {
  const { fleet } = settings;
  if (!fleet || !network) return undefined;
  const { project, stack } = tags;
  const ownBucket =
    settings.data?.buckets?.modelDeploy?.name === fleet.bucket ? data?.buckets?.buckets.modelDeploy : undefined;
  const access = awsAccess(cloud.region);
  return new ModelDrivenFleet("fleet", {
    ...fleet,
    cloud,
    vpcId: network.vpcId,
    subnets: network.appSubnets,
    plan: await planFleet({ ...fleet, project, stack, previous: fleetRecordOf(previous), access }, report),
    ...(ownBucket && { bucketId: ownBucket.name, bucketKeyArn: ownBucket.kmsKeyArn }),
    volumeTags: { ...tags, component: "fleet" },
    alarmTopicArn: alarmTopics?.critical,
  }).record;
}
