import type * as aws from "@pulumi/aws";
import { on, reference, type Family, type Policy, type Report, type StackResource } from "../frame/policy";
import { forEachKnown, ifKnown, isGiven, listOf } from "../frame/values";
import { globTest } from "../frame/waivers";
import { isLocalZone } from "../resilience/running";
import taggableTypes from "./taggable-types.json";

const requiredTags = ["project", "stage", "component", "owner"] as const;

export const tagged: Policy = {
  name: "tagged",
  description: "Everything that takes tags says its project, stage, component and owner.",
  severity: "medium",
  level: "mandatory",
  fix: "Register it after tagEverything, or set the tags",
  url: "https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html",
  rules: [
    ...on<{ tags?: Readonly<Record<string, string>> }>(taggableTypes, ({ tags }, report) => {
      const missing = requiredTags.filter((tag) => !isGiven(() => tags?.[tag]));
      if (missing.length > 0) report(`it has no tag ${missing.join(", ")}`);
    }),
    ...on<aws.autoscaling.GroupArgs>("aws:autoscaling/group:Group", (group, report) => {
      const tags = listOf(group.tags);
      const missing = requiredTags.filter(
        (tag) => !tags.some(({ key, propagateAtLaunch }) => key === tag && propagateAtLaunch),
      );
      if (missing.length > 0) report(`its instances get no tag ${missing.join(", ")}`);
    }),
  ],
};

/** Families that AWS sells next to newer, cheaper ones. */
const previousGenerations = /^(t1|t2|m[1-4]|c[134]|cc\d|r[34]|x1|x1e|i2|d2|g[23]|p2|hs1|cr1|hi1)\./;

/** `db.r6g.large` and `cache.t4g.small` are sizes of the same families. */
const sizeOf = (type: string) => type.replace(/^(db|cache|ml|dms)\./, "");

function checkType(type: string | undefined, report: Report, allowed: readonly string[]): void {
  if (type === undefined) return;
  const size = sizeOf(type);
  if (previousGenerations.test(size)) report(`${type} is of a previous generation`);
  else if (allowed.length > 0 && !allowed.some((glob) => globTest(glob)(size))) {
    report(`${type} is not allowed in this stage (${allowed.join(", ")})`);
  }
}

export const instanceTypeAllowed: Policy = {
  name: "instance-type-allowed",
  description: "Instances are of types that the stage allows, and of no previous generation.",
  severity: "medium",
  level: "mandatory",
  fix: "Choose an allowed type, or add it to policies.instanceTypes with the reason in the commit",
  url: reference("ec2/instance"),
  config: {
    types: {
      type: "array",
      items: { type: "string" },
      default: [],
      description: "Globs of the allowed types without db. or cache.; empty allows every present generation.",
    },
  },
  rules: (
    [
      ["aws:ec2/instance:Instance", "instanceType"],
      ["aws:ec2/spotInstanceRequest:SpotInstanceRequest", "instanceType"],
      ["aws:ec2/launchTemplate:LaunchTemplate", "instanceType"],
      ["aws:ec2/launchConfiguration:LaunchConfiguration", "instanceType"],
      ["aws:rds/instance:Instance", "instanceClass"],
      ["aws:rds/clusterInstance:ClusterInstance", "instanceClass"],
      ["aws:elasticache/replicationGroup:ReplicationGroup", "nodeType"],
      ["aws:elasticache/cluster:Cluster", "nodeType"],
      ["aws:eks/nodeGroup:NodeGroup", "instanceTypes"],
    ] as const
  ).flatMap(([type, property]) =>
    on<Record<string, string | readonly string[] | undefined>>(type, (props, report, { config, settings }) => {
      const own = settings.instanceTypes as readonly string[] | undefined;
      const allowed = [...((config.types as readonly string[] | undefined) ?? []), ...(own ?? [])];
      const given = props[property];
      for (const one of listOf(given)) {
        checkType(one, report, config.types ? allowed : []);
      }
    }),
  ),
};

