import type * as aws from "@pulumi/aws";
import type { Unwrap } from "@pulumi/pulumi";
import {
  checkov,
  fsbp,
  on,
  pci,
  reference,
  type Policy,
  type Report,
  type StackResource,
  type StackView,
} from "../frame/policy";
import { forEachKnown, ifKnown, isGiven, listOf } from "../frame/values";
import { kubernetes, lambdaRuntimes, postgres, redis, supportOn, withdrawnPostgres } from "./versions";

const alarmType = "aws:cloudwatch/metricAlarm:MetricAlarm";

/** Dimensions of an alarm: its own, and those of each metric that it computes from. */
function dimensionsOf(alarm: Unwrap<aws.cloudwatch.MetricAlarmArgs>): string[] {
  const own = ifKnown(() => Object.values(alarm.dimensions ?? {})) ?? [];
  const queries = ifKnown(() => listOf(alarm.metricQueries)) ?? [];
  return [...own, ...queries.flatMap((query) => ifKnown(() => Object.values(query.metric?.dimensions ?? {})) ?? [])];
}

/** Names that alarms' dimensions spell out, once a stack: a name that is given by hand leaves no link to follow. */
const dimensionNames = new WeakMap<StackView, readonly string[]>();

function namesInDimensions(stack: StackView): readonly string[] {
  const known = dimensionNames.get(stack);
  if (known) return known;
  const names = stack.ofType<aws.cloudwatch.MetricAlarmArgs>(alarmType).flatMap(({ props }) => dimensionsOf(props));
  dimensionNames.set(stack, names);
  return names;
}

/** True where an alarm's dimensions or metrics are made from a resource, or spell out its name. */
function hasAlarm(stack: StackView, resource: StackResource<unknown>): boolean {
  if (stack.referrers(resource, [alarmType, "aws:cloudwatch/eventRule:EventRule"]).length > 0) return true;
  const props = resource.props as Record<string, unknown>;
  const named = ["identifier", "replicationGroupId", "name"]
    .map((key) => ifKnown(() => props[key]))
    .filter((name) => typeof name === "string" && name !== "");
  // A cache's nodes are called by the cache's name and a number: `quotes-0001-001`.
  return namesInDimensions(stack).some((name) =>
    named.some((own) => name === own || name.startsWith(`${String(own)}-0`)),
  );
}

export const lambdaHasDeadLetterAndAlarm: Policy = {
  name: "lambda-has-dead-letter-and-alarm",
  description: "A function's failures are kept and told of.",
  severity: "medium",
  level: "mandatory",
  fix: "Set deadLetterConfig or an onFailure destination, and an alarm on the function's errors",
  url: reference("lambda/function"),
  checkov: checkov(116),
  stackRule: (stack, report) => {
    const invoke = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig";
    const mapping = "aws:lambda/eventSourceMapping:EventSourceMapping";
    for (const fn of stack.ofType<aws.lambda.FunctionArgs>("aws:lambda/function:Function")) {
      const kept =
        isGiven(() => fn.props.deadLetterConfig?.targetArn) ||
        stack.referrers(fn, [invoke, mapping], "functionName").length > 0;
      if (!kept) report("what it fails on is lost (no dead letters)", fn);
      if (!hasAlarm(stack, fn)) report("nobody hears of its errors (no alarm)", fn);
    }
  },
};

function checkVersion(
  what: string,
  table: Parameters<typeof supportOn>[0],
  version: string | undefined,
  today: string,
  report: Report,
): void {
  if (version === undefined) return;
  const support = supportOn(table, version, today);
  if (support === "ended") report(`${what} ${version} is out of support`);
  if (support === "extended") report(`${what} ${version} is in extended support, at a surcharge`, { advisory: true });
}

export const supportedVersions: Policy = {
  name: "supported-versions",
  description: "Kubernetes, PostgreSQL, Redis and Lambda runtimes are versions that AWS supports.",
  severity: "high",
  level: "mandatory",
  fix: "Move to a supported version; policy/resilience/versions.ts has the dates",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html",
  frameworks: [fsbp("EKS.2"), fsbp("Lambda.2"), pci("6.3.3")],
  checkov: checkov(339, 363),
  rules: [
    ...on<{ version?: string }>(["aws:eks/cluster:Cluster", "eks:index:Cluster"], ({ version }, report, { today }) =>
      checkVersion("Kubernetes", kubernetes, version, today, report),
    ),
    ...on<aws.rds.InstanceArgs>(["aws:rds/instance:Instance", "aws:rds/cluster:Cluster"], (db, report, { today }) => {
      if (!db.engine?.includes("postgres")) return;
      const version = db.engineVersion;
      if (version && withdrawnPostgres.includes(version)) report(`PostgreSQL ${version} can no longer be created`);
      checkVersion("PostgreSQL", postgres, version?.split(".")[0], today, report);
    }),
    ...on<aws.elasticache.ReplicationGroupArgs>(
      ["aws:elasticache/replicationGroup:ReplicationGroup", "aws:elasticache/cluster:Cluster"],
      (group, report, { today }) => {
        if ((group.engine ?? "redis") !== "redis") return;
        checkVersion("Redis", redis, group.engineVersion?.split(".")[0], today, report);
      },
    ),
    ...on<aws.lambda.FunctionArgs>("aws:lambda/function:Function", ({ runtime }, report, { today }) =>
      checkVersion("The runtime", lambdaRuntimes, runtime, today, report),
    ),
  ],
};

