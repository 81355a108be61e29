/** What a stack loses with a zone, or with one of its resources. */
import { kinds } from "../diagram/kinds";
import { subnetsOf } from "../diagram/scene";
import { UsageError } from "../failure";
import type { Plan, PlannedResource } from "../json";

/** Why, by URN. */
type Found = ReadonlyMap<string, string>;

export interface Loss {
  readonly without: string;
  readonly lost: Found;
  /** Stands in one zone that AWS chooses: lost or not. */
  readonly atRisk: Found;
  /** Works on with what stands elsewhere. */
  readonly less: Found;
  /** Subnets and resources that work on, but cannot reach what they need. */
  readonly cutOff: Found;
}

type ByUrn = ReadonlyMap<string, PlannedResource>;

const subnetType = "aws:ec2/subnet:Subnet";
const zoneOf = ({ inputs }: PlannedResource) =>
  typeof inputs.availabilityZone === "string" ? inputs.availabilityZone : undefined;
const sources = (resource: PlannedResource, property: string) => resource.propertyDependencies[property] ?? [];

/** The subnets of what a resource reads from: a replica's subnets are its source's. */
function placedIn(resource: PlannedResource, byUrn: ByUrn): PlannedResource[] {
  const own = subnetsOf(resource, byUrn);
  const source = sources(resource, "replicateSourceDb").map((urn) => byUrn.get(urn))[0];
  return own.length > 0 || !source ? own : subnetsOf(source, byUrn);
}

/** True for what AWS puts into one of its subnets, with nothing in another. */
function standsAlone({ type, inputs }: PlannedResource): boolean {
  if (type === "aws:rds/instance:Instance") return inputs.multiAz !== true;
  if (type === "aws:elasticache/replicationGroup:ReplicationGroup") {
    return inputs.multiAzEnabled !== true || inputs.automaticFailoverEnabled !== true;
  }
  return type === "aws:elasticache/cluster:Cluster";
}

function takesOver({ type }: PlannedResource, zones: string): string {
  if (type === "aws:rds/instance:Instance") return `its standby in ${zones} takes over`;
  if (type.startsWith("aws:elasticache/")) return `a replica in ${zones} takes over`;
  if (type.includes("FargateService") || type === "aws:autoscaling/group:Group") return `starts again in ${zones}`;
  return `works on in ${zones}`;
}

/** What is there at first: subnets and volumes of a zone, or the resource that is named. */
function startOf(plan: Plan, without: string): Map<string, string> {
  const [, kind, name = ""] = /^(zone|resource):(.+)$/.exec(without) ?? [];
  if (kind === undefined) {
    throw new UsageError(
      `--without ${without}: is not zone:<zone> or resource:<name>, such as zone:us-east-1a or resource:network-nat-us-east-1a`,
    );
  }
  const zones = [...new Set(plan.resources.flatMap((one) => zoneOf(one) ?? []))].sort();
  const gone = plan.resources.filter((one) =>
    kind === "zone" ? zoneOf(one) === name : one.name === name && one.custom,
  );
  if (gone.length === 0) {
    const allowed =
      kind === "zone" ? `a zone of the plan: ${zones.join(", ") || "none"}` : "the name of a resource of the plan";
    throw new UsageError(`--without ${without}: there is no such ${kind}\n  allowed: ${allowed}`);
  }
  return new Map(gone.map(({ urn }) => [urn, kind === "zone" ? `stands in ${name}` : "taken away"]));
}

/** Subnets whose way out led through a lost gateway. */
function cutOffBy(plan: Plan, lost: Found, byUrn: ByUrn): Map<string, string> {
  const cut = new Map<string, string>();
  for (const route of plan.resources.filter(({ type }) => type === "aws:ec2/route:Route")) {
    const gateway = ["natGatewayId", "gatewayId"].flatMap((one) => sources(route, one)).find((urn) => lost.has(urn));
    if (gateway === undefined) continue;
    const tables = sources(route, "routeTableId");
    for (const association of plan.resources) {
      if (association.type !== "aws:ec2/routeTableAssociation:RouteTableAssociation") continue;
      if (!sources(association, "routeTableId").some((urn) => tables.includes(urn))) continue;
      const why = `its way out led through ${byUrn.get(gateway)?.name ?? gateway}`;
      for (const subnet of sources(association, "subnetId")) if (!lost.has(subnet)) cut.set(subnet, why);
    }
  }
  return cut;
}

/** What is lost without a zone (`zone:us-east-1a`) or a resource (`resource:<name>`), and what that takes with it. */
export function takeAway(plan: Plan, without: string): Loss {
  const byUrn = new Map(plan.resources.map((resource) => [resource.urn, resource]));
  const lost = startOf(plan, without);
  const [atRisk, less, cutOff] = [new Map<string, string>(), new Map<string, string>(), new Map<string, string>()];
  for (const resource of plan.resources) {
    if (lost.has(resource.urn) || !(resource.type in kinds)) continue;
    const subnets = placedIn(resource, byUrn);
    const left = subnets.filter(({ urn }) => !lost.has(urn));
    if (left.length === subnets.length) continue;
    const zones = [...new Set(left.map((subnet) => zoneOf(subnet) ?? "another zone"))].sort().join(", ");
    if (left.length === 0) lost.set(resource.urn, "stood in nothing but what is lost");
    else if (standsAlone(resource))
      atRisk.set(resource.urn, `stands in one zone that AWS chose; ${zones} has none of it`);
    else less.set(resource.urn, takesOver(resource, zones));
  }
  for (const [urn, why] of cutOffBy(plan, lost, byUrn)) cutOff.set(urn, why);
  for (const resource of plan.resources) {
    if (lost.has(resource.urn) || !(resource.type in kinds)) continue;
    const needed = Object.values(resource.propertyDependencies).flat();
    const missing = needed.find((urn) => lost.has(urn) && byUrn.get(urn)?.type !== subnetType);
    if (missing !== undefined) cutOff.set(resource.urn, `it is made with ${byUrn.get(missing)?.name ?? missing}`);
  }
  return { without, lost, atRisk, less, cutOff };
}
