import { containsCidr, overlapCidr, parseCidr } from "cidr-tools";
import type { Issue } from "../common/validation";

/** Tiers of a VPC: `public` holds load balancers and NAT gateways only, `app` what computes, `data` what stores. */
export const tiers = ["public", "app", "data"] as const;
export type Tier = (typeof tiers)[number];

/** Prefix lengths that AWS allows for a VPC and for a subnet. */
const shortestPrefix = 16;
const longestPrefix = 28;

/** One subnet before it exists. */
export interface PlannedSubnet {
  /** Part of its logical name: `app-us-east-1a`, `local-us-east-1-chi-2a`. */
  readonly key: string;
  readonly tier: Tier | "local" | "local-nat";
  readonly zone: string;
  readonly cidr: string;
}

/** What decides a layout. */
export interface SubnetPlanArgs {
  readonly cidr: string;
  /** Availability Zones in the order in which blocks are given out: append, never insert. */
  readonly zones: readonly string[];
  /** Exact blocks by tier, one a zone in the order of `zones`; a tier that is absent is computed, an empty list leaves it out. */
  readonly subnets: Partial<Readonly<Record<Tier, readonly string[]>>>;
  readonly localZones: readonly LocalZonePlan[];
}

export interface LocalZonePlan {
  readonly zone: string;
  /** Exact block; computed where absent. */
  readonly cidr?: string;
  /** Block of the public subnet that a NAT gateway inside the Local Zone needs; computed where absent. */
  readonly natCidr?: string;
  readonly egress: LocalZoneEgress;
}

/** How a Local Zone subnet reaches the outside; see `localZoneEgressRemarks` for what each costs. */
export type LocalZoneEgress = "nat" | "local-nat" | "elastic-ip" | "none";

/**
 * Computed layouts give each tier a fixed share of the VPC, and each zone a fixed eighth of it, so that another zone or
 * another tier never moves a subnet that exists. Offsets and sizes are in 64ths of the VPC.
 *
 * | tier | share | a zone's subnet in a /16 |
 * |---|---|---|
 * | app | 1/2 | /20, 4,091 usable addresses |
 * | public | 1/4 | /21, 2,043 |
 * | data | 1/8 | /22, 1,019 |
 * | Local Zones (host and NAT) | 1/8 | /22, 1,019 |
 */
const shares: Readonly<Record<Tier | "local", { readonly offset: number; readonly perZone: number }>> = {
  app: { offset: 0, perZone: 4 },
  public: { offset: 32, perZone: 2 },
  data: { offset: 48, perZone: 1 },
  local: { offset: 56, perZone: 1 },
};

/** Zones that a computed layout has room for; four Local Zones, as each may need a NAT subnet too. */
export const maxComputedZones = 8;
export const maxComputedLocalZones = 4;

function prefixOf(cidr: string): number {
  return Number(cidr.split("/")[1]);
}

function toDotted(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 255n)).join(".");
}

/** True where the text is a block whose address is the block's first. */
export function isBlock(cidr: string): boolean {
  if (!/^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/.test(cidr)) return false;
  const [address = ""] = cidr.split("/");
  if (address.split(".").some((part) => Number(part) > 255) || prefixOf(cidr) > 32) return false;
  return toDotted(parseCidr(cidr).start) === address.split(".").map(Number).join(".");
}

/** The block a computed layout gives to the `index`th zone of a tier. */
export function computedBlock(vpcCidr: string, tier: Tier | "local", index: number): string {
  const { start } = parseCidr(vpcCidr);
  const { offset, perZone } = shares[tier];
  const unit = 1n << BigInt(32 - prefixOf(vpcCidr) - 6);
  const prefix = prefixOf(vpcCidr) + 6 - Math.log2(perZone);
  return `${toDotted(start + unit * BigInt(offset + index * perZone))}/${prefix}`;
}

function isComputed(args: SubnetPlanArgs): boolean {
  const local = args.localZones.some(({ cidr, natCidr, egress }) => !cidr || (egress === "local-nat" && !natCidr));
  return local || tiers.some((tier) => args.subnets[tier] === undefined);
}

/** Mistakes in a layout, each with the path of the setting; `regionOf` decides which zones belong. */
export function checkSubnetPlan(args: SubnetPlanArgs, region: string): Issue[] {
  const issues = [...checkVpcBlock(args), ...checkZones(args, region)];
  if (issues.length > 0) return issues;
  return [...checkExactBlocks(args), ...checkOverlaps(args)];
}

