import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { aclRules, createNetworkAcl } from "./network-acls";
import type { LocalZoneEgress, LocalZonePlan, PlannedSubnet } from "./subnet-plan";

/** What each way out of a Local Zone costs in latency; shown as a warning of the plan where it matters. */
export const localZoneEgressRemarks: Readonly<Record<LocalZoneEgress, string>> = {
  nat: "goes out through the NAT gateway in the Region: market traffic makes the round trip Chicago - Virginia (some 20 ms) before it reaches the exchange",
  "local-nat":
    "goes out through a NAT gateway in the Local Zone itself: the short way, for a NAT gateway's hourly charge there",
  "elastic-ip":
    "goes out by an elastic IP of the instance: the short way, but with a public address, which only dev allows",
  none: "has no way out: exchange connections need a Direct Connect or another private path",
};

/** A Local Zone's group, which opt-in and elastic IPs name: `us-east-1-chi-2a` belongs to `us-east-1-chi-2`. */
export function zoneGroupOf(localZone: string): string {
  return localZone.replace(/[a-z]$/, "");
}

export interface LocalZonesArgs {
  readonly vpcId: pulumi.Input<string>;
  readonly vpcCidr: string;
  readonly gateway: aws.ec2.InternetGateway | undefined;
  /** The Region's first NAT gateway. */
  readonly nat: aws.ec2.NatGateway | undefined;
  readonly plan: readonly PlannedSubnet[];
  readonly settings: readonly LocalZoneSettings[];
}

/** A Local Zone as the section `network` gives it. */
export interface LocalZoneSettings extends LocalZonePlan {
  /** Opts the account into the zone group; one-way: AWS undoes it only by a support case. */
  readonly optIn: boolean;
}

export interface LocalZones {
  readonly subnets: { id: pulumi.Output<string>; zone: string; cidr: string; egress: LocalZoneEgress }[];
  readonly routeTableIds: pulumi.Output<string>[];
}

/** Opt-in, subnet, route table and network ACL of each Local Zone, and its own NAT gateway where asked for. */
export function createLocalZones(name: string, args: LocalZonesArgs, opts: pulumi.CustomResourceOptions): LocalZones {
  const zones: LocalZones = { subnets: [], routeTableIds: [] };
  const optIns = optInto(
    name,
    args.settings.filter(({ optIn }) => optIn).map(({ zone }) => zoneGroupOf(zone)),
    opts,
  );
  for (const { zone, egress } of args.settings) {
    const zoneOpts = { ...opts, dependsOn: optIns.get(zoneGroupOf(zone)) ?? [] };
    const hosts = createSubnet(name, args, `local-${zone}`, zoneOpts);
    const rules = aclRules("app", args.vpcCidr, false);
    createNetworkAcl(`${name}-local-${zone}`, { vpcId: args.vpcId, subnetIds: [hosts.id], rules }, opts);
    const target = egressTarget(name, args, { zone, egress }, zoneOpts);
    if (target) {
      new aws.ec2.Route(
        `${name}-local-${zone}-out`,
        { routeTableId: hosts.tableId, destinationCidrBlock: "0.0.0.0/0", ...target },
        opts,
      );
    }
    zones.subnets.push({ id: hosts.id, zone, cidr: hosts.cidr, egress });
    zones.routeTableIds.push(hosts.tableId);
  }
  return zones;
}

/** Opts the account into zone groups, each once; AWS knows no way back, so a destroy leaves them alone. */
function optInto(
  name: string,
  groups: readonly string[],
  opts: pulumi.CustomResourceOptions,
): Map<string, aws.ec2.AvailabilityZoneGroup> {
  return new Map(
    [...new Set(groups)].map((groupName) => [
      groupName,
      new aws.ec2.AvailabilityZoneGroup(
        `${name}-${groupName}`,
        { groupName, optInStatus: "opted-in" },
        { ...opts, retainOnDelete: true },
      ),
    ]),
  );
}

function createSubnet(name: string, args: LocalZonesArgs, key: string, opts: pulumi.CustomResourceOptions) {
  const planned = args.plan.find((subnet) => subnet.key === key);
  if (!planned) throw new Error(`The layout has no subnet ${key}`);
  const { zone, cidr, tier } = planned;
  const tags = { Name: `${name}-${key}` };
  const subnet = new aws.ec2.Subnet(
    `${name}-${key}`,
    { vpcId: args.vpcId, availabilityZone: zone, cidrBlock: cidr, mapPublicIpOnLaunch: false, tags: { ...tags, tier } },
    opts,
  );
  const table = new aws.ec2.RouteTable(`${name}-${key}`, { vpcId: args.vpcId, tags }, { parent: opts.parent });
  new aws.ec2.RouteTableAssociation(
    `${name}-${key}`,
    { subnetId: subnet.id, routeTableId: table.id },
    { parent: opts.parent },
  );
  return { id: subnet.id, cidr, tableId: table.id };
}

/** Where a Local Zone's default route leads. */
function egressTarget(
  name: string,
  args: LocalZonesArgs,
  { zone, egress }: { zone: string; egress: LocalZoneEgress },
  opts: pulumi.CustomResourceOptions,
): { natGatewayId: pulumi.Input<string> } | { gatewayId: pulumi.Input<string> } | undefined {
  switch (egress) {
    case "none":
      return undefined;
    case "nat":
      return args.nat && { natGatewayId: args.nat.id };
    case "elastic-ip":
      return args.gateway && { gatewayId: args.gateway.id };
    case "local-nat":
      return { natGatewayId: createLocalNat(name, args, zone, opts).id };
  }
}

/** A NAT gateway inside the Local Zone, in a public subnet of its own, with an elastic IP of the zone's border group. */
function createLocalNat(
  name: string,
  args: LocalZonesArgs,
  zone: string,
  opts: pulumi.CustomResourceOptions,
): aws.ec2.NatGateway {
  const key = `local-nat-${zone}`;
  const home = createSubnet(name, args, key, opts);
  createNetworkAcl(
    `${name}-${key}`,
    { vpcId: args.vpcId, subnetIds: [home.id], rules: aclRules("public", args.vpcCidr, false) },
    { parent: opts.parent },
  );
  new aws.ec2.Route(
    `${name}-${key}-internet`,
    { routeTableId: home.tableId, destinationCidrBlock: "0.0.0.0/0", gatewayId: args.gateway?.id },
    { parent: opts.parent },
  );
  const address = new aws.ec2.Eip(
    `${name}-${key}`,
    { domain: "vpc", networkBorderGroup: zoneGroupOf(zone), tags: { Name: `${name}-${key}` } },
    opts,
  );
  return new aws.ec2.NatGateway(
    `${name}-${key}`,
    { subnetId: home.id, allocationId: address.id, tags: { Name: `${name}-${key}` } },
    { parent: opts.parent, dependsOn: args.gateway ? [args.gateway] : [] },
  );
}
