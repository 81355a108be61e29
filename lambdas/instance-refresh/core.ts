/** What to do next about an instance refresh: pure, so that every state of AWS's has a test. */

/** A launch template's version that a group is to run. */
export interface Wanted {
  readonly group: string;
  readonly templateId: string;
  readonly version: string;
  /** The last of the calls that wait together: it fails where the others hand over. */
  readonly last: boolean;
  /** Answer of the call before, as its JSON text. */
  readonly earlier?: string;
}

/** Answer of a call: the refresh is over, or another call goes on. */
export interface Answer {
  readonly state: "done" | "unfinished";
  readonly message: string;
  /** The refresh that this deployment started. */
  readonly refresh?: string;
}

/** A refresh as DescribeInstanceRefreshes shows it. */
export interface Refresh {
  readonly id: string;
  readonly status: string;
  readonly reason?: string;
  readonly percent?: number;
  /** Version that it rolls out, where it names one. */
  readonly version?: string;
}

/** The group as DescribeAutoScalingGroups shows it. */
export interface Group {
  /** Versions of the group's hosts; undefined where a host has another template. */
  readonly hostVersions: readonly (string | undefined)[];
  /** Version that new hosts get. */
  readonly version: string | undefined;
}

/** States in which a refresh still works. */
export const working = ["Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking"];

export type Step =
  | { readonly do: "done"; readonly message: string }
  | { readonly do: "start" }
  | { readonly do: "wait"; readonly message: string }
  | { readonly do: "fail"; readonly message: string };

/**
 * The next step, from the group and its newest refresh.
 *
 * A refresh that works for another version is waited for, as AWS runs one at a time. `mine` is the refresh that this
 * deployment started, as far as is known: only its end decides.
 */
export function nextStep(wanted: Wanted, group: Group, newest: Refresh | undefined, mine: string | undefined): Step {
  if (newest && working.includes(newest.status)) {
    const what = newest.status === "RollbackInProgress" ? "rolls back" : "works";
    return { do: "wait", message: `refresh ${newest.id} ${what} (${newest.percent ?? 0} %)` };
  }
  const own = newest !== undefined && newest.id === mine ? newest : undefined;
  if (own && own.status !== "Successful") {
    return {
      do: "fail",
      message:
        `The instance refresh ${own.id} of ${wanted.group} ended as ${own.status}` +
        `${own.reason ? `: ${own.reason}` : ""}. The group runs the version before; read the boot log of a failed host.`,
    };
  }
  const settled = group.version === wanted.version && group.hostVersions.every((version) => version === wanted.version);
  if (settled) return { do: "done", message: `${wanted.group} runs version ${wanted.version}` };
  if (own) return { do: "wait", message: "the refresh succeeded, the last hosts are leaving" };
  return { do: "start" };
}

/** Preferences of a refresh: a new host before an old one leaves, and back to the old version when hosts stay unhealthy. */
export const preferences = {
  AutoRollback: true,
  MinHealthyPercentage: 100,
  MaxHealthyPercentage: 150,
  SkipMatching: true,
  InstanceWarmup: 180,
} as const;
