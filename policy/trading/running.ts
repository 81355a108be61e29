import type * as aws from "@pulumi/aws";
import { on, reference, type Policy, type Report, type ResourceAt, type StackResource } from "../frame/policy";
import { forEachKnown, ifKnown, isGiven, listOf } from "../frame/values";
import { globTest } from "../frame/waivers";
import { isSingleton, isTrader, tradingMode } from "./traders";

const instanceType = "aws:ec2/instance:Instance";
const templateType = "aws:ec2/launchTemplate:LaunchTemplate";

const isLiveTrader = (at: ResourceAt) => tradingMode(at) === "live" && isTrader(at);

/** A rule that looks at live traders only. */
function onLiveTrader<Args>(
  type: string | readonly string[],
  isSpot: (props: Parameters<Parameters<typeof on<Args>>[1]>[0]) => boolean,
) {
  return on<Args>(type, (props, report, at) => {
    if (isLiveTrader(at) && isSpot(props))
      report("a live trader runs on spot capacity, which AWS takes back on two minutes' notice");
  });
}

export const liveNeverSpot: Policy = {
  name: "live-never-spot",
  description: "A live trader is never on spot capacity.",
  severity: "critical",
  level: "mandatory",
  fix: "Take instanceMarketOptions or the spot capacity provider away",
  url: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-interruptions.html",
  rules: [
    ...onLiveTrader<aws.ec2.InstanceArgs>(instanceType, (host) => host.instanceMarketOptions?.marketType === "spot"),
    ...onLiveTrader<aws.ec2.LaunchTemplateArgs>(
      templateType,
      (template) => template.instanceMarketOptions?.marketType === "spot",
    ),
    ...onLiveTrader<aws.ec2.LaunchConfigurationArgs>(
      "aws:ec2/launchConfiguration:LaunchConfiguration",
      (configuration) => isGiven(() => configuration.spotPrice),
    ),
    ...onLiveTrader<object>(
      ["aws:ec2/spotInstanceRequest:SpotInstanceRequest", "aws:ec2/spotFleetRequest:SpotFleetRequest"],
      () => true,
    ),
    ...onLiveTrader<aws.autoscaling.GroupArgs>("aws:autoscaling/group:Group", ({ mixedInstancesPolicy }) => {
      if (!mixedInstancesPolicy) return false;
      return (mixedInstancesPolicy.instancesDistribution?.onDemandPercentageAboveBaseCapacity ?? 100) < 100;
    }),
    ...onLiveTrader<aws.ecs.ServiceArgs>(["aws:ecs/service:Service", "awsx:ecs:FargateService"], (service) =>
      listOf(service.capacityProviderStrategies).some(({ capacityProvider }) => /spot/i.test(capacityProvider)),
    ),
    ...onLiveTrader<aws.ecs.ClusterCapacityProvidersArgs>(
      "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
      (cluster) =>
        listOf(cluster.defaultCapacityProviderStrategies).some(({ capacityProvider }) =>
          /spot/i.test(capacityProvider),
        ),
    ),
    ...onLiveTrader<aws.ec2.FleetArgs>("aws:ec2/fleet:Fleet", ({ targetCapacitySpecification: target }) => {
      return target.defaultTargetCapacityType === "spot" || (target.spotTargetCapacity ?? 0) > 0;
    }),
    ...onLiveTrader<aws.eks.NodeGroupArgs>("aws:eks/nodeGroup:NodeGroup", (group) => group.capacityType === "SPOT"),
  ],
};

