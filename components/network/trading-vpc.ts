import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Cloud } from "../common/iam";
import { throwIfAny, type Issue } from "../common/validation";
import { createEndpoints, type GatewayService, type InterfaceService } from "./endpoints";
import { createFlowLogs } from "./flow-logs";
import { createLocalZones, type LocalZoneSettings } from "./local-zones";
import { aclRules, createNetworkAcl } from "./network-acls";
import {
  checkReplacements,
  checkSubnetPlan,
  layoutOf,
  planSubnets,
  tiers,
  type LocalZonePlan,
  type NetworkLayout,
  type PlannedSubnet,
  type SubnetPlanArgs,
  type Tier,
} from "./subnet-plan";

/** A subnet as other components take it: its id, and the plain facts that decide how many of something there are. */
export interface SubnetRef {
  readonly id: pulumi.Output<string>;
  readonly zone: string;
  readonly cidr: string;
}

export interface TradingVpcArgs {
  readonly cloud: Cloud;
  /** Address block of the VPC, /16 to /28. */
  readonly cidr: string;
  /** Availability Zones of the Region, never Local Zones. */
  readonly zones: readonly string[];
  /** Exact blocks by tier; an absent tier is computed, an empty list leaves it out. @default {} */
  readonly subnets?: SubnetPlanArgs["subnets"];
  /** Local Zone subnets. @default [] */
  readonly localZones?: readonly LocalZoneSettings[];
  /** NAT gateways: none, one for all zones, or one a zone (33 USD a month each, and 0.045 USD a GB). */
  readonly nat: "none" | "single" | "per-zone";
  readonly endpoints: { readonly gateway: readonly GatewayService[]; readonly interface: readonly InterfaceService[] };
  readonly flowLogs: { readonly retentionDays: number; readonly aggregationSeconds: 60 | 600 };
  /** Lets the data tier reach S3 through the gateway endpoint; without it the tier talks to the VPC only. @default false */
  readonly dataTierReachesS3?: boolean;
  /** Layout of the last deployment, for `allowSubnetReplacement`. */
  readonly previousLayout?: NetworkLayout;
  /** Allows a change of blocks that replaces subnets and all they hold. @default false */
  readonly allowSubnetReplacement?: boolean;
}

/** Mistakes in a network's arguments; paths are those of the section `network`. */
export function validateTradingVpc(args: TradingVpcArgs): Issue[] {
  const plan = planArgs(args);
  const issues = checkSubnetPlan(plan, args.cloud.region);
  if (issues.length > 0) return issues;
  const subnets = planSubnets(plan);
  const has = (tier: PlannedSubnet["tier"]) => subnets.some((subnet) => subnet.tier === tier);
  if (args.nat !== "none" && !has("public")) {
    issues.push({
      path: "nat",
      problem: "needs public subnets for its gateways, and subnets.public is empty",
      value: args.nat,
      allowed: "none",
      fix: "Set network.nat: none, or remove the empty network.subnets.public.",
    });
  }
  for (const [index, { egress, zone }] of plan.localZones.entries()) {
    if (egress === "nat" && args.nat === "none") {
      issues.push({
        path: `localZones[${index}].egress`,
        problem: `sends ${zone} through the Region's NAT gateway, and there is none`,
        value: egress,
        allowed: "local-nat, elastic-ip or none while network.nat is none",
        fix: "Set network.nat: single, or another egress.",
      });
    }
  }
  if (args.endpoints.interface.length > 0 && !has("app")) {
    issues.push({
      path: "endpoints.interface",
      problem: "live in the app subnets, and subnets.app is empty",
      value: args.endpoints.interface,
      fix: "Remove the interface endpoints, or the empty network.subnets.app.",
    });
  }
  if (!args.allowSubnetReplacement)
    issues.push(...checkReplacements(args.previousLayout, layoutOf(args.cidr, subnets)));
  return issues;
}

function planArgs(args: TradingVpcArgs): SubnetPlanArgs {
  return { cidr: args.cidr, zones: args.zones, subnets: args.subnets ?? {}, localZones: args.localZones ?? [] };
}

/**
 * The network of a trading stack: public, app and data subnets in any number of zones, and subnets in Local Zones.
 *
 * Makes: VPC with DNS, closed default security group, a subnet and a route table for each tier and zone, an internet gateway
 * where there are public subnets or a Local Zone goes out by itself, NAT gateways with elastic IPs, a network ACL for each
 * tier, flow logs in an encrypted log group, gateway and interface endpoints. No subnet gives public addresses on launch;
 * no route leads from the internet to the data tier, nor back.
 *
 * Errors: overlapping or ill-sized blocks, zones of another Region, Local Zones among the zones, layouts that would replace
 * subnets of the last deployment: all at once in a `ValidationError`, before anything is registered.
 *
 * Cost driver: NAT gateways and interface endpoints (a charge for each zone and hour, and a GB).
 */
