import type * as aws from "@pulumi/aws";
import { isInside, isOpen } from "../frame/addresses";
import { checkov, cis, fsbp, on, pci, reference, type Policy, type Report, type StackResource } from "../frame/policy";
import { ifKnown, listOf } from "../frame/values";
import { groupTypes, ingressType, knownIngress, onIngress, ruleType, showPorts } from "./rules-of-groups";

const ruleFix = "Name the security group that may come in, or the VPC's own block";

export const noOpenIngress: Policy = {
  name: "no-open-ingress",
  description: "No security group lets the internet in, but on port 443 of a declared entry.",
  severity: "critical",
  level: "mandatory",
  fix: `${ruleFix}; an entry from the internet goes into policies.publicEntries`,
  url: reference("vpc/securitygroupingressrule"),
  frameworks: [cis("5.2"), cis("5.3"), fsbp("EC2.18"), fsbp("EC2.19"), pci("1.3.1")],
  checkov: checkov(24, 25, 260, 277),
  rules: [
    ...onIngress((rule, report, at) => {
      const open = rule.cidrs.filter(isOpen);
      const isHttps = rule.fromPort === 443 && rule.toPort === 443;
      if (open.length === 0 || (isHttps && at.isPublicEntry(at))) return;
      report(`${open.join(" and ")} may reach ${showPorts(rule)}`);
    }),
    ...on<aws.ec2.ManagedPrefixListArgs>("aws:ec2/managedPrefixList:ManagedPrefixList", (list, report) => {
      for (const { cidr } of listOf(list.entries)) if (isOpen(cidr)) report(`the prefix list holds ${cidr}`);
    }),
    ...on<aws.ec2.ManagedPrefixListEntryArgs>(
      "aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry",
      ({ cidr }, report) => {
        if (isOpen(cidr)) report(`the prefix list gets ${cidr}`);
      },
    ),
  ],
};

/** What listens there: broker gateways (live and paper), databases, caches, MLflow, Prometheus. */
const sensitivePorts: readonly number[] = [4001, 4002, 5432, 6379, 5000, 9090];

export const sensitivePortsFromGroupsOnly: Policy = {
  name: "sensitive-ports-from-groups-only",
  description: "Brokers, databases, caches and dashboards are reached from security groups or the VPC only.",
  severity: "critical",
  level: "mandatory",
  fix: ruleFix,
  url: reference("vpc/securitygroupingressrule"),
  frameworks: [pci("1.3.1")],
  stackRule: (stack, report) => {
    const own = [
      ...stack.ofType<aws.ec2.VpcArgs>("aws:ec2/vpc:Vpc", "awsx:ec2:Vpc"),
      ...stack.ofType<aws.ec2.VpcIpv4CidrBlockAssociationArgs>(
        "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation",
      ),
    ].flatMap(({ props }) => listOf(ifKnown(() => props.cidrBlock)));
    for (const { rule, of } of knownIngress(stack)) {
      const ports = sensitivePorts.filter((port) => rule.fromPort <= port && port <= rule.toPort);
      const outside = rule.cidrs.filter((cidr) => !own.some((block) => isInside(cidr, block)));
      if (ports.length > 0 && outside.length > 0)
        report(`${outside.join(" and ")} may reach port ${ports.join(", ")}`, of);
    }
  },
};

/** Ports of administration that a network ACL must not open: FTP, SSH and RDP. */
const adminPorts: readonly number[] = [20, 21, 22, 3389];

interface AclEntry {
  readonly number: number;
  readonly allow: boolean;
  readonly cidr: string;
  readonly protocol: string;
  readonly from: number;
  readonly to: number;
}

/** Ports that an open address may reach: the entry with the lowest number that matches decides. */
export function openAdminPorts(entries: readonly AclEntry[]): number[] {
  const ordered = [...entries].sort((a, b) => a.number - b.number);
  return adminPorts.filter((port) => {
    const first = ordered.find(({ cidr, protocol, from, to }) => {
      const tcp = ["-1", "6", "tcp", "all"].includes(protocol.toLowerCase());
      const every = protocol === "-1" || protocol.toLowerCase() === "all";
      return isOpen(cidr) && tcp && (every || (from <= port && port <= to));
    });
    return first?.allow ?? false;
  });
}

function checkAcl(entries: readonly AclEntry[], report: Report): void {
  const open = openAdminPorts(entries);
  if (open.length > 0) report(`the internet may reach port ${open.join(", ")}`);
}

