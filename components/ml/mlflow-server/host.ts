import * as aws from "@pulumi/aws";
import { imdsV2, launchTags, privateInterface, rootVolume } from "../../common/launch-template";
import * as pulumi from "@pulumi/pulumi";
import { metricAlarm } from "../../common/alarm";
import { arnOf, instanceProfile } from "../../common/iam";
import { encodeUserData } from "../../common/user-data";
import type { PostgresDatabase } from "../../data/postgres-database";
import { amazonLinux } from "../../trading/private-host";
import type { MlflowServerArgs } from ".";
import { artifactPrefix, mlflowBootScript } from "./boot";
import { caParameterName, type Kept } from "./kept";
import { hostPolicy } from "./policies";

interface HostArgs {
  readonly ami?: string | undefined;
  readonly instanceType: string;
  readonly rootVolumeGiB: number;
  readonly subnetIds: readonly pulumi.Input<string>[];
  readonly securityGroupId: pulumi.Input<string>;
  readonly profileArn: pulumi.Input<string>;
  readonly keyArn: pulumi.Input<string>;
  readonly userData: pulumi.Input<string>;
  readonly waitMinutes: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** A group of one: a host that fails, or that says it does, is replaced in any of the zones. A new template does the same. */
function createHostGroup(name: string, args: HostArgs, opts: pulumi.CustomResourceOptions): aws.autoscaling.Group {
  const tags = { ...args.tags, Name: name };
  const template = new aws.ec2.LaunchTemplate(
    `${name}-host`,
    {
      imageId: args.ami ?? amazonLinux.x86_64,
      instanceType: args.instanceType,
      iamInstanceProfile: { arn: args.profileArn },
      userData: args.userData,
      updateDefaultVersion: true,
      ebsOptimized: "true",
      monitoring: { enabled: true },
      metadataOptions: imdsV2,
      networkInterfaces: privateInterface({ securityGroupIds: [args.securityGroupId] }),
      blockDeviceMappings: rootVolume({ sizeGiB: args.rootVolumeGiB, kmsKeyArn: args.keyArn }),
      tagSpecifications: launchTags(tags),
      tags: { Name: `${name}-host` },
    },
    opts,
  );
  return new aws.autoscaling.Group(
    name,
    {
      vpcZoneIdentifiers: [...args.subnetIds],
      minSize: 1,
      maxSize: 1,
      desiredCapacity: 1,
      launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
      healthCheckType: "EC2",
      healthCheckGracePeriod: 900,
      waitForCapacityTimeout: `${args.waitMinutes}m`,
      // One server at a time: two would upgrade the same database.
      instanceMaintenancePolicy: { minHealthyPercentage: 0, maxHealthyPercentage: 100 },
      instanceRefresh: { strategy: "Rolling", preferences: { minHealthyPercentage: 0, maxHealthyPercentage: 100 } },
      enabledMetrics: ["GroupInServiceInstances"],
      metricsGranularity: "1Minute",
      tags: Object.entries(tags).map(([key, value]) => ({ key, value, propagateAtLaunch: true })),
    },
    opts,
  );
}

/** The host: role, boot script, group of one, and the alarm that goes off while it is silent. */
export function createHost(
  name: string,
  args: MlflowServerArgs,
  kept: Kept,
  database: PostgresDatabase,
  group: aws.ec2.SecurityGroup,
  opts: pulumi.CustomResourceOptions,
): void {
  const { cloud, artifacts, alarmTopicArn } = args;
  const users = pulumi.all(Object.fromEntries(Object.entries(kept.users).map(([user, { arn }]) => [user, arn])));
  const arns = pulumi.output({
    artifacts: artifacts.arn,
    artifactKey: artifacts.kmsKeyArn,
    bucket: artifacts.name,
    admin: kept.admin.arn,
    tls: kept.tls.arn,
    key: kept.key.arn,
    zone: kept.zone.arn,
    zoneId: kept.zone.zoneId,
    database: database.arn,
    databaseHost: database.endpoint,
    databaseSecret: database.masterSecretArn,
    databaseKey: database.kmsKeyArn,
    users,
  });
  const own = arns.apply((at) =>
    hostPolicy(cloud, {
      artifacts: { arn: at.artifacts, prefix: artifactPrefix, kmsKeyArn: at.artifactKey },
      secretArns: [at.admin, at.databaseSecret, ...Object.values(at.users)],
      tlsSecretArn: at.tls,
      keyArns: [at.key, at.databaseKey],
      caParameterArn: arnOf(cloud, "ssm", `parameter${caParameterName(name, args)}`),
      databaseArn: at.database,
      zoneArn: at.zone,
      recordName: args.domain,
      tags: args.tags,
    }),
  );
  const { profile } = instanceProfile(
    name,
    cloud,
    { description: "MLflow server: its artifacts, its secrets, its name", policies: { own } },
    opts,
  );
  const userData = arns.apply((at) =>
    encodeUserData(
      `MlflowServer ${name}`,
      mlflowBootScript({
        region: cloud.region,
        name: args.domain,
        zoneId: at.zoneId,
        database: {
          identifier: database.identifier,
          host: at.databaseHost,
          port: database.port,
          user: args.database.masterUsername,
          secretArn: at.databaseSecret,
        },
        adminSecretArn: at.admin,
        tlsSecretArn: at.tls,
        caParameter: caParameterName(name, args),
        artifacts: `s3://${at.bucket}/${artifactPrefix}`,
        users: at.users,
      }),
    ),
  );
  const hosts = createHostGroup(
    name,
    {
      ...args,
      subnetIds: args.appSubnets.map(({ id }) => id),
      securityGroupId: group.id,
      profileArn: profile.arn,
      keyArn: kept.key.arn,
      userData,
      waitMinutes: args.hostWaitMinutes ?? 10,
    },
    opts,
  );
  metricAlarm(
    `${name}-no-host`,
    {
      description: `MLflow has had no host for 30 minutes: none starts, or none comes up. First: the group's activity says which (aws autoscaling describe-scaling-activities); experiments and artifacts are safe meanwhile.`,
      namespace: "AWS/AutoScaling",
      metric: "GroupInServiceInstances",
      dimensions: { AutoScalingGroupName: hosts.name },
      statistic: "Maximum",
      threshold: 1,
      side: "below",
      periods: 30,
      missing: "breaching",
      alarmTopicArn,
    },
    opts,
  );
  metricAlarm(
    `${name}-silent`,
    {
      description: `MLflow does not answer at https://${args.domain}; its host is being replaced. First: wait 15 minutes for the new host; then read its log with journalctl -u mlflow-server (Session Manager).`,
      namespace: "TradingPlatform/Mlflow",
      metric: "Healthy",
      dimensions: { Server: args.domain },
      statistic: "Minimum",
      threshold: 1,
      side: "below",
      periods: 10,
      missing: "breaching",
      alarmTopicArn,
    },
    opts,
  );
}