const subnetType = "aws:ec2/subnet:Subnet";
const natType = "aws:ec2/natGateway:NatGateway";

/** `us-east-1-chi-2a` and the like: a zone outside the Region. */
export const isLocalZone = (zone: string): boolean => /^[a-z]{2}(-[a-z]+)+-\d-[a-z]{3}-\d[a-z]$/.test(zone);

const zoneOf = (subnet: StackResource<unknown>) =>
  ifKnown(() => (subnet.props as { availabilityZone?: string }).availabilityZone);

/** Zones of the Region, without Local Zones, that subnets lie in; undefined where one is not known yet. */
function zonesOf(subnets: readonly StackResource[]): Set<string> | undefined {
  const zones = subnets.map(zoneOf);
  if (zones.includes(undefined)) return undefined;
  return new Set((zones as string[]).filter((zone) => !isLocalZone(zone)));
}

export const natPerZone: Policy = {
  name: "nat-per-zone",
  description: "Each zone has its own NAT gateway, where there are any.",
  severity: "medium",
  level: "mandatory",
  fix: "Set network.nat to per-zone",
  url: reference("ec2/natgateway"),
  stackRule: (stack, report) => {
    const gateways = stack.ofType(natType);
    if (gateways.length === 0) return;
    const served = zonesOf(gateways.flatMap((one) => one.propertyDependencies.subnetId ?? []));
    const all = zonesOf(stack.ofType(subnetType));
    const missing = served && all ? [...all].filter((zone) => !served.has(zone)) : [];
    if (missing.length > 0)
      report(`${missing.join(", ")} ${missing.length === 1 ? "has" : "have"} no NAT gateway of its own`);
  },
};

/** What spreads over zones, and the property with its subnets. */
const spreads: Readonly<Record<string, string>> = {
  "aws:autoscaling/group:Group": "vpcZoneIdentifiers",
  "aws:rds/subnetGroup:SubnetGroup": "subnetIds",
  "aws:elasticache/subnetGroup:SubnetGroup": "subnetIds",
  "aws:lb/loadBalancer:LoadBalancer": "subnets",
  "aws:eks/cluster:Cluster": "vpcConfig",
  "aws:eks/nodeGroup:NodeGroup": "subnetIds",
  "aws:ecs/service:Service": "networkConfiguration",
};

export const zoneSpread: Policy = {
  name: "zone-spread",
  description: "What can spread lies in two zones of the Region or more; Local Zones do not count.",
  severity: "high",
  level: "mandatory",
  fix: "Give it subnets of two zones",
  url: "https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/use-fault-isolation-to-protect-your-workload.html",
  stackRule: (stack, report) => {
    for (const one of stack.ofType(...Object.keys(spreads)) as readonly StackResource[]) {
      const linked = one.propertyDependencies[spreads[one.type] ?? ""] ?? [];
      const subnets = linked.filter(({ type }) => type === subnetType);
      const zones = zonesOf(subnets);
      if (subnets.length > 0 && zones && zones.size < 2)
        report(`it lies in ${[...zones].join(", ") || "a Local Zone"} only`, one);
    }
  },
};

/** Families that Local Zones offer in general; Chicago's own list is in the configuration. */
const localFamilies = [
  "t3",
  "c5",
  "c5d",
  "c6i",
  "c6in",
  "c7i",
  "m5",
  "m5d",
  "m6i",
  "m7i",
  "r5",
  "r5d",
  "r6i",
  "r7i",
  "g4dn",
  "i3en",
];

/** Services that cannot live in a Local Zone, and the property with their subnets. */
const notInLocalZones: Readonly<Record<string, string>> = {
  "aws:rds/subnetGroup:SubnetGroup": "subnetIds",
  "aws:elasticache/subnetGroup:SubnetGroup": "subnetIds",
  "aws:eks/cluster:Cluster": "vpcConfig",
  "aws:ec2/vpcEndpoint:VpcEndpoint": "subnetIds",
  "aws:efs/mountTarget:MountTarget": "subnetId",
};