export class TradingVpc extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  readonly vpcCidr: string;
  readonly zones: readonly string[];
  readonly publicSubnets: readonly SubnetRef[];
  readonly appSubnets: readonly SubnetRef[];
  readonly dataSubnets: readonly SubnetRef[];
  /** Hosts' subnets in Local Zones; how each goes out is in its `egress`. */
  readonly localZoneSubnets: readonly (SubnetRef & Pick<LocalZonePlan, "egress">)[];
  /** Security group of the interface endpoints; undefined without any. */
  readonly endpointSecurityGroupId: pulumi.Output<string> | undefined;
  /** Managed prefix list of S3's gateway endpoint, for egress rules; undefined without that endpoint. */
  readonly s3PrefixListId: pulumi.Output<string> | undefined;
  /** Blocks as deployed: kept in the stack's outputs, so that the next deployment can refuse to replace a subnet. */
  readonly layout: NetworkLayout;

  constructor(name: string, args: TradingVpcArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:network:TradingVpc", name, {}, opts);
    throwIfAny(
      `Network ${name}`,
      validateTradingVpc(args).map((issue) => ({ ...issue, path: `network.${issue.path}` })),
    );
    const plan = planSubnets(planArgs(args));
    const child = { parent: this };

    const vpc = this.createVpc(name, args.cidr);
    const gateway = this.createInternetGateway(name, vpc, plan, args.localZones ?? []);
    const subnets = createSubnets(name, vpc, plan.filter(isInZone), child);
    const tables = createRouteTables(name, vpc, subnets, child);
    const nats = createNatGateways(name, args, subnets.get("public") ?? [], gateway, child);
    routeOut(name, { tables, nats, gateway, zones: args.zones }, child);
    for (const [tier, refs] of subnets) {
      const rules = aclRules(tier, args.cidr, args.dataTierReachesS3 ?? false);
      createNetworkAcl(`${name}-${tier}`, { vpcId: vpc.id, subnetIds: refs.map(({ id }) => id), rules }, child);
    }
    const localZones = createLocalZones(
      name,
      { vpcId: vpc.id, vpcCidr: args.cidr, gateway, nat: nats[0], plan, settings: args.localZones ?? [] },
      child,
    );
    createFlowLogs(name, { cloud: args.cloud, vpcId: vpc.id, ...args.flowLogs }, child);
    const { securityGroup, gateways } = createEndpoints(
      name,
      {
        cloud: args.cloud,
        vpcId: vpc.id,
        vpcCidr: args.cidr,
        ...args.endpoints,
        routeTableIds: [...[...tables.values()].flat().map(({ table }) => table.id), ...localZones.routeTableIds],
        subnetIds: (subnets.get("app") ?? []).map(({ id }) => id),
      },
      child,
    );

    this.vpcId = vpc.id;
    this.vpcCidr = args.cidr;
    this.zones = args.zones;
    this.publicSubnets = subnets.get("public") ?? [];
    this.appSubnets = subnets.get("app") ?? [];
    this.dataSubnets = subnets.get("data") ?? [];
    this.localZoneSubnets = localZones.subnets;
    this.endpointSecurityGroupId = securityGroup?.id;
    this.s3PrefixListId = gateways[args.endpoints.gateway.indexOf("s3")]?.prefixListId;
    this.layout = layoutOf(args.cidr, plan);
    this.registerOutputs({ vpcId: this.vpcId, vpcCidr: this.vpcCidr, zones: this.zones, layout: this.layout });
  }

  private createVpc(name: string, cidrBlock: string): aws.ec2.Vpc {
    const vpc = new aws.ec2.Vpc(
      `${name}-vpc`,
      { cidrBlock, enableDnsSupport: true, enableDnsHostnames: true, tags: { Name: name } },
      { parent: this },
    );
    // The group that AWS makes with every VPC lets its members talk to each other; without rules it lets nothing through.
    new aws.ec2.DefaultSecurityGroup(
      `${name}-default`,
      { vpcId: vpc.id, ingress: [], egress: [], tags: { Name: `${name}-default-closed` } },
      { parent: this },
    );
    return vpc;
  }

  private createInternetGateway(
    name: string,
    vpc: aws.ec2.Vpc,
    plan: readonly PlannedSubnet[],
    localZones: readonly LocalZonePlan[],
  ): aws.ec2.InternetGateway | undefined {
    const goesOut =
      plan.some(({ tier }) => tier === "public" || tier === "local-nat") ||
      localZones.some(({ egress }) => egress === "elastic-ip");
    return goesOut
      ? new aws.ec2.InternetGateway(`${name}-igw`, { vpcId: vpc.id, tags: { Name: name } }, { parent: this })
      : undefined;
  }
}

