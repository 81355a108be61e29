import type * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { metricAlarm, type AlarmArgs } from "../../common/alarm";
import type { Routing } from "./routing";
import type { FargateServiceArgs } from ".";

/**
 * The service's alarms; all of them but the one on missing tasks also roll a deployment back, as a starting task is missing
 * by nature. Source of 80 % CPU and 85 % memory for 5 minutes: the betting bot's requirements.
 */
export function serviceAlarms(
  name: string,
  args: FargateServiceArgs,
  routing: Routing | undefined,
  parent: pulumi.Resource,
): aws.cloudwatch.MetricAlarm[] {
  const byService = { ClusterName: args.clusterName, ServiceName: name };
  const alarm = (role: string, alarmArgs: Omit<AlarmArgs, "alarmTopicArn">) =>
    metricAlarm(`${name}-${role}-alarm`, { ...alarmArgs, alarmTopicArn: args.alarmTopicArn }, { parent });
  const rollingBack = [
    alarm("cpu", {
      description: `The tasks of ${name} use over 80 % CPU for 5 minutes. First look whether scaling is at its upper bound; if so raise it, or give the task more CPU.`,
      namespace: "AWS/ECS",
      metric: "CPUUtilization",
      dimensions: byService,
      statistic: "Average",
      threshold: 80,
    }),
    alarm("memory", {
      description: `The tasks of ${name} use over 85 % of their memory for 5 minutes. First look at the growth since the last release: a steady rise is a leak, go back to the release before.`,
      namespace: "AWS/ECS",
      metric: "MemoryUtilization",
      dimensions: byService,
      statistic: "Average",
      threshold: 85,
    }),
  ];
  if (args.desiredCount > 0) {
    alarm("tasks", {
      description: `Fewer tasks of ${name} run than should. First read the service's events: a failing health check means the release, a pull error the image or the network.`,
      namespace: "ECS/ContainerInsights",
      metric: "RunningTaskCount",
      dimensions: byService,
      statistic: "Average",
      side: "below",
      threshold: args.scaling?.min ?? args.desiredCount,
      missing: "breaching",
    });
  }
  if (!routing || !args.route) return rollingBack;
  const loadBalancer = args.route.loadBalancerArnSuffix;
  for (const [index, target] of routing.targets.entries()) {
    const side = routing.targets.length > 1 ? (index === 0 ? "-blue" : "-green") : "";
    const dimensions = { LoadBalancer: loadBalancer, TargetGroup: target.arnSuffix };
    rollingBack.push(
      alarm(`errors${side}`, {
        description: `The application ${name} answers with server errors. First compare with the time of the last release; if they match, go back to the release before.`,
        namespace: "AWS/ApplicationELB",
        metric: "HTTPCode_Target_5XX_Count",
        dimensions,
        statistic: "Sum",
        threshold: 10,
      }),
      alarm(`unhealthy${side}`, {
        description: `Tasks of ${name} fail their health check. First read the log of the newest task; ECS replaces the task meanwhile.`,
        namespace: "AWS/ApplicationELB",
        metric: "UnHealthyHostCount",
        dimensions,
        statistic: "Maximum",
        threshold: 0,
      }),
    );
  }
  return rollingBack;
}