/** Why a text in the form of a block is none; undefined for one of another form. */
function whyNoBlock(cidr: string): string | undefined {
  const [, address = "", prefix] = /^([\d.]+)\/(\d+)$/.exec(cidr) ?? [];
  if (prefix === undefined) return undefined;
  if (Number(prefix) > 32) return `The prefix /${prefix} is more than the 32 bits of an address.`;
  if (address.split(".").some((part) => Number(part) > 255)) return "A part of the address is above 255.";
  return "The address has bits set behind the prefix.";
}

function checkVpcBlock(args: SubnetPlanArgs): Issue[] {
  const { cidr } = args;
  if (!isBlock(cidr)) {
    const fix = whyNoBlock(cidr);
    return [
      { path: "cidr", problem: "is not an IPv4 block", value: cidr, allowed: "a block such as 10.0.0.0/16", fix },
    ];
  }
  const prefix = prefixOf(cidr);
  if (prefix < shortestPrefix || prefix > longestPrefix) {
    return [
      {
        path: "cidr",
        problem: "has a size that AWS does not allow for a VPC",
        value: cidr,
        allowed: "/16 to /28",
        fix: "Use 10.0.0.0/16.",
      },
    ];
  }
  if (isComputed(args) && prefix > longestPrefix - 6) {
    return [
      {
        path: "cidr",
        problem: "is too small to compute subnets in it: a 64th of it is below AWS's smallest subnet, /28",
        value: cidr,
        allowed: "/16 to /22 with computed subnets",
        fix: "Use a larger block, or give exact blocks for every tier in network.subnets.",
      },
    ];
  }
  return [];
}

function checkZones(args: SubnetPlanArgs, region: string): Issue[] {
  const issues: Issue[] = [];
  const zonePattern = new RegExp(`^${region}[a-z]$`);
  const localPattern = new RegExp(`^${region}-[a-z]{3}-\\d[a-z]$`);
  args.zones.forEach((zone, index) => {
    if (zonePattern.test(zone)) return;
    const local = localPattern.test(zone);
    issues.push({
      path: `zones[${index}]`,
      problem: local
        ? "is a Local Zone: NAT gateways, databases and endpoints cannot live there"
        : `is not an Availability Zone of ${region}`,
      value: zone,
      allowed: `${region} and a letter, such as ${region}a`,
      fix: local
        ? `List it under network.localZones instead.`
        : "Name a zone of the stack's Region, or change aws:region.",
    });
  });
  args.localZones.forEach(({ zone }, index) => {
    if (localPattern.test(zone)) return;
    issues.push({
      path: `localZones[${index}].zone`,
      problem: `is not a Local Zone of ${region}`,
      value: zone,
      allowed: `such as us-east-1-chi-2a in us-east-1`,
      fix: "Name a Local Zone whose parent is the stack's Region, or change aws:region.",
    });
  });
  const all = [...args.zones, ...args.localZones.map(({ zone }) => zone)];
  all.forEach((zone, index) => {
    if (all.indexOf(zone) === index) return;
    issues.push({ path: "zones", problem: "names a zone twice", value: zone, fix: `Remove the second ${zone}.` });
  });
  if (args.zones.length > maxComputedZones && tiers.some((tier) => args.subnets[tier] === undefined)) {
    issues.push({
      path: "zones",
      problem: "are more than a computed layout has room for",
      value: args.zones.length,
      allowed: `1 to ${maxComputedZones} zones`,
      fix: "Give exact blocks for every tier in network.subnets.",
    });
  }
  if (args.localZones.length > maxComputedLocalZones && args.localZones.some(({ cidr }) => !cidr)) {
    issues.push({
      path: "localZones",
      problem: "are more than a computed layout has room for",
      value: args.localZones.length,
      allowed: `at most ${maxComputedLocalZones}`,
      fix: "Give each Local Zone its cidr.",
    });
  }
  return issues;
}

/** Each exact block with its setting's path. */
function exactBlocks(args: SubnetPlanArgs): { path: string; cidr: string }[] {
  const ofTiers = tiers.flatMap((tier) =>
    (args.subnets[tier] ?? []).map((cidr, index) => ({ path: `subnets.${tier}[${index}]`, cidr })),
  );
  const ofLocalZones = args.localZones.flatMap(({ cidr, natCidr }, index) => [
    ...(cidr ? [{ path: `localZones[${index}].cidr`, cidr }] : []),
    ...(natCidr ? [{ path: `localZones[${index}].natCidr`, cidr: natCidr }] : []),
  ]);
  return [...ofTiers, ...ofLocalZones];
}

