/** Small readings of values that may be undefined, empty or not known before the update. */
import { UnknownValueError } from "@pulumi/policy";

/** True where a value is given, be it known yet or not: a key that is being created counts as given. */
export function isGiven(read: () => unknown): boolean {
  try {
    const value = read();
    return value !== undefined && value !== null && value !== "";
  } catch (error) {
    if (error instanceof UnknownValueError) return true;
    throw error;
  }
}

/** The value, or undefined where it is not known yet. Only for what a rule can do without. */
export function ifKnown<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof UnknownValueError) return undefined;
    throw error;
  }
}

/** True for `true` and for the text "true", which some providers' properties take. */
export const isTrue = (value: unknown): boolean => value === true || value === "true";

/** A list of one kind of thing, however it was left out. */
export function listOf<T>(value: readonly T[] | T | null | undefined): readonly T[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/**
 * Looks at every item, even when something of one is not known yet; what is unknown is raised at the end, so that the
 * engine says that the policy could not see everything.
 */
export function forEachKnown<T>(items: Iterable<T>, look: (item: T) => void): void {
  let unknown: Error | undefined;
  for (const item of items) {
    try {
      look(item);
    } catch (error) {
      if (!(error instanceof UnknownValueError)) throw error;
      unknown ??= error as Error;
    }
  }
  if (unknown) throw unknown;
}
