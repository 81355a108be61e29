import type { Instance } from "@aws-sdk/client-ec2";
import { addProblem, batchesOf, idOf, isHeld, isScaled, type Problems } from "../common/instances";

/** States from which an action works, and those that come to it by waiting. */
export const statesFor = {
  start: { ready: "stopped", coming: "stopping" },
  stop: { ready: "running", coming: "pending" },
} as const;

/** How often instances that change state are looked at again, a minute apart. */
export const mostPasses = 5;

export interface Found {
  readonly action: "start" | "stop";
  readonly pass: number;
  /** Ids to act on, at most 50 a batch. */
  readonly batches: string[][];
  readonly held: number;
  /** Instances that are pending (to be stopped) or stopping (to be started): the next pass looks at these only. */
  readonly coming: string[];
  readonly again: boolean;
  readonly problems: Problems;
}

/** Sorts instances into batches, those to look at again, and those that must be left alone. */
export function sortOut(action: "start" | "stop", pass: number, instances: readonly Instance[]): Found {
  const problems: Problems = {};
  const free = instances.filter((instance) => !isHeld(instance));
  const scaled = free.filter(isScaled);
  addProblem(problems, "in-auto-scaling-group", scaled.map(idOf).sort());
  const mine = free.filter((instance) => !isScaled(instance));
  const inState = (state: string) =>
    mine
      .filter((instance) => instance.State?.Name === state)
      .map(idOf)
      .sort();
  const coming = inState(statesFor[action].coming);
  const again = coming.length > 0 && pass < mostPasses;
  if (!again) addProblem(problems, "still-changing", coming);
  return {
    action,
    pass,
    batches: batchesOf(inState(statesFor[action].ready)),
    held: instances.length - free.length,
    coming: again ? coming : [],
    again,
    problems,
  };
}
