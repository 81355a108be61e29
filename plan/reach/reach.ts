/** Whether a connection is let through: routes, network ACLs and security groups, each named. */
import { groupsOf, permissions, showPorts, type Permission } from "../diagram/security-groups";
import { UsageError } from "../failure";
import type { Plan, PlannedResource } from "../json";
import { block, contains, isPublic, overlap, type Block } from "./addresses";

export interface Step {
  readonly allowed: boolean;
  /** What decided, by name, and why. */
  readonly because: string;
}

/** From one subnet, or the internet, to one target in one subnet. */
export interface Way {
  readonly from: string;
  readonly to: string;
  readonly reachable: boolean;
  readonly steps: readonly Step[];
}

export interface Reach {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly reachable: boolean;
  readonly ways: readonly Way[];
}

type ByUrn = ReadonlyMap<string, PlannedResource>;

const type = {
  subnet: "aws:ec2/subnet:Subnet",
  association: "aws:ec2/routeTableAssociation:RouteTableAssociation",
  route: "aws:ec2/route:Route",
  gateway: "aws:ec2/internetGateway:InternetGateway",
  acl: "aws:ec2/networkAcl:NetworkAcl",
  group: "aws:ec2/securityGroup:SecurityGroup",
} as const;

/** Ports that answers come back on. */
const ephemeral = { from: 1_024, to: 65_535 };
const everywhere: Block = { base: 0, bits: 0 };

/** True where a rule's block and a peer have an address in common. */
function meets(cidr: string, peer: Block | undefined): boolean {
  if (!peer) return isPublic(cidr);
  const own = block(cidr);
  return own !== undefined && overlap(own, peer);
}

/** True where a rule's block holds every address of a peer. */
function holds(cidr: string, peer: Block | undefined): boolean {
  const own = block(cidr);
  return own !== undefined && contains(own, peer ?? everywhere);
}

interface End {
  readonly label: string;
  /** Undefined for the internet. */
  readonly subnet: PlannedResource | undefined;
  readonly groups: readonly string[];
  /** Addresses; undefined for the internet, which is every public one. */
  readonly block: Block | undefined;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Answers questions about one plan's network. */
export class Network {
  private readonly byUrn: ByUrn;
  private readonly ingress: readonly Permission[];
  private readonly egress: readonly Permission[];

  constructor(private readonly plan: Plan) {
    this.byUrn = new Map(plan.resources.map((resource) => [resource.urn, resource]));
    this.ingress = permissions(plan, "ingress");
    this.egress = permissions(plan, "egress");
  }

  /** Names of the subnets of a plan. */
  subnets(): string[] {
    return this.plan.resources.filter((resource) => resource.type === type.subnet).map(({ name }) => name);
  }

  /**
   * Asks for a connection over TCP.
   * @param from `internet`, or the name of a subnet or of what stands in one
   * @throws UsageError where a name is not known, or stands in no subnet
   */
  ask(from: string, to: string, port: number): Reach {
    const sources = this.ends(from, "from");
    const targets = this.ends(to, "to");
    if (to === "internet") throw new UsageError("--reach: the internet is a source here, not a target");
    const ways = sources.flatMap((source) => targets.map((target) => this.way(source, target, port)));
    return { from, to, port, reachable: ways.some(({ reachable }) => reachable), ways };
  }

  private ends(name: string, side: string): End[] {
    if (name === "internet") return [{ label: "the internet", subnet: undefined, groups: [], block: undefined }];
    const named = this.plan.resources.filter((resource) => resource.name === name);
    const ends = named.flatMap((resource) => {
      const subnets = resource.type === type.subnet ? [resource] : this.subnetsOf(resource, 0);
      const groups = resource.type === type.subnet ? [] : groupsOf(resource, this.byUrn);
      return subnets.map((subnet): End => {
        const label = resource === subnet ? name : `${name} in ${subnet.name}`;
        return { label, subnet, groups, block: block(textOf(subnet.inputs.cidrBlock)) ?? everywhere };
      });
    });
    if (ends.length > 0) return ends;
    const problem = named.length > 0 ? `${name} stands in no subnet` : `there is nothing named ${name} in the plan`;
    throw new UsageError(
      `--reach, ${side}: ${problem}\n  allowed: internet, a subnet (${this.subnets().join(", ") || "none here"}), or a resource in one`,
    );
  }

  /** Subnets that a resource names, itself or through its subnet group. */
  private subnetsOf(resource: PlannedResource, depth: number): PlannedResource[] {
    const urns = Object.entries(resource.propertyDependencies)
      .filter(([property]) =>
        /subnet|vpcZoneIdentifiers|networkConfiguration|networkInterfaces|computeResources|launchTemplate|vpcConfig|taskDefinition|cluster/i.test(
          property,
        ),
      )
      .flatMap(([, all]) => all);
    const found = new Set<PlannedResource>();
    for (const urn of urns) {
      const one = this.byUrn.get(urn);
      if (one?.type === type.subnet) found.add(one);
      else if (one && depth < 1) for (const inner of this.subnetsOf(one, depth + 1)) found.add(inner);
    }
    return [...found];
  }

  private way(from: End, to: End, port: number): Way {
    const steps = [this.routed(from, to), ...this.aclSteps(from, to, port), ...this.groupSteps(from, to, port)];
    return { from: from.label, to: to.label, reachable: steps.every(({ allowed }) => allowed), steps };
  }

  private sources(resource: PlannedResource, property: string): readonly string[] {
    return resource.propertyDependencies[property] ?? [];
  }

