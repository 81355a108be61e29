import type { Issue } from "../../common/validation";

export interface RemovalLimits {
  /** Largest share of the models deployed that may go at once, in percent. */
  readonly maxRemovalPercent: number;
  /** Exact number of removals that was agreed to. */
  readonly confirmRemovals?: number | undefined;
}

/** What a deployment would do to a fleet. */
export interface Removal {
  /** Models that the last deployment left running. */
  readonly deployed: number;
  /** Of these, those that would be terminated. */
  readonly removed: number;
  /** Models in the listing, of all shards. */
  readonly listed: number;
  /** Where the listing comes from. */
  readonly source: string;
}

const percent = (share: number) => `${Number((share * 100).toFixed(1))} %`;

/**
 * Refuses to remove more of a fleet than was set. An empty listing never removes a fleet, whatever was confirmed: a listing
 * comes back empty by mistakes (wrong prefix, wrong bucket) far more often than by intent.
 */
export function checkRemovals(removal: Removal, limits: RemovalLimits): Issue[] {
  const { deployed, removed, listed, source } = removal;
  if (removed === 0) return [];
  if (listed === 0) {
    return [
      {
        path: "fleet",
        problem: `no model was found in ${source}, and ${deployed} are deployed; an empty listing never removes a fleet`,
        fix: "Check fleet.bucket and fleet.prefix. To take the fleet down, remove the section fleet from the stack file.",
      },
    ];
  }
  const share = removed / deployed;
  if (share * 100 <= limits.maxRemovalPercent || limits.confirmRemovals === removed) return [];
  const given = limits.confirmRemovals;
  return [
    {
      path: given === undefined ? "fleet.maxRemovalPercent" : "fleet.confirmRemovals",
      problem:
        `${removed} of ${deployed} deployed models (${percent(share)}) would be terminated` +
        (given === undefined ? "" : `, not the ${given} that were confirmed`),
      value: given ?? limits.maxRemovalPercent,
      allowed: `at most ${limits.maxRemovalPercent} % at once, or exactly as many as fleet.confirmRemovals says`,
      fix: `If that is meant, set trading-platform:fleet.confirmRemovals to ${removed} for this deployment; otherwise look at ${source}.`,
    },
  ];
}