export const traderRecovers: Policy = {
  name: "trader-recovers",
  description: "A trader's host recovers by itself, and an alarm tells when it fails.",
  severity: "high",
  level: "mandatory",
  fix: "Leave maintenanceOptions.autoRecovery on default, and watch StatusCheckFailed_System",
  url: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-recover.html",
  rules: on<aws.ec2.InstanceArgs>([instanceType, templateType], (host, report, at) => {
    if (isTrader(at) && host.maintenanceOptions?.autoRecovery === "disabled")
      report("automatic recovery is switched off");
  }),
  stackRule: (stack, report) => {
    const watchers = ["aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/eventRule:EventRule"];
    const watched = stack.ofType(...watchers) as readonly StackResource[];
    for (const component of stack.ofType("trading:trading:LocalZoneTrader", "trading:trading:ModelDrivenFleet")) {
      if (stack.resources.length === 0) return;
      const qualified = component.urn.split("::")[2] ?? "";
      const own = watched.filter(({ urn, name }) => urn.includes(qualified) && name.startsWith(component.name));
      if (own.length === 0) report("nothing tells when its hosts fail (no alarm)", component);
    }
  },
};

export const fleetRemovalCapped: Policy = {
  name: "fleet-removal-capped",
  description: "One deployment removes a set share of the fleet at most, and writes down what it left.",
  severity: "critical",
  level: "mandatory",
  fix: "Set fleet.maxRemovalPercent; a larger removal is confirmed by its exact number",
  url: "https://www.pulumi.com/docs/iac/concepts/resources/options/protect/",
  config: {
    highestPercent: {
      type: "number",
      minimum: 0,
      maximum: 100,
      default: 25,
      description: "Highest share that is accepted, in percent.",
    },
  },
  stackRule: (stack, report, { section, config }) => {
    const highest = Number(config.highestPercent ?? 25);
    for (const fleet of stack.ofType("trading:trading:ModelDrivenFleet")) {
      const given = section("fleet")?.maxRemovalPercent;
      if (typeof given === "number" && given > highest)
        report(`one deployment may remove ${given} % of it; ${highest} % is the most`, fleet);
      const objects = stack.ofType("aws:s3/bucketObjectv2:BucketObjectv2") as readonly StackResource[];
      const manifest = objects.some(({ urn }) => urn.includes("trading:trading:ModelDrivenFleet"));
      // A first deployment finds no bucket yet: nothing runs, and there is nothing to write down.
      const runs = stack
        .ofType("aws:ec2/instance:Instance")
        .some(({ urn }) => urn.includes("trading:trading:ModelDrivenFleet"));
      if (runs && !manifest) report("nothing writes down what runs, so no removal can be counted", fleet);
    }
  },
};

const exchangeZones = ["America/New_York", "America/Chicago", "Europe/London", "UTC"];

export const scheduleArmed: Policy = {
  name: "schedule-armed",
  description: "Fleets start and stop by the exchange's clock in qa and prod, and never in dev.",
  severity: "high",
  level: "mandatory",
  fix: "Turn the schedule section on in qa and prod, with the exchange's time zone",
  url: reference("scheduler/schedule"),
  stackRule: (stack, report, { stage }) => {
    const fleets = stack.ofType("trading:trading:ModelDrivenFleet");
    const schedules = (
      stack.ofType<aws.scheduler.ScheduleArgs>("aws:scheduler/schedule:Schedule") as readonly StackResource<{
        scheduleExpressionTimezone?: string;
        state?: string;
      }>[]
    ).filter(({ urn }) => urn.includes("trading:trading:FleetSchedule"));
    if (stage === "dev") {
      for (const schedule of schedules) report("development is not switched by a schedule", schedule);
      return;
    }
    for (const fleet of fleets) {
      const missing = ["start", "stop"].filter((action) => !schedules.some(({ name }) => name.includes(`-${action}-`)));
      if (missing.length > 0)
        report(`nothing ${missing.map((action) => `${action}s`).join(" or ")} it by the exchange's clock`, fleet);
    }
    forEachKnown(schedules, (schedule) => {
      const zone = schedule.props.scheduleExpressionTimezone ?? "";
      if (!exchangeZones.includes(zone)) report(`it goes by ${zone || "no time zone"}, not by an exchange's`, schedule);
      if (schedule.props.state === "DISABLED") report("it is switched off", schedule);
    });
  },
};

