import * as aws from "@pulumi/aws";
import { imdsV2WithTags, launchTags, privateInterface, rootVolume } from "../../common/launch-template";
import * as pulumi from "@pulumi/pulumi";
import { metricAlarm } from "../../common/alarm";
import type { LoadBalancer } from "../load-balancer";
import { webUserData } from "./user-data";
import type { Color, WebGroup, WebTierArgs } from ".";

/** What all groups of a web tier share. */
export interface GroupContext {
  readonly name: string;
  readonly args: WebTierArgs;
  readonly parent: pulumi.Resource;
  readonly keyArn: pulumi.Output<string>;
  readonly logGroupName: pulumi.Output<string>;
  readonly profileArn: pulumi.Output<string>;
  readonly roleArn: pulumi.Output<string>;
  readonly balancer: LoadBalancer;
}

/** A group as the instance refresh needs it. */
export interface CreatedGroup {
  readonly color: Color;
  readonly group: aws.autoscaling.Group;
  readonly template: aws.ec2.LaunchTemplate;
}

/** Namespace of the hosts' own metrics. */
const metricNamespace = "TradingPlatform/Web";

/** One auto-scaling group with its template, scaling and alarms. */
export function createGroup(
  color: Color,
  settings: WebGroup,
  target: aws.lb.TargetGroup | undefined,
  rule: aws.lb.ListenerRule,
  context: GroupContext,
): CreatedGroup {
  const template = createTemplate(color, settings, context);
  const { name, args, parent } = context;
  const { min, desired, max } = settings.instances;
  const tags = { Name: `${name}-${color}`, ...args.hostTags, ...args.tags };
  const group = new aws.autoscaling.Group(
    `${name}-${color}`,
    {
      vpcZoneIdentifiers: args.appSubnets.map(({ id }) => id),
      minSize: min,
      maxSize: max,
      desiredCapacity: desired,
      launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
      targetGroupArns: target ? [target.arn] : [],
      healthCheckType: "ELB",
      healthCheckGracePeriod: 300,
      defaultInstanceWarmup: 180,
      // A group counts as made once the load balancer finds its hosts healthy, before it gets its first request.
      minElbCapacity: min,
      waitForCapacityTimeout: `${args.hostWaitMinutes ?? 15}m`,
      instanceMaintenancePolicy: { minHealthyPercentage: 100, maxHealthyPercentage: 150 },
      enabledMetrics: ["GroupInServiceInstances", "GroupDesiredCapacity", "GroupTotalInstances"],
      metricsGranularity: "1Minute",
      tags: Object.entries(tags).map(([key, value]) => ({ key, value, propagateAtLaunch: true })),
    },
    {
      parent,
      dependsOn: rule, // health checks only run for a target group that a listener knows
      // Scaling moves the size; the instance refresh moves the template, or its roll-back would be undone here.
      ignoreChanges: ["desiredCapacity", ...((args.refreshWaitMinutes ?? 28) > 0 ? ["launchTemplate"] : [])],
    },
  );
  createScaling(color, group, target, context);
  createAlarms(color, group, target, context);
  return { color, group, template };
}

function createTemplate(color: Color, settings: WebGroup, context: GroupContext): aws.ec2.LaunchTemplate {
  const { name, args, parent } = context;
  const userData = pulumi
    .all([settings.image, context.logGroupName, args.environment ?? {}, args.secrets ?? {}])
    .apply(([image, logGroup, environment, secrets]) =>
      Buffer.from(
        webUserData({
          region: args.cloud.region,
          image,
          port: args.port,
          healthPath: args.healthCheck.path,
          logGroup,
          metricNamespace,
          environment,
          secrets,
        }),
      ).toString("base64"),
    );
  const tags = { Name: `${name}-${color}`, ...args.hostTags, ...args.tags };
  return new aws.ec2.LaunchTemplate(
    `${name}-${color}`,
    {
      imageId: settings.ami,
      instanceType: args.instanceType,
      ...(args.keyName ? { keyName: args.keyName } : {}),
      iamInstanceProfile: { arn: context.profileArn },
      userData,
      updateDefaultVersion: true,
      ebsOptimized: "true",
      monitoring: { enabled: true },
      metadataOptions: imdsV2WithTags,
      networkInterfaces: privateInterface({ securityGroupIds: [args.securityGroupId] }),
      blockDeviceMappings: rootVolume({ sizeGiB: args.rootVolumeGiB ?? 20, kmsKeyArn: context.keyArn }),
      tagSpecifications: launchTags(tags),
      tags: { Name: `${name}-${color}` },
    },
    { parent },
  );
}

