import { Backups, type MeasuredComponent, type TestedDatabase } from "../components/operations/backups";
import { WorkloadSecurityGroup } from "../components/services/workload-security-group";
import type { Platform } from "./platform";

const reader = "backups-check";

/** The database whose restored copies are read, with a reader that it lets in. */
function testedDatabase({ data, network }: Platform): TestedDatabase | undefined {
  const postgres = data?.postgres;
  if (!data || !postgres || !network) return undefined;
  const group = new WorkloadSecurityGroup(reader, {
    vpcId: network.vpcId,
    vpcCidr: network.vpcCidr,
    description: "Check of restored databases",
    internalPorts: { PostgreSQL: postgres.port },
  });
  data.allowClient(reader, group.id, ["postgres"]);
  return {
    arn: postgres.arn,
    port: postgres.port,
    masterSecretArn: postgres.masterSecretArn,
    keyArn: postgres.kmsKeyArn,
    subnetGroupName: postgres.subnetGroupName,
    vpcId: network.vpcId,
    appSubnetIds: network.appSubnets.map(({ id }) => id),
    readerSecurityGroupId: group.id,
  };
}

/** What is measured: the database, replicated models, and the services that were promised something. */
function measuredComponents({ settings, data, services }: Platform): Record<string, MeasuredComponent> {
  const components: Record<string, MeasuredComponent> = {};
  const { targets } = settings.backups ?? {};
  if (!targets) return components;
  const { postgres, timescale, buckets } = data ?? {};
  if (postgres) components.database = { kind: "rds", target: postgres.identifier, promise: targets.database };
  else if (timescale) components.database = { kind: "timescale", target: timescale.stanza, promise: targets.database };
  const models = buckets?.buckets.modelArtifacts;
  if (models?.replicaArn && models.replicaName) {
    components.models = {
      kind: "bucket",
      target: models.name,
      promise: targets.models,
      replica: models.replicaName,
      replicaArn: models.replicaArn,
      region: settings.data?.buckets?.modelArtifacts?.replicaRegion,
    };
  }
  for (const [key, promise] of Object.entries(targets.services)) {
    const serviceName = services?.serviceNames[key];
    if (!services || !serviceName) continue;
    const tasks = settings.services?.services[key]?.desiredCount ?? 1;
    components[key] = { kind: "service", target: serviceName, cluster: services.clusterName, promise, tasks };
  }
  return components;
}

export function wireBackups(platform: Platform) {
  const { settings, cloud, tags, alarmTopics } = platform;
  if (!settings.backups) return undefined;
  const { lock, restoreTest, ...rest } = settings.backups;
  const backups = new Backups("backups", {
    cloud,
    project: tags.project,
    stack: tags.stack,
    settings: { ...rest, lock: lock || undefined, restoreTest: restoreTest || undefined },
    components: measuredComponents(platform),
    database: restoreTest ? testedDatabase(platform) : undefined,
    volumes: platform.data?.timescale !== undefined,
    alarmTopicArn: alarmTopics?.critical,
    protected: platform.isProtected,
  });
  platform.vaultName = backups.vaultName;
  return { vault: backups.vaultName, copyVault: backups.copyVaultArn, restoreTestPlan: backups.restoreTestPlanArn };
}