function isInZone(subnet: PlannedSubnet): subnet is PlannedSubnet & { tier: Tier } {
  return tiers.some((tier) => tier === subnet.tier);
}

type SubnetsByTier = Map<Tier, SubnetRef[]>;
interface ZoneTable {
  readonly zone: string;
  readonly table: aws.ec2.RouteTable;
}

function createSubnets(
  name: string,
  vpc: aws.ec2.Vpc,
  plan: readonly (PlannedSubnet & { tier: Tier })[],
  opts: pulumi.CustomResourceOptions,
): SubnetsByTier {
  const byTier: SubnetsByTier = new Map();
  for (const { key, tier, zone, cidr } of plan) {
    const subnet = new aws.ec2.Subnet(
      `${name}-${key}`,
      {
        vpcId: vpc.id,
        availabilityZone: zone,
        cidrBlock: cidr,
        mapPublicIpOnLaunch: false,
        tags: { Name: `${name}-${key}`, tier },
      },
      opts,
    );
    byTier.set(tier, [...(byTier.get(tier) ?? []), { id: subnet.id, zone, cidr }]);
  }
  return byTier;
}

/** A route table for each tier and zone, so that a zone's NAT gateway serves that zone and no other. */
function createRouteTables(
  name: string,
  vpc: aws.ec2.Vpc,
  subnets: SubnetsByTier,
  opts: pulumi.CustomResourceOptions,
): Map<Tier, ZoneTable[]> {
  const tables = new Map<Tier, ZoneTable[]>();
  for (const [tier, refs] of subnets) {
    tables.set(
      tier,
      refs.map(({ id, zone }) => {
        const table = new aws.ec2.RouteTable(
          `${name}-${tier}-${zone}`,
          { vpcId: vpc.id, tags: { Name: `${name}-${tier}-${zone}` } },
          opts,
        );
        new aws.ec2.RouteTableAssociation(`${name}-${tier}-${zone}`, { subnetId: id, routeTableId: table.id }, opts);
        return { zone, table };
      }),
    );
  }
  return tables;
}

function createNatGateways(
  name: string,
  args: TradingVpcArgs,
  publicSubnets: readonly SubnetRef[],
  gateway: aws.ec2.InternetGateway | undefined,
  opts: pulumi.CustomResourceOptions,
): aws.ec2.NatGateway[] {
  if (args.nat === "none") return [];
  const homes = args.nat === "single" ? publicSubnets.slice(0, 1) : publicSubnets;
  return homes.map(({ id, zone }) => {
    const address = new aws.ec2.Eip(
      `${name}-nat-${zone}`,
      { domain: "vpc", tags: { Name: `${name}-nat-${zone}` } },
      opts,
    );
    return new aws.ec2.NatGateway(
      `${name}-nat-${zone}`,
      { subnetId: id, allocationId: address.id, tags: { Name: `${name}-${zone}` } },
      // A NAT gateway cannot be made in a VPC whose internet gateway is not attached yet; no property links the two.
      { ...opts, dependsOn: gateway ? [gateway] : [] },
    );
  });
}

/** Default routes: public to the internet gateway, app to its zone's NAT gateway (or the only one), data nowhere. */
function routeOut(
  name: string,
  args: {
    tables: Map<Tier, ZoneTable[]>;
    nats: readonly aws.ec2.NatGateway[];
    gateway: aws.ec2.InternetGateway | undefined;
    zones: readonly string[];
  },
  opts: pulumi.CustomResourceOptions,
): void {
  const destinationCidrBlock = "0.0.0.0/0";
  for (const { zone, table } of args.tables.get("public") ?? []) {
    new aws.ec2.Route(
      `${name}-public-${zone}-internet`,
      { routeTableId: table.id, destinationCidrBlock, gatewayId: args.gateway?.id },
      opts,
    );
  }
  for (const { zone, table } of args.tables.get("app") ?? []) {
    const nat = args.nats[args.zones.indexOf(zone)] ?? args.nats[0];
    if (nat)
      new aws.ec2.Route(
        `${name}-app-${zone}-nat`,
        { routeTableId: table.id, destinationCidrBlock, natGatewayId: nat.id },
        opts,
      );
  }
}