function checkExactBlocks(args: SubnetPlanArgs): Issue[] {
  const issues: Issue[] = [];
  for (const tier of tiers) {
    const blocks = args.subnets[tier];
    if (!blocks || blocks.length === 0 || blocks.length === args.zones.length) continue;
    issues.push({
      path: `subnets.${tier}`,
      problem: `has ${blocks.length} blocks for ${args.zones.length} zones (${args.zones.join(", ")})`,
      value: blocks,
      allowed: "one block a zone, in the order of the zones; an empty list leaves the tier out",
      fix: `Give ${args.zones.length} blocks, or change network.zones.`,
    });
  }
  for (const { path, cidr } of exactBlocks(args)) {
    if (!isBlock(cidr)) {
      issues.push({
        path,
        problem: "is not an IPv4 block",
        value: cidr,
        allowed: "a block such as 10.0.1.0/24",
        fix: whyNoBlock(cidr),
      });
    } else if (prefixOf(cidr) < shortestPrefix || prefixOf(cidr) > longestPrefix) {
      issues.push({
        path,
        problem: "has a size that AWS does not allow for a subnet",
        value: cidr,
        allowed: "/16 to /28",
        fix: "Use a /24.",
      });
    } else if (!containsCidr(args.cidr, cidr)) {
      issues.push({
        path,
        problem: `lies outside the VPC's ${args.cidr}`,
        value: cidr,
        allowed: `a block inside ${args.cidr}`,
        fix: "Change the block, or network.cidr.",
      });
    }
  }
  return issues;
}

function checkOverlaps(args: SubnetPlanArgs): Issue[] {
  if (exactBlocks(args).some(({ cidr }) => !isBlock(cidr))) return [];
  const issues: Issue[] = [];
  const planned = planSubnets(args);
  planned.forEach((one, index) => {
    for (const other of planned.slice(index + 1)) {
      if (!overlapCidr(one.cidr, other.cidr)) continue;
      issues.push({
        path: "subnets",
        problem: `${one.key} (${one.cidr}) and ${other.key} (${other.cidr}) overlap`,
        allowed: "blocks that share no address",
        fix: "Move one of them; where one is computed, give it an exact block.",
      });
    }
  });
  return issues;
}

/** The subnets of a VPC, tier by tier and zone by zone. Call `checkSubnetPlan` first. */
export function planSubnets(args: SubnetPlanArgs): PlannedSubnet[] {
  const inZones = tiers.flatMap((tier) => {
    const exact = args.subnets[tier];
    if (exact?.length === 0) return [];
    return args.zones.map((zone, index) => ({
      key: `${tier}-${zone}`,
      tier,
      zone,
      cidr: exact?.[index] ?? computedBlock(args.cidr, tier, index),
    }));
  });
  const inLocalZones = args.localZones.flatMap(({ zone, cidr, natCidr, egress }, index): PlannedSubnet[] => {
    const hosts = {
      key: `local-${zone}`,
      tier: "local",
      zone,
      cidr: cidr ?? computedBlock(args.cidr, "local", index * 2),
    } as const;
    if (egress !== "local-nat") return [hosts];
    const nat = {
      key: `local-nat-${zone}`,
      tier: "local-nat",
      zone,
      cidr: natCidr ?? computedBlock(args.cidr, "local", index * 2 + 1),
    } as const;
    return [hosts, nat];
  });
  return [...inZones, ...inLocalZones];
}

/** What a deployment remembers of its network: the VPC's block and each subnet's. */
export interface NetworkLayout {
  readonly cidr: string;
  readonly subnets: Readonly<Record<string, string>>;
}

/** The layout of a plan, for the stack's outputs. */
export function layoutOf(cidr: string, subnets: readonly PlannedSubnet[]): NetworkLayout {
  return { cidr, subnets: Object.fromEntries(subnets.map((subnet) => [subnet.key, subnet.cidr])) };
}

/**
 * Subnets that a new layout would replace, and with them every instance, database and endpoint inside. A subnet that is
 * only new, or only gone, is no replacement: AWS refuses to delete one that is in use.
 */
export function checkReplacements(previous: NetworkLayout | undefined, next: NetworkLayout): Issue[] {
  if (!previous) return [];
  const consequence = "AWS cannot change a block in place: the subnet and everything in it would be replaced";
  const fix = "Put the old block back, or set network.allowSubnetReplacement: true for one deployment.";
  if (previous.cidr !== next.cidr) {
    return [
      {
        path: "cidr",
        problem: `was ${previous.cidr} in the last deployment; ${consequence}`,
        value: next.cidr,
        allowed: previous.cidr,
        fix,
      },
    ];
  }
  return Object.entries(next.subnets).flatMap(([key, cidr]) => {
    const before = previous.subnets[key];
    if (before === undefined || before === cidr) return [];
    return [
      {
        path: "subnets",
        problem: `${key} had ${before} in the last deployment; ${consequence}`,
        value: cidr,
        allowed: before,
        fix,
      },
    ];
  });
}