function checkService(
  service: {
    readonly desiredCount?: number;
    readonly deploymentMaximumPercent?: number;
    readonly deploymentMinimumHealthyPercent?: number;
    readonly availabilityZoneRebalancing?: string;
  },
  report: Report,
): void {
  if ((service.desiredCount ?? 1) > 1) report(`it runs ${service.desiredCount ?? 1} times`);
  if ((service.deploymentMaximumPercent ?? 200) > 100)
    report("a deployment starts the second before it stops the first");
  if ((service.deploymentMinimumHealthyPercent ?? 100) > 0)
    report("a deployment cannot stop the first before it starts the second");
  if (service.availabilityZoneRebalancing === "ENABLED")
    report("rebalancing starts the second before it stops the first");
}

export const singleStreamSingleton: Policy = {
  name: "single-stream-singleton",
  description: "A feed and a bot run once, and stop before they start anew.",
  severity: "high",
  level: "mandatory",
  fix: "Set desiredCount 1, minimum healthy 0 %, maximum 100 % and availabilityZoneRebalancing DISABLED",
  url: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_definition_parameters.html",
  rules: [
    ...on<aws.ecs.ServiceArgs>(["aws:ecs/service:Service", "awsx:ecs:FargateService"], (service, report, at) => {
      if (isSingleton(at)) checkService(service, report);
    }),
    ...on<aws.autoscaling.GroupArgs>("aws:autoscaling/group:Group", (group, report, at) => {
      if (isSingleton(at) && group.maxSize > 1) report(`it may run ${group.maxSize} times`);
    }),
    ...on<aws.appautoscaling.TargetArgs>("aws:appautoscaling/target:Target", (target, report, at) => {
      if (isSingleton(at) && target.maxCapacity > 1) report(`it may run ${target.maxCapacity} times`);
    }),
  ],
};

export const amiProven: Policy = {
  name: "ami-proven",
  description: "A live trader starts from an image that qa has run.",
  severity: "high",
  level: "mandatory",
  fix: "Point ami at an image or an SSM parameter of policies.provenAmis, which promotion from qa writes",
  url: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameter-to-find-AMI.html",
  rules: [
    ...on<aws.ec2.InstanceArgs>(instanceType, (host, report, at) => {
      if (isLiveTrader(at) && !isGiven(() => host.launchTemplate)) checkImage(host.ami, report, at);
    }),
    ...on<aws.ec2.LaunchTemplateArgs>(templateType, (template, report, at) => {
      if (isLiveTrader(at)) checkImage(template.imageId, report, at);
    }),
  ],
};

function checkImage(image: string | undefined, report: Report, at: ResourceAt): void {
  const proven = listOf(at.settings.provenAmis as readonly string[] | undefined);
  if (image === undefined) report("no image is named, so nothing shows that qa has run it");
  else if (!proven.some((one) => globTest(one)(image) || globTest(`resolve:ssm:${one}`)(image))) {
    report(`nothing shows that qa has run ${image}`);
  }
}

export const noReplacementOfLiveTraderInSession: Policy = {
  name: "no-replacement-of-live-trader-in-session",
  description: "A deployment in market hours does not replace a live trader.",
  severity: "medium",
  level: "advisory",
  fix: "Protect the instance, or ignore changes of what replaces it, and replace it after the close",
  url: "https://www.pulumi.com/docs/iac/concepts/resources/options/ignorechanges/",
  rules: on<aws.ec2.InstanceArgs>(instanceType, (host, report, at) => {
    if (!isLiveTrader(at)) return;
    if (host.userDataReplaceOnChange) report("new user data replaces it, whatever the hour");
    const byImage = ifKnown(() => host.ami);
    const moving = byImage !== undefined && byImage.startsWith("resolve:ssm:") && !at.ignoreChanges.includes("ami");
    if (moving && !at.protect) report("a new image under the same name replaces it, whatever the hour");
  }),
};

export const running: readonly Policy[] = [
  liveNeverSpot,
  traderRecovers,
  fleetRemovalCapped,
  scheduleArmed,
  singleStreamSingleton,
  amiProven,
  noReplacementOfLiveTraderInSession,
];
