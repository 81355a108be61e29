import { addProblem, type FailedId, type Problems } from "../common/instances";

/** EC2's codes for "not enough machines now": worth trying again. */
const capacityCodes = new Set([
  "InsufficientInstanceCapacity",
  "InsufficientHostCapacity",
  "InsufficientCapacity",
  "InsufficientReservedInstanceCapacity",
]);

/** How often a start without capacity is tried, two minutes apart. */
export const mostAttempts = 5;

/** Splits failed ids into those to try again and problems. */
export function afterStart(failed: readonly FailedId[], attempt: number, problems: Problems): string[] {
  const scarce = failed.filter(({ code }) => capacityCodes.has(code)).map(({ id }) => id);
  const others = failed.filter(({ code }) => !capacityCodes.has(code)).map(({ id }) => id);
  addProblem(problems, "refused", others);
  if (attempt < mostAttempts) return scarce;
  addProblem(problems, "no-capacity", scarce);
  return [];
}

/** Problems without the ids that no longer are instances to be stopped: terminated or stopped by others meanwhile. */
export function stillRunning(problems: Problems, running: ReadonlySet<string>): Problems {
  const left: Problems = {};
  for (const [problem, ids] of Object.entries(problems) as [keyof Problems, string[]][]) {
    addProblem(
      left,
      problem,
      ids.filter((id) => running.has(id)),
    );
  }
  return left;
}
