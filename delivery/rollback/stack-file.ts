import { isDeepStrictEqual } from "node:util";
import type { Update } from "../common/history";
import { EvaluationError } from "../common/command";
import { isObject, type Values } from "../promote/values";

/** What a rollback says of the fleet in place of the configuration that ran. */
export interface PinnedFleet {
  /** File with the models that ran, one a line. */
  readonly listing: string;
  /** Models that the bad deployment brought and the rollback removes. */
  readonly removals: number;
}

/**
 * The stack file that a deployment ran with: its configuration, from the history; what encrypts its secrets, and the
 * secrets themselves, from the file as it is now, for a history holds none in clear. Pure.
 * @throws EvaluationError where a secret that it had is gone from the file
 */
export function formerStackFile(
  current: Values,
  good: Update,
  project: string,
  fleet: PinnedFleet | undefined,
): Values {
  const now = isObject(current.config) ? current.config : {};
  const missing: string[] = [];
  const config: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(good.config ?? {})) {
    if (entry.secret !== true) config[key] = entry.objectValue ?? entry.value;
    else if (now[key] === undefined) missing.push(key);
    else config[key] = now[key];
  }
  if (missing.length > 0) {
    throw new EvaluationError(
      `The former configuration had secrets that the stack file no longer has: ${missing.join(", ")}\n  fix: pulumi config set --secret each of them, then roll back again`,
    );
  }
  const key = `${project}:fleet`;
  if (fleet && isObject(config[key])) {
    const { removals, listing } = fleet;
    config[key] = { ...config[key], source: "listing", listing, ...(removals > 0 && { confirmRemovals: removals }) };
  }
  return { ...current, config };
}

/**
 * Keys whose value now differs from what the former deployment ran with: the file is still to be mended in git. `defaults`
 * are the project's, which the engine writes into the history beside the file's own.
 */
export function changedKeys(current: Values, good: Update, defaults: Values = {}): string[] {
  const now = isObject(current.config) ? current.config : {};
  const keys = new Set([...Object.keys(now), ...Object.keys(good.config ?? {})]);
  return [...keys]
    .filter((key) => {
      const entry = good.config?.[key];
      if (entry?.secret === true) return false;
      return !isDeepStrictEqual(now[key] ?? defaults[key], entry?.objectValue ?? entry?.value);
    })
    .sort();
}
