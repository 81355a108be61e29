import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { EncryptionKey } from "../../security/encryption-key";
import { instanceAlarms, replicaLagAlarm } from "./alarms";
import { createParameterGroup, exportedLogs, logGroups, type PostgresParts } from "./parts";
import type { ReadReplicaSettings } from "./settings";

interface ReplicaSource {
  readonly primary: aws.rds.Instance;
  readonly key: EncryptionKey;
  readonly group: aws.ec2.SecurityGroup;
}

/** What a replica has of its own in another Region: nothing of the primary's can be used there. */
interface Placement {
  readonly replicateSourceDb: pulumi.Output<string>;
  readonly kmsKeyArn: pulumi.Output<string>;
  readonly securityGroupId: pulumi.Output<string>;
  readonly parameterGroupName: pulumi.Output<string>;
  readonly subnetGroupName?: pulumi.Output<string>;
}

function abroad(
  child: string,
  parts: PostgresParts,
  region: string,
  network: NonNullable<ReadReplicaSettings["network"]>,
  source: ReplicaSource,
  parent: pulumi.Resource,
): Placement {
  const { args } = parts;
  const opts = { parent };
  const key = new EncryptionKey(
    `${child}-key`,
    {
      cloud: { ...args.cloud, region },
      region,
      description: `Replica ${child}`,
      usedBy: ["logs"],
      retain: args.settings.deletionProtection,
    },
    opts,
  );
  const group = new aws.ec2.SecurityGroup(
    `${child}-sg`,
    { description: `PostgreSQL ${child}: clients in, nothing outbound`, vpcId: network.vpcId, region },
    opts,
  );
  for (const cidr of network.clientCidrs) {
    new aws.vpc.SecurityGroupIngressRule(
      `${child}-from-${cidr.replace(/[./]/g, "-")}`,
      {
        securityGroupId: group.id,
        description: `PostgreSQL ${child} for ${cidr}`,
        cidrIpv4: cidr,
        ipProtocol: "tcp",
        fromPort: args.settings.port,
        toPort: args.settings.port,
        region,
      },
      opts,
    );
  }
  const subnets = new aws.rds.SubnetGroup(
    `${child}-subnets`,
    { description: `Subnets of ${child}`, subnetIds: [...network.subnetIds], region },
    opts,
  );
  return {
    replicateSourceDb: source.primary.arn,
    kmsKeyArn: key.arn,
    securityGroupId: group.id,
    parameterGroupName: createParameterGroup(`${child}-parameters`, args.settings, region, parent).name,
    subnetGroupName: subnets.name,
  };
}

/** One read replica with its logs and alarms. It takes no final snapshot (RDS refuses one) and can be promoted by hand. */
export function createReplica(
  parts: PostgresParts,
  key: string,
  settings: ReadReplicaSettings,
  source: ReplicaSource,
  parent: pulumi.Resource,
): aws.rds.Instance {
  const { args, name } = parts;
  const primary = args.settings;
  const child = `${name}-${key}`;
  const identifier = `${parts.identifier}-${key}`;
  const { region } = settings;
  const instanceClass = settings.instanceClass ?? primary.instanceClass;
  const placement: Placement =
    region !== undefined && settings.network
      ? abroad(child, parts, region, settings.network, source, parent)
      : {
          replicateSourceDb: source.primary.identifier,
          kmsKeyArn: source.key.arn,
          securityGroupId: source.group.id,
          parameterGroupName: source.primary.parameterGroupName,
        };
  const logs = logGroups(child, identifier, primary, placement.kmsKeyArn, region, parent);
  const insights = primary.performanceInsightsDays > 0;
  const replica = new aws.rds.Instance(
    `${child}-replica`,
    {
      identifier,
      replicateSourceDb: placement.replicateSourceDb,
      instanceClass,
      availabilityZone: settings.zone,
      region,
      port: primary.port,
      storageType: primary.storageType,
      maxAllocatedStorage: primary.maxStorageGiB,
      storageEncrypted: true,
      kmsKeyId: placement.kmsKeyArn,
      dbSubnetGroupName: placement.subnetGroupName,
      vpcSecurityGroupIds: [placement.securityGroupId],
      publiclyAccessible: false,
      parameterGroupName: placement.parameterGroupName,
      autoMinorVersionUpgrade: !primary.engineVersion.includes("."),
      maintenanceWindow: primary.maintenanceWindow.toLowerCase(),
      copyTagsToSnapshot: true,
      skipFinalSnapshot: true,
      deletionProtection: primary.deletionProtection,
      applyImmediately: primary.applyImmediately,
      monitoringInterval: primary.monitoringIntervalSeconds,
      monitoringRoleArn: parts.monitoringRoleArn,
      performanceInsightsEnabled: insights,
      performanceInsightsKmsKeyId: insights ? placement.kmsKeyArn : undefined,
      performanceInsightsRetentionPeriod: insights ? primary.performanceInsightsDays : undefined,
      enabledCloudwatchLogsExports: [...exportedLogs],
      tags: { Name: child },
    },
    { parent, protect: primary.deletionProtection, dependsOn: logs },
  );
  const target = { identifier, instanceClass, region };
  const topicArn = region === undefined ? args.alarmTopicArn : args.alarmTopicsAbroad?.[region];
  instanceAlarms(child, target, primary, topicArn, parent);
  replicaLagAlarm(child, target, topicArn, parent);
  return replica;
}
