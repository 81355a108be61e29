/** Who may open a connection to whom, by security groups. */
import type { Plan, PlannedResource } from "../json";

/** A permitted connection between security groups, or from addresses: a range of them, or a prefix list of AWS's. */
export interface Permission {
  readonly from: { readonly group?: string; readonly cidr?: string; readonly prefixList?: string };
  /** URN of the group that lets in. */
  readonly to: string;
  readonly protocol: string;
  readonly fromPort: number;
  readonly toPort: number;
  /** URN of the rule. */
  readonly rule: string;
}

const groupType = "aws:ec2/securityGroup:SecurityGroup";
const defaultGroupType = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup";

const port = (value: unknown, otherwise: number) => (typeof value === "number" ? value : otherwise);
const protocolOf = (value: unknown) => (typeof value === "string" || typeof value === "number" ? String(value) : "-1");
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];

/** All ports where the protocol is every protocol. */
function ports(inputs: Readonly<Record<string, unknown>>, protocol: string): { fromPort: number; toPort: number } {
  if (protocol === "-1" || protocol === "all") return { fromPort: 0, toPort: 65_535 };
  return { fromPort: port(inputs.fromPort, 0), toPort: port(inputs.toPort, 65_535) };
}

function first(resource: PlannedResource, property: string, type = groupType): string | undefined {
  const urns = resource.propertyDependencies[property] ?? [];
  return urns.find((urn) => urn.split("::")[2]?.split("$").at(-1) === type);
}

/** What a rule of its own lets through; `direction` tells which side the peer is. */
function ruleResource(resource: PlannedResource): { peer: Permission["from"][]; group: string | undefined } {
  const { inputs } = resource;
  const group = first(resource, "securityGroupId") ?? first(resource, "securityGroupId", defaultGroupType);
  const peer: Permission["from"][] = [];
  const referenced = first(resource, "referencedSecurityGroupId") ?? first(resource, "sourceSecurityGroupId");
  if (referenced) peer.push({ group: referenced });
  for (const cidr of [inputs.cidrIpv4, inputs.cidrIpv6]) if (typeof cidr === "string") peer.push({ cidr });
  for (const cidr of [...texts(inputs.cidrBlocks), ...texts(inputs.ipv6CidrBlocks)]) peer.push({ cidr });
  if (typeof inputs.prefixListId === "string") peer.push({ prefixList: inputs.prefixListId });
  if (inputs.self === true && group) peer.push({ group });
  return { peer, group };
}

function inline(resource: PlannedResource, property: "ingress" | "egress"): Permission[] {
  const rules = Array.isArray(resource.inputs[property])
    ? (resource.inputs[property] as Record<string, unknown>[])
    : [];
  return rules.flatMap((rule) => {
    const protocol = protocolOf(rule.protocol);
    const peers: Permission["from"][] = [...texts(rule.cidrBlocks), ...texts(rule.ipv6CidrBlocks)].map((cidr) => ({
      cidr,
    }));
    if (rule.self === true) peers.push({ group: resource.urn });
    return peers.map((from) => ({ from, to: resource.urn, protocol, ...ports(rule, protocol), rule: resource.urn }));
  });
}

/** Every permission of a plan in one direction: all three forms of rule that the provider knows. */
export function permissions(plan: Plan, direction: "ingress" | "egress"): Permission[] {
  const own =
    direction === "ingress"
      ? "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
      : "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule";
  return plan.resources.flatMap((resource) => {
    const { type, inputs } = resource;
    if (type === groupType || type === defaultGroupType) return inline(resource, direction);
    const older = type === "aws:ec2/securityGroupRule:SecurityGroupRule" && inputs.type === direction;
    if (type !== own && !older) return [];
    const { peer, group } = ruleResource(resource);
    const protocol = protocolOf(older ? inputs.protocol : inputs.ipProtocol);
    if (!group) return [];
    return peer.map((from) => ({ from, to: group, protocol, ...ports(inputs, protocol), rule: resource.urn }));
  });
}

/** Properties that put a resource into security groups. */
const memberships = [
  "vpcSecurityGroupIds",
  "securityGroups",
  "securityGroupIds",
  "networkConfiguration",
  "networkInterfaces",
  "computeResources",
  "vpcConfig",
  "clusterSecurityGroup",
  "nodeSecurityGroup",
];

/** URNs of the security groups that a resource is in, its launch template's included. */
export function groupsOf(resource: PlannedResource, byUrn: ReadonlyMap<string, PlannedResource>): string[] {
  const groups = memberships.flatMap((property) => resource.propertyDependencies[property] ?? []);
  for (const property of ["launchTemplate", "mixedInstancesPolicy"]) {
    for (const urn of resource.propertyDependencies[property] ?? []) {
      const template = byUrn.get(urn);
      if (template && template !== resource) groups.push(...groupsOf(template, byUrn));
    }
  }
  return [...new Set(groups.filter((urn) => byUrn.get(urn)?.type === groupType))];
}

/** `443`, `8000-8010`, `all ports`. */
export function showPorts({
  protocol,
  fromPort,
  toPort,
}: Pick<Permission, "protocol" | "fromPort" | "toPort">): string {
  if (protocol === "-1" || (fromPort === 0 && toPort === 65_535)) return "all ports";
  const range = fromPort === toPort ? String(fromPort) : `${fromPort}-${toPort}`;
  return protocol === "tcp" ? range : `${range}/${protocol}`;
}
