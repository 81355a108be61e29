/** What a diagram shows: places inside places, what stands in them, and who talks to whom. */
import type { Plan, PlannedResource } from "../json";
import { kinds, type Kind } from "./kinds";
import { groupsOf, permissions, showPorts } from "./security-groups";

export interface SceneNode {
  readonly id: string;
  readonly kind: Kind;
  readonly label: string;
  /** URNs drawn as this node: one, or a whole group of alike resources. */
  readonly urns: readonly string[];
  readonly monthly: number;
  readonly violations: number;
}

export interface Place {
  readonly id: string;
  readonly kind: "region" | "vpc" | "zone" | "local-zone" | "subnet" | "component";
  readonly label: string;
  readonly places: Place[];
  readonly nodes: SceneNode[];
}

export interface SceneEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: "traffic" | "reference";
  readonly label: string;
}

export interface Scene {
  readonly root: Place;
  readonly internet: boolean;
  readonly edges: readonly SceneEdge[];
}

/** Id of the node that stands for everything outside. */
export const internetId = "internet";
/** From this many alike resources in one place on they are drawn as one. */
const groupFrom = 6;

const subnetType = "aws:ec2/subnet:Subnet";
const vpcType = "aws:ec2/vpc:Vpc";

const textOf = (value: unknown) => (typeof value === "string" ? value : "");

type ByUrn = ReadonlyMap<string, PlannedResource>;

const naming = /subnet|vpcZoneIdentifiers|networkConfiguration|networkInterfaces|vpcConfig|computeResources/i;
/** Where a resource that names no subnet itself takes its place from: its launch template, or the database it is a copy of. */
const inherited = /^(launchTemplate|replicateSourceDb)$/;

function from(resource: PlannedResource, properties: RegExp, byUrn: ByUrn): PlannedResource[] {
  return Object.entries(resource.propertyDependencies)
    .filter(([property]) => properties.test(property))
    .flatMap(([, urns]) => urns.flatMap((urn) => byUrn.get(urn) ?? []));
}

/** Subnets that a resource stands in: named by itself, by its subnet group, or by what it is made from. */
export function subnetsOf(resource: PlannedResource, byUrn: ByUrn): PlannedResource[] {
  const subnets = new Set<PlannedResource>();
  for (const one of from(resource, naming, byUrn)) {
    if (one.type === subnetType) subnets.add(one);
    else if (/subnetGroup:SubnetGroup$/.test(one.type)) for (const inner of subnetsOf(one, byUrn)) subnets.add(inner);
  }
  if (subnets.size > 0) return [...subnets];
  return from(resource, inherited, byUrn).flatMap((source) => (source === resource ? [] : subnetsOf(source, byUrn)));
}

function vpcOf(resource: PlannedResource, byUrn: ByUrn): PlannedResource | undefined {
  for (const property of ["vpcId", "vpcs"]) {
    const vpc = (resource.propertyDependencies[property] ?? [])
      .map((urn) => byUrn.get(urn))
      .find((one) => one?.type === vpcType);
    if (vpc) return vpc;
  }
  return undefined;
}

function topComponent(resource: PlannedResource, byUrn: ByUrn): PlannedResource {
  let at = resource;
  for (let parent = at.parent && byUrn.get(at.parent); parent; parent = at.parent && byUrn.get(at.parent)) at = parent;
  return at;
}

const localZone = /^[a-z]{2}(-[a-z]+)+-\d-[a-z]+-\d[a-z]$/;

/** Builds places once each, by their id. */
class Places {
  private readonly known = new Map<string, Place>();
  readonly root: Place;

  constructor(region: string) {
    this.root = { id: "region", kind: "region", label: region, places: [], nodes: [] };
  }

  in(parent: Place, kind: Place["kind"], id: string, label: string): Place {
    let place = this.known.get(id);
    if (!place) {
      place = { id, kind, label, places: [], nodes: [] };
      this.known.set(id, place);
      parent.places.push(place);
    }
    return place;
  }

  vpc(vpc: PlannedResource): Place {
    return this.in(this.root, "vpc", vpc.urn, `${vpc.name} ${textOf(vpc.inputs.cidrBlock)}`.trim());
  }

  subnet(subnet: PlannedResource, byUrn: ByUrn): Place {
    const vpc = vpcOf(subnet, byUrn);
    const inVpc = vpc ? this.vpc(vpc) : this.root;
    const zone = typeof subnet.inputs.availabilityZone === "string" ? subnet.inputs.availabilityZone : "any zone";
    const kind = localZone.test(zone) ? "local-zone" : "zone";
    const inZone = this.in(inVpc, kind, `${inVpc.id}|${zone}`, zone);
    return this.in(inZone, "subnet", subnet.urn, `${subnet.name} ${textOf(subnet.inputs.cidrBlock)}`.trim());
  }
}

function placeOf(resource: PlannedResource, places: Places, byUrn: ByUrn): Place {
  const subnets = subnetsOf(resource, byUrn);
  const [only] = subnets;
  if (only && subnets.length === 1) return places.subnet(only, byUrn);
  const vpc = only ? vpcOf(only, byUrn) : vpcOf(resource, byUrn);
  if (vpc) return places.vpc(vpc);
  const component = topComponent(resource, byUrn);
  return places.in(places.root, "component", `component|${component.urn}`, component.name);
}