export const noOpenNaclAdminPorts: Policy = {
  name: "no-open-nacl-admin-ports",
  description: "Network ACLs keep SSH, RDP and FTP from the internet.",
  severity: "high",
  level: "mandatory",
  fix: "Allow blocks of the VPC only, or deny ports 20 to 22 and 3389 from 0.0.0.0/0 under a lower number",
  url: reference("ec2/networkacl"),
  frameworks: [cis("5.1"), fsbp("EC2.21"), pci("1.3.1")],
  checkov: checkov(229, 230, 231, 232, 352),
  rules: on<aws.ec2.NetworkAclArgs>(
    ["aws:ec2/networkAcl:NetworkAcl", "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl"],
    (acl, report) => {
      const entries = listOf(acl.ingress).map((entry) => ({
        number: entry.ruleNo,
        allow: entry.action.toLowerCase() === "allow",
        cidr: entry.cidrBlock ?? entry.ipv6CidrBlock ?? "",
        protocol: entry.protocol,
        from: entry.fromPort,
        to: entry.toPort,
      }));
      checkAcl(entries, report);
    },
  ),
  stackRule: (stack, report) => {
    const byAcl = new Map<string, { entries: AclEntry[]; first: StackResource }>();
    for (const rule of stack.ofType<aws.ec2.NetworkAclRuleArgs>("aws:ec2/networkAclRule:NetworkAclRule")) {
      const { props } = rule;
      if (props.egress) continue;
      const acl = rule.propertyDependencies.networkAclId?.[0]?.urn ?? props.networkAclId;
      const group = byAcl.get(acl) ?? { entries: [], first: rule as unknown as StackResource };
      group.entries.push({
        number: props.ruleNumber,
        allow: props.ruleAction.toLowerCase() === "allow",
        cidr: props.cidrBlock ?? props.ipv6CidrBlock ?? "",
        protocol: props.protocol,
        from: props.fromPort ?? 0,
        to: props.toPort ?? 65535,
      });
      byAcl.set(acl, group);
    }
    for (const { entries, first } of byAcl.values()) checkAcl(entries, (fact) => report(fact, first));
  },
};

export const defaultSecurityGroupClosed: Policy = {
  name: "default-security-group-closed",
  description: "The VPC's default security group lets nothing in or out.",
  severity: "medium",
  level: "advisory",
  fix: "Take it over with aws.ec2.DefaultSecurityGroup and give it no rules",
  url: reference("ec2/defaultsecuritygroup"),
  frameworks: [cis("5.4"), fsbp("EC2.2")],
  checkov: checkov("2:12"),
  rules: on<aws.ec2.DefaultSecurityGroupArgs>("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", (group, report) => {
    if (listOf(group.ingress).length > 0 || listOf(group.egress).length > 0) report("it has rules");
  }),
  stackRule: (stack, report) => {
    for (const vpc of stack.ofType("aws:ec2/vpc:Vpc")) {
      const closed = stack.referrers(vpc, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "vpcId");
      if (closed.length === 0) report("its default security group is open within itself", vpc);
    }
  },
};

/** Pulumi's own filler, which says nothing. */
const isDescribed = (description: string | undefined) =>
  description !== undefined &&
  description.trim() !== "" &&
  description !== "Managed by Pulumi" &&
  description !== "Managed by Terraform";

export const ruleDescribed: Policy = {
  name: "rule-described",
  description: "Security groups and their rules say what they are for.",
  severity: "low",
  level: "advisory",
  fix: "Describe who comes in and why",
  url: reference("vpc/securitygroupingressrule"),
  checkov: checkov(23),
  rules: [
    ...on<aws.ec2.SecurityGroupRuleArgs>(
      [ruleType, ingressType, "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"],
      (rule, report) => {
        if (!isDescribed(rule.description)) report("the rule has no description");
      },
    ),
    ...on<aws.ec2.SecurityGroupArgs>(groupTypes[0], (group, report) => {
      if (!isDescribed(group.description)) report("the group has no description");
      const undescribed = [...listOf(group.ingress), ...listOf(group.egress)].filter(
        ({ description }) => !isDescribed(description),
      );
      if (undescribed.length > 0) report("an inline rule has no description");
    }),
  ],
};

export const ingress: readonly Policy[] = [
  noOpenIngress,
  sensitivePortsFromGroupsOnly,
  noOpenNaclAdminPorts,
  defaultSecurityGroupClosed,
  ruleDescribed,
];
