import { BacktestFarm } from "../components/ml/backtest-farm";
import { backtestDemands } from "../components/ml/backtest-farm/check";
import { checkQuotas } from "./gpu";
import type { Platform } from "./platform";
import { storeVariables } from "./stores";

export async function wireBacktest(platform: Platform) {
  const { settings, cloud, tags, network, data, alarmTopics, report } = platform;
  const { backtest } = settings;
  const { modelArtifacts, marketData } = data?.buckets?.buckets ?? {};
  if (!backtest || !network || !modelArtifacts) return undefined;
  await checkQuotas(backtestDemands(backtest), cloud.region, report);
  const farm = new BacktestFarm("backtest", {
    ...backtest,
    cloud,
    project: tags.project,
    stack: tags.stack,
    vpcId: network.vpcId,
    subnets: network.appSubnets,
    readBuckets: marketData ? [marketData] : [],
    resultBucket: modelArtifacts,
    environment: { ...storeVariables(platform, backtest.dataAccess), ...backtest.environment },
    tags: { ...tags, component: "backtest" },
    alarmTopicArn: alarmTopics?.warning,
  });
  platform.data?.grantClient("backtest", farm, backtest.dataAccess);
  platform.mlflowClients.backtest = farm.securityGroupId;
  return { queue: farm.queueArn, jobDefinition: farm.jobDefinitionArn };
}