/** Puts alike resources of one place and component together where there are many, and makes nodes of all. */
function toNodes(drawn: readonly PlannedResource[], plan: Plan, byUrn: ByUrn): SceneNode[] {
  const costs = new Map(plan.cost.lines.map(({ urn, monthly }) => [urn, monthly]));
  const violations = new Map<string, number>();
  for (const { urn } of plan.policy.violations) violations.set(urn, (violations.get(urn) ?? 0) + 1);
  const sorts = new Map<string, PlannedResource[]>();
  for (const resource of drawn) {
    const sort = `${resource.type}\0${topComponent(resource, byUrn).urn}`;
    const alike = sorts.get(sort);
    if (alike) alike.push(resource);
    else sorts.set(sort, [resource]);
  }
  const nodes: SceneNode[] = [];
  for (const alike of sorts.values()) {
    const kind = kinds[alike[0]?.type ?? ""];
    if (!kind) continue;
    const sets = alike.length >= groupFrom ? [alike] : alike.map((one) => [one]);
    for (const set of sets) {
      const urns = set.map(({ urn }) => urn);
      const [first] = set;
      nodes.push({
        id: set.length > 1 ? `group|${urns[0] ?? ""}` : (urns[0] ?? ""),
        kind,
        label: set.length > 1 ? `${set.length.toLocaleString("en")} x ${kind.label}` : (first?.name ?? ""),
        urns,
        monthly: Math.round(urns.reduce((sum, urn) => sum + (costs.get(urn) ?? 0), 0) * 100) / 100,
        violations: urns.reduce((sum, urn) => sum + (violations.get(urn) ?? 0), 0),
      });
    }
  }
  return nodes;
}

function isOpen(cidr: string | undefined): boolean {
  return cidr === "0.0.0.0/0" || cidr === "::/0";
}

/** What a range of addresses stands for: the internet, or the networks and subnets that have exactly this range. */
function standingFor(cidr: string, plan: Plan): string[] {
  if (isOpen(cidr)) return [internetId];
  return plan.resources
    .filter(({ type, inputs }) => (type === vpcType || type === subnetType) && inputs.cidrBlock === cidr)
    .map(({ urn }) => urn);
}

const distributionType = "aws:cloudfront/distribution:Distribution";

/** Where CloudFront serves the internet, and asks origins for what it has not. */
function edgeLocations(plan: Plan, nodeOf: ReadonlyMap<string, string>): string[] {
  const distributions = plan.resources.filter(({ type }) => type === distributionType);
  return [...new Set(distributions.flatMap(({ urn }) => nodeOf.get(urn) ?? []))];
}

function trafficEdges(plan: Plan, nodeOf: ReadonlyMap<string, string>, byUrn: ByUrn): SceneEdge[] {
  const members = new Map<string, Set<string>>();
  for (const resource of plan.resources) {
    const node = nodeOf.get(resource.urn);
    if (!node) continue;
    for (const group of groupsOf(resource, byUrn)) members.set(group, (members.get(group) ?? new Set()).add(node));
  }
  const cloudFront = edgeLocations(plan, nodeOf);
  const edges: SceneEdge[] = cloudFront.map((to) => ({ from: internetId, to, kind: "traffic", label: "443" }));
  for (const permission of permissions(plan, "ingress")) {
    const { from, to } = permission;
    // The one prefix list of AWS's that opens connections is CloudFront's; where the stack has none of it, it is outside.
    const listed = cloudFront.length > 0 ? cloudFront : [internetId];
    const addresses = () => (from.prefixList === undefined ? standingFor(from.cidr ?? "", plan) : listed);
    const sources = from.group ? [...(members.get(from.group) ?? [])] : addresses();
    for (const source of sources) {
      for (const target of members.get(to) ?? []) {
        if (source !== target) edges.push({ from: source, to: target, kind: "traffic", label: showPorts(permission) });
      }
    }
  }
  return edges;
}

function referenceEdges(plan: Plan, nodeOf: ReadonlyMap<string, string>): SceneEdge[] {
  return plan.resources.flatMap((resource) => {
    const from = nodeOf.get(resource.urn);
    if (!from) return [];
    const targets = new Set(resource.dependencies.map((urn) => nodeOf.get(urn)));
    return [...targets]
      .filter((to) => to !== undefined && to !== from)
      .map((to) => ({ from, to: to ?? "", kind: "reference" as const, label: "" }));
  });
}

/** The same line once, with all its ports. */
function merged(edges: readonly SceneEdge[]): SceneEdge[] {
  const byEnds = new Map<string, { edge: SceneEdge; labels: Set<string> }>();
  for (const edge of edges) {
    const key = `${edge.kind}\0${edge.from}\0${edge.to}`;
    const known = byEnds.get(key) ?? { edge, labels: new Set<string>() };
    if (edge.label) known.labels.add(edge.label);
    byEnds.set(key, known);
  }
  return [...byEnds.values()].map(({ edge, labels }) => ({ ...edge, label: [...labels].sort().join(", ") }));
}

/** Makes the scene of a plan. */
export function makeScene(plan: Plan, region: string): Scene {
  const byUrn = new Map(plan.resources.map((resource) => [resource.urn, resource]));
  const places = new Places(region);
  const standing = new Map<Place, PlannedResource[]>();
  for (const resource of plan.resources) {
    if (resource.type === subnetType) places.subnet(resource, byUrn);
    if (!(resource.type in kinds)) continue;
    const place = placeOf(resource, places, byUrn);
    standing.set(place, [...(standing.get(place) ?? []), resource]);
  }
  const nodeOf = new Map<string, string>();
  for (const [place, drawn] of standing) {
    place.nodes.push(...toNodes(drawn, plan, byUrn));
    for (const { id, urns } of place.nodes) for (const urn of urns) nodeOf.set(urn, id);
  }
  const edges = merged([...trafficEdges(plan, nodeOf, byUrn), ...referenceEdges(plan, nodeOf)]);
  return { root: places.root, internet: edges.some(({ from }) => from === internetId), edges };
}
