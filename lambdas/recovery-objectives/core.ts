/** Recovery objectives, and what their present values follow from. */

/** One component of a stack, what it promises, and where its state is seen. Seconds throughout. */
export interface Objective {
  readonly component: string;
  /** What is measured: a database of RDS, one on nodes of our own, a replicated bucket, a service's tasks. */
  readonly kind: "rds" | "timescale" | "bucket" | "service";
  /** Identifier, stanza, bucket or service. */
  readonly target: string;
  /** The bucket's replica and its Region, or the service's cluster. */
  readonly replica?: string;
  readonly region?: string;
  readonly cluster?: string;
  /** Tasks that the service should have. */
  readonly tasks?: number;
}

/** What was measured of one component; what it has no measure for is left out. */
export interface Measured {
  readonly component: string;
  /** Age of the newest state that can be gone back to. */
  readonly recoveryPointSeconds?: number;
  /** Longest that it was away, or takes to answer elsewhere. */
  readonly recoveryTimeSeconds?: number;
}

/** Seconds since a moment; never negative, as clocks differ. */
export function age(moment: Date | undefined, now: Date): number | undefined {
  return moment && Math.max(0, (now.getTime() - moment.getTime()) / 1000);
}

/**
 * The longest time that fewer tasks ran than should, from one value a minute. Values are in the order of time; a minute
 * without one continues what was before it.
 */
export function longestOutageSeconds(values: readonly { time: Date; running: number }[], wanted: number): number {
  let longest = 0;
  let since: Date | undefined;
  for (const { time, running } of values) {
    if (running < wanted) {
      since ??= time;
      longest = Math.max(longest, (time.getTime() - since.getTime()) / 1000 + 60);
    } else since = undefined;
  }
  return longest;
}
