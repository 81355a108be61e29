import * as aws from "@pulumi/aws";
import { throwIfAny } from "../common/validation";

/**
 * Names of a Region's Availability Zones. The filter matters: without it AWS lists opted-in Local Zones too, and they sort
 * before the first zone (`us-east-1-chi-2a` before `us-east-1a`).
 */
async function availableZones(): Promise<string[]> {
  const { names } = await aws.getAvailabilityZones({
    state: "available",
    filters: [{ name: "opt-in-status", values: ["opt-in-not-required"] }],
  });
  return names;
}

/** The first `count` zones of those that belong to the Region itself, in AWS's order. */
export function firstZones(names: readonly string[], count: number, region: string): string[] {
  const own = names.filter((name) => new RegExp(`^${region}[a-z]$`).test(name)).sort();
  if (own.length < count) {
    throwIfAny("network", [
      {
        path: "network.zones",
        problem: `asks for more zones than ${region} offers this account`,
        value: count,
        allowed: `at most ${own.length}: ${own.join(", ")}`,
        fix: "Ask for fewer zones.",
      },
    ]);
  }
  return own.slice(0, count);
}

/** Zones that a stack uses: those it names, or the Region's first so many. */
export async function resolveZones(zones: number | readonly string[], region: string): Promise<string[]> {
  if (typeof zones !== "number") return [...zones];
  return firstZones(await availableZones(), zones, region);
}