function createScaling(
  color: Color,
  group: aws.autoscaling.Group,
  target: aws.lb.TargetGroup | undefined,
  { name, args, parent, balancer }: GroupContext,
): void {
  new aws.autoscaling.Policy(
    `${name}-${color}-cpu`,
    {
      autoscalingGroupName: group.name,
      policyType: "TargetTrackingScaling",
      targetTrackingConfiguration: {
        predefinedMetricSpecification: { predefinedMetricType: "ASGAverageCPUUtilization" },
        targetValue: args.scaling.targetCpuPercent,
      },
    },
    { parent },
  );
  if (args.scaling.requestsPerTarget === undefined || !target) return;
  new aws.autoscaling.Policy(
    `${name}-${color}-requests`,
    {
      autoscalingGroupName: group.name,
      policyType: "TargetTrackingScaling",
      targetTrackingConfiguration: {
        predefinedMetricSpecification: {
          predefinedMetricType: "ALBRequestCountPerTarget",
          resourceLabel: pulumi.interpolate`${balancer.arnSuffix}/${target.arnSuffix}`,
        },
        targetValue: args.scaling.requestsPerTarget,
      },
    },
    { parent },
  );
}

function createAlarms(
  color: Color,
  group: aws.autoscaling.Group,
  target: aws.lb.TargetGroup | undefined,
  { name, args, parent, balancer }: GroupContext,
): void {
  const { alarmTopicArn } = args;
  const byGroup = { AutoScalingGroupName: group.name };
  metricAlarm(
    `${name}-${color}-cpu-alarm`,
    {
      description: `The hosts of ${name} (${color}) use over 80 % CPU for 5 minutes. First look whether the group is at its largest size; if so raise instances.max, else wait for scaling.`,
      namespace: "AWS/EC2",
      metric: "CPUUtilization",
      dimensions: byGroup,
      statistic: "Average",
      threshold: 80,
      alarmTopicArn,
    },
    { parent },
  );
  metricAlarm(
    `${name}-${color}-memory-alarm`,
    {
      description: `The hosts of ${name} (${color}) use over 85 % of their memory for 5 minutes. First restart the service app on the fullest host; if it fills again, go back to the release before.`,
      namespace: metricNamespace,
      metric: "mem_used_percent",
      dimensions: byGroup,
      statistic: "Average",
      threshold: 85,
      alarmTopicArn,
    },
    { parent },
  );
  if (!target) return;
  const byTarget = { LoadBalancer: balancer.arnSuffix, TargetGroup: target.arnSuffix };
  metricAlarm(
    `${name}-${color}-unhealthy-alarm`,
    {
      description: `Hosts of ${name} (${color}) fail their health check ${args.healthCheck.path}. First read the container's log for the newest host; AWS replaces the host meanwhile.`,
      namespace: "AWS/ApplicationELB",
      metric: "UnHealthyHostCount",
      dimensions: byTarget,
      statistic: "Maximum",
      threshold: 0,
      alarmTopicArn,
    },
    { parent },
  );
  metricAlarm(
    `${name}-${color}-errors-alarm`,
    {
      description: `The application ${name} (${color}) answers with server errors. First compare with the time of the last release; if they match, go back to the release before.`,
      namespace: "AWS/ApplicationELB",
      metric: "HTTPCode_Target_5XX_Count",
      dimensions: byTarget,
      statistic: "Sum",
      threshold: 10,
      alarmTopicArn,
    },
    { parent },
  );
}
