import { HttpProblem } from "./problems";

/** An opaque place in a list: where the next page starts. */
export const encodeCursor = (after: string) => Buffer.from(after, "utf8").toString("base64url");

/** Throws a 400 for what no `encodeCursor` made. */
export function decodeCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const after = Buffer.from(cursor, "base64url").toString("utf8");
  if (after.includes("\0") || encodeCursor(after) !== cursor)
    throw new HttpProblem(400, "the cursor is not one of this service");
  return after;
}

/** `limit + 1` items were asked for: the one too many says that there is a next page. */
export function page<T>(
  items: readonly T[],
  limit: number,
  keyOf: (item: T) => string,
): { items: T[]; nextCursor: string | null } {
  const kept = items.slice(0, limit);
  const last = kept.at(-1);
  return { items: kept, nextCursor: items.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null };
}
