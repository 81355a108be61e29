import * as aws from "@pulumi/aws";
import type { Report } from "../components/common/report";
import { throwIfAny } from "../components/common/validation";
import { GpuImage } from "../components/ml/gpu-image";
import { GpuTrainer } from "../components/ml/gpu-trainer";
import { trainerDemands } from "../components/ml/gpu-trainer/check";
import { demandsByQuota, quotaIssue, type Demand } from "../components/ml/quotas";
import type { Platform } from "./platform";
import { storeVariables } from "./stores";

/** AWS's own GPU image with driver, CUDA and container toolkit. */
const deepLearningImage =
  "resolve:ssm:/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-amazon-linux-2023/latest/ami-id";

/** What the account is allowed of a quota of EC2's. */
async function allowedByAccount(quotaCode: string): Promise<number> {
  return (await aws.servicequotas.getServiceQuota({ serviceCode: "ec2", quotaCode })).value;
}

/** Asks the account's quotas before anything is made; a plan without an account asks nothing. */
export async function checkQuotas(
  demands: readonly Demand[],
  region: string,
  report: Report,
  allowed: (quotaCode: string) => Promise<number> = allowedByAccount,
): Promise<void> {
  if (report.offline) return;
  const issues = await Promise.all(
    demandsByQuota(demands).map(async (demand) => {
      try {
        return quotaIssue(demand, await allowed(demand.quota.code), region);
      } catch (error) {
        const [reason = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
        report.warn(`The quota "${demand.quota.name}" (${demand.quota.code}) could not be read: ${reason}`);
        return [];
      }
    }),
  );
  throwIfAny("EC2's quotas", issues.flat());
}

export async function wireGpu(platform: Platform) {
  const { settings, cloud, tags, network, data, alarmTopics, amis, report } = platform;
  const { gpu } = settings;
  const [subnet] = network?.appSubnets ?? [];
  if (!gpu || !network || !subnet) return undefined;
  const common = { cloud, vpcId: network.vpcId, alarmTopicArn: alarmTopics?.warning };
  const image =
    gpu.image &&
    new GpuImage("gpu-image", {
      ...gpu.image,
      ...common,
      project: tags.project,
      stack: tags.stack,
      stage: settings.stage,
      subnetId: subnet.id,
      tags: { ...tags, component: "gpu-image" },
    });
  const models = data?.buckets?.buckets.modelArtifacts;
  const market = data?.buckets?.buckets.marketData;
  if (Object.keys(gpu.trainers).length === 0 || !models) return { pipeline: image?.pipelineArn };
  await checkQuotas(trainerDemands(gpu.trainers), cloud.region, report);
  const trainer = new GpuTrainer("gpu", {
    ...common,
    subnets: network.appSubnets,
    trainers: gpu.trainers,
    ami: amis?.gpu ?? deepLearningImage,
    sharedFiles: gpu.sharedFiles,
    readBuckets: market ? [market] : [],
    writeBucket: models,
    environment: { ...storeVariables(platform, gpu.dataAccess), ...gpu.environment },
    tags: { ...tags, component: "gpu" },
  });
  platform.data?.grantClient("gpu", trainer, gpu.dataAccess);
  platform.mlflowClients.gpu = trainer.securityGroupId;
  return { pipeline: image?.pipelineArn, instances: trainer.instanceIds, fileSystem: trainer.fileSystemId };
}