export const gp2OnlyInLocalZones: Policy = {
  name: "gp2-only-in-local-zones",
  description: "Volumes are gp3, which costs a fifth less than gp2, but where a Local Zone has none.",
  severity: "low",
  level: "advisory",
  fix: "Set the volume's type to gp3",
  url: "https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html",
  stackRule: (stack, report) => {
    forEachKnown(stack.ofType<aws.ebs.VolumeArgs>("aws:ebs/volume:Volume"), (volume) => {
      const { type, availabilityZone } = volume.props;
      if ((type ?? "gp2") === "gp2" && !isLocalZone(availabilityZone)) report("the volume is gp2", volume);
    });
    const isLocal = (subnets: readonly StackResource[] | undefined) =>
      (subnets ?? []).some(({ props }) =>
        isLocalZone(ifKnown(() => props.availabilityZone as string | undefined) ?? ""),
      );
    const inLocalZone = new Set<string>();
    forEachKnown(stack.ofType<aws.ec2.InstanceArgs>("aws:ec2/instance:Instance"), (instance) => {
      const local = isLocal(instance.propertyDependencies.subnetId);
      if (local) for (const { urn } of instance.propertyDependencies.launchTemplate ?? []) inLocalZone.add(urn);
      else if (instance.props.rootBlockDevice?.volumeType === "gp2") report("the root volume is gp2", instance);
    });
    forEachKnown(stack.ofType<aws.ec2.LaunchTemplateArgs>("aws:ec2/launchTemplate:LaunchTemplate"), (template) => {
      if (inLocalZone.has(template.urn)) return;
      const old = listOf(template.props.blockDeviceMappings).filter(({ ebs }) => ebs?.volumeType === "gp2");
      if (old.length > 0) report("its volumes are gp2", template);
    });
  },
};

export const budgetPresent: Policy = {
  name: "budget-present",
  description: "A budget watches what the stack costs.",
  severity: "medium",
  level: "mandatory",
  fix: "Turn the budget section on",
  url: reference("budgets/budget"),
  rules: on<aws.budgets.BudgetArgs>("aws:budgets/budget:Budget", (budget, report) => {
    if (listOf(budget.notifications).length === 0) report("it tells nobody");
  }),
  stackRule: (stack, report, { settings }) => {
    if (settings.accountBaselineStack) return;
    if (stack.ofType("aws:budgets/budget:Budget").length === 0) report("no budget watches what the stack costs");
  },
};

export const natAndIdlePublicAddresses: Policy = {
  name: "nat-and-idle-public-addresses",
  description: "No NAT gateway and no public address is paid for in vain.",
  severity: "low",
  level: "advisory",
  fix: "Set network.nat to single or none, and release idle addresses",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-pricing.html",
  stackRule: (stack, report, { stage }) => {
    const gateways = stack.ofType<aws.ec2.NatGatewayArgs>("aws:ec2/natGateway:NatGateway");
    const regional = gateways.filter(({ propertyDependencies }) =>
      (propertyDependencies.subnetId ?? []).every(
        ({ props }) => !isLocalZone(ifKnown(() => props.availabilityZone as string) ?? ""),
      ),
    );
    if (stage === "dev" && regional.length > 1) report(`development pays for ${regional.length} NAT gateways`);
    const users = [
      "aws:ec2/natGateway:NatGateway",
      "aws:ec2/eipAssociation:EipAssociation",
      "aws:lb/loadBalancer:LoadBalancer",
    ];
    for (const address of stack.ofType<aws.ec2.EipArgs>("aws:ec2/eip:Eip")) {
      const own = ["instance", "networkInterface"].some(
        (property) => (address.propertyDependencies[property] ?? []).length > 0,
      );
      if (!own && stack.referrers(address, users).length === 0) report("the address is paid for and idle", address);
    }
  },
};

export const cost: Family = {
  key: "cost",
  title: "Cost",
  policies: [tagged, instanceTypeAllowed, gp2OnlyInLocalZones, budgetPresent, natAndIdlePublicAddresses],
};