  /** Within a VPC everything is routed; from outside, only what has a route to an internet gateway. */
  private routed(from: End, to: End): Step {
    if (from.subnet) {
      const [one, other] = [from.subnet, to.subnet].map((subnet) => subnet && this.sources(subnet, "vpcId")[0]);
      if (one === other) return { allowed: true, because: "the VPC routes between its own subnets" };
      return { allowed: false, because: `${from.label} and ${to.label} are in different VPCs` };
    }
    const target = to.subnet?.urn ?? "";
    const tables = this.plan.resources
      .filter((one) => one.type === type.association && this.sources(one, "subnetId").includes(target))
      .flatMap((one) => this.sources(one, "routeTableId"));
    const open = this.plan.resources.find(
      (one) =>
        one.type === type.route &&
        this.sources(one, "routeTableId").some((urn) => tables.includes(urn)) &&
        this.sources(one, "gatewayId").some((urn) => this.byUrn.get(urn)?.type === type.gateway),
    );
    if (open) return { allowed: true, because: `route ${open.name} leads to the internet gateway` };
    const names = tables.map((urn) => this.byUrn.get(urn)?.name ?? urn).join(", ");
    return { allowed: false, because: `no route to an internet gateway in ${names || "the VPC's main route table"}` };
  }

  private aclSteps(from: End, to: End, port: number): Step[] {
    if (from.subnet && from.subnet === to.subnet) return [];
    const steps: Step[] = [];
    if (from.subnet) steps.push(this.acl(from.subnet, "egress", to.block, { from: port, to: port }));
    if (to.subnet) {
      steps.push(this.acl(to.subnet, "ingress", from.block, { from: port, to: port }));
      steps.push(this.acl(to.subnet, "egress", from.block, ephemeral));
    }
    if (from.subnet) steps.push(this.acl(from.subnet, "ingress", to.block, ephemeral));
    return steps;
  }

  /** The first rule by number that matches decides, as in AWS; the last resort is to deny. */
  private acl(
    subnet: PlannedResource,
    direction: "ingress" | "egress",
    peer: Block | undefined,
    ports: { from: number; to: number },
  ): Step {
    const acl = this.plan.resources.find(
      (one) => one.type === type.acl && this.sources(one, "subnetIds").includes(subnet.urn),
    );
    const what = `${direction} of ${subnet.name}, ${ports.from === ports.to ? `port ${ports.from}` : "answers"}`;
    if (!acl) return { allowed: true, because: `the VPC's default network ACL lets all through (${what})` };
    const rules = Array.isArray(acl.inputs[direction]) ? (acl.inputs[direction] as Record<string, unknown>[]) : [];
    const ordered = [...rules].sort((a, b) => Number(a.ruleNo) - Number(b.ruleNo));
    for (const rule of ordered) {
      const protocol = textOf(rule.protocol);
      if (!["-1", "all", "tcp", "6"].includes(protocol)) continue;
      const all = protocol === "-1" || protocol === "all";
      const low = all ? 0 : Number(rule.fromPort);
      const high = all ? 65_535 : Number(rule.toPort);
      const cidr = textOf(rule.cidrBlock) || textOf(rule.ipv6CidrBlock);
      const allow = rule.action === "allow";
      // Denied is only what a rule denies whole; allowed is what any part of a rule lets through.
      const matches = allow
        ? meets(cidr, peer) && low <= ports.to && high >= ports.from
        : holds(cidr, peer) && low <= ports.from && high >= ports.to;
      if (matches)
        return {
          allowed: allow,
          because: `network ACL ${acl.name}, rule ${String(rule.ruleNo)} ${allow ? "allows" : "denies"} it (${what})`,
        };
    }
    return { allowed: false, because: `network ACL ${acl.name} has no rule that allows it (${what})` };
  }

  /** A subnet without a resource stands for whatever may be put there: its groups are then no help. */
  private groupSteps(from: End, to: End, port: number): Step[] {
    const steps: Step[] = [];
    const match = (rule: Permission) =>
      ["tcp", "6", "-1"].includes(rule.protocol) && rule.fromPort <= port && port <= rule.toPort;
    if (from.groups.length > 0) {
      const out = this.egress.find((rule) => from.groups.includes(rule.to) && match(rule) && this.covers(rule, to));
      steps.push(this.groupStep(out, from.groups, "lets out", "has no rule that lets it out"));
    }
    if (to.groups.length > 0) {
      const into = this.ingress.find((rule) => to.groups.includes(rule.to) && match(rule) && this.covers(rule, from));
      steps.push(this.groupStep(into, to.groups, "lets in", "has no rule that lets it in"));
    }
    return steps;
  }

  private covers(rule: Permission, peer: End): boolean {
    if (rule.from.prefixList !== undefined) return false; // a plan does not know AWS's own addresses
    if (rule.from.group) return peer.groups.includes(rule.from.group);
    return meets(rule.from.cidr ?? "", peer.block);
  }

  private groupStep(rule: Permission | undefined, groups: readonly string[], does: string, otherwise: string): Step {
    const name = (urn: string) => this.byUrn.get(urn)?.name ?? urn;
    if (!rule) return { allowed: false, because: `security group ${groups.map(name).join(", ")} ${otherwise}` };
    return {
      allowed: true,
      because: `security group ${name(rule.to)} ${does} ${showPorts(rule)} by ${name(rule.rule)}`,
    };
  }
}

/** The answer as text. */
export function renderReach({ from, to, port, reachable, ways }: Reach): string {
  const lines = [`${from} ${reachable ? "reaches" : "does not reach"} ${to} on port ${port}`];
  for (const way of ways) {
    lines.push("", `${way.from} -> ${way.to}: ${way.reachable ? "let through" : "stopped"}`);
    for (const { allowed, because } of way.steps) lines.push(`  ${allowed ? "yes" : "NO "}  ${because}`);
  }
  return `${lines.join("\n")}\n`;
}
