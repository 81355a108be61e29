import type { Update } from "../common/history";

/** Where a rollback goes, and from where. */
export interface RollbackPoint {
  /** The deployment that is undone. */
  readonly bad: Update;
  /** The deployment whose state is brought back. */
  readonly good: Update;
}

interface Counted extends Update {
  readonly resourceChanges?: Readonly<Record<string, number>>;
}

/** True where a deployment changed something, or broke off: a later one that found nothing to do is not what went wrong. */
function isEffective(update: Counted): boolean {
  if (update.result !== "succeeded") return true;
  return Object.entries(update.resourceChanges ?? {}).some(([operation, count]) => operation !== "same" && count > 0);
}

/**
 * The point that a rollback goes to: the last good deployment before the last one that changed anything. Pure.
 *
 * @param since only a deployment that began then or later is undone: what an older one did is not this run's to judge
 * @returns the point, or why there is none
 */
export function rollbackPoint(history: readonly Update[], since?: Date): RollbackPoint | string {
  const updates = history.filter(({ kind }) => kind === "update" || kind === "destroy");
  const index = updates.findIndex(isEffective);
  const bad = updates[index];
  if (!bad) return "no deployment has changed anything";
  if (bad.kind === "destroy") return `the stack was destroyed on ${bad.startTime}: deploy it again`;
  if (bad.result === "in-progress") return `a deployment is under way since ${bad.startTime}: wait, or pulumi cancel`;
  if (since !== undefined && new Date(bad.startTime) < since) {
    return `the last deployment that changed anything began on ${bad.startTime}, before ${since.toISOString()}`;
  }
  const good = updates.slice(index + 1).find(({ result, kind }) => result === "succeeded" || kind === "destroy");
  if (!good || good.kind === "destroy") return "there is no good deployment before the last one";
  return { bad, good };
}