export const localZoneSupportedTypes: Policy = {
  name: "local-zone-supported-types",
  description: "A Local Zone gets only what it has: instance families, volume types and services.",
  severity: "high",
  level: "mandatory",
  fix: "Choose a family that the Local Zone offers and gp2 volumes, and put other services into a zone of the Region",
  url: "https://docs.aws.amazon.com/local-zones/latest/ug/available-local-zones.html",
  config: {
    families: {
      type: "array",
      items: { type: "string" },
      default: localFamilies,
      description: "Instance families that the Local Zones in use offer.",
    },
    volumeTypes: {
      type: "array",
      items: { type: "string" },
      default: ["gp2", "io1", "gp3"],
      description: "EBS volume types that the Local Zones in use offer.",
    },
  },
  stackRule: (stack, report, { config }) => {
    const families = (config.families as string[] | undefined) ?? localFamilies;
    const volumeTypes = (config.volumeTypes as string[] | undefined) ?? ["gp2", "io1", "gp3"];
    const isLocal = (subnets: readonly StackResource[] | undefined) =>
      (subnets ?? []).some((subnet) => subnet.type === subnetType && isLocalZone(zoneOf(subnet) ?? ""));
    forEachKnown(stack.ofType<aws.ec2.InstanceArgs>("aws:ec2/instance:Instance"), (instance) => {
      if (!isLocal(instance.propertyDependencies.subnetId)) return;
      const family = ifKnown(() => instance.props.instanceType)?.split(".")[0];
      if (family && !families.includes(family)) report(`a Local Zone has no ${family}`, instance);
    });
    forEachKnown(stack.ofType<aws.ebs.VolumeArgs>("aws:ebs/volume:Volume"), (volume) => {
      const { type: volumeType, availabilityZone } = volume.props;
      if (!isLocalZone(availabilityZone) || volumeTypes.includes(volumeType ?? "gp2")) return;
      report(`a Local Zone has no ${volumeType ?? "gp2"}`, volume);
    });
    for (const one of stack.ofType(...Object.keys(notInLocalZones)) as readonly StackResource[]) {
      if (isLocal(one.propertyDependencies[notInLocalZones[one.type] ?? ""]))
        report("it cannot live in a Local Zone", one);
    }
  },
};

/** What a stack cannot work without, by type. */
const criticalTypes = [
  "aws:rds/instance:Instance",
  "aws:rds/cluster:Cluster",
  "aws:elasticache/replicationGroup:ReplicationGroup",
  "aws:lb/loadBalancer:LoadBalancer",
  "aws:ecs/service:Service",
  "aws:autoscaling/group:Group",
  "aws:sfn/stateMachine:StateMachine",
] as const;

export const alarmForEveryCriticalResource: Policy = {
  name: "alarm-for-every-critical-resource",
  description: "Databases, caches, load balancers, services, groups and state machines have an alarm each.",
  severity: "high",
  level: "mandatory",
  fix: "Add an aws.cloudwatch.MetricAlarm whose dimensions name it",
  url: reference("cloudwatch/metricalarm"),
  stackRule: (stack, report) => {
    for (const resource of stack.ofType(...criticalTypes)) {
      if (!hasAlarm(stack, resource)) report("nothing watches it (no alarm)", resource);
    }
  },
};

export const alarmHasAction: Policy = {
  name: "alarm-has-action",
  description: "Alarms tell somebody, or do something.",
  severity: "medium",
  level: "mandatory",
  fix: "Set alarmActions to the alarm topic of the alarm's Region, and leave actionsEnabled on",
  url: reference("cloudwatch/metricalarm"),
  checkov: checkov(319),
  rules: on<aws.cloudwatch.MetricAlarmArgs>(
    [alarmType, "aws:cloudwatch/compositeAlarm:CompositeAlarm"],
    (alarm, report) => {
      if (alarm.actionsEnabled === false) report("its actions are switched off");
      if (!isGiven(() => listOf(alarm.alarmActions)[0])) report("it tells nobody");
      const { region } = alarm as { readonly region?: unknown };
      if (typeof region !== "string") return;
      for (const action of ifKnown(() => [...listOf(alarm.alarmActions)]) ?? []) {
        const at = typeof action === "string" ? action.split(":")[3] : undefined;
        if (at && at !== region) report(`it is in ${region}, and CloudWatch refuses an action of ${at}`);
      }
    },
  ),
};

export const running: readonly Policy[] = [
  lambdaHasDeadLetterAndAlarm,
  supportedVersions,
  natPerZone,
  zoneSpread,
  localZoneSupportedTypes,
  alarmForEveryCriticalResource,
  alarmHasAction,
];
