import { MlflowServer } from "../components/ml/mlflow-server";
import { topicsAbroad } from "./alarm-topics";
import type { Platform } from "./platform";

export function wireMlflow(platform: Platform) {
  const { settings, cloud, tags, network, data, alarmTopics, mlflowClients } = platform;
  const { mlflow } = settings;
  const { modelArtifacts, modelDeploy } = data?.buckets?.buckets ?? {};
  if (!mlflow || !network || !modelArtifacts) return undefined;
  const server = new MlflowServer("mlflow", {
    ...mlflow,
    cloud,
    project: tags.project,
    stack: tags.stack,
    network: {
      vpcId: network.vpcId,
      vpcCidr: network.vpcCidr,
      dataSubnets: network.dataSubnets,
      clientSecurityGroupIds: {},
    },
    appSubnets: network.appSubnets,
    artifacts: modelArtifacts,
    publish:
      mlflow.publish && modelDeploy
        ? { ...mlflow.publish, bucket: modelDeploy, prefix: settings.fleet?.prefix ?? "models/" }
        : undefined,
    clients: mlflowClients,
    protected: platform.isProtected,
    tags: { ...tags, component: "mlflow" },
    alarmTopicArn: alarmTopics?.warning,
    alarmTopicsAbroad: topicsAbroad(platform, "warning"),
  });
  return {
    url: server.url,
    certificateParameter: server.caParameterName,
    adminSecretArn: server.adminSecretArn,
    userSecretArns: server.userSecretArns,
  };
}
