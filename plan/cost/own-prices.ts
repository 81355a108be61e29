/** A user's own prices: negotiated ones, or figures that the checked-in table has no source for. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { UsageError } from "../failure";
import type { Price } from "./price";

export type OwnPrices = ReadonlyMap<string, Price>;

const schema = z.record(
  z.string(),
  z.strictObject({
    usd: z.number({ error: "an amount in USD such as 0.225 is needed" }).nonnegative(),
    unit: z.string({ error: "a unit such as hour is needed" }).min(1),
    source: z
      .string({ error: "a source is needed, such as a page, a contract or a bill" })
      .trim()
      .min(1, "a source is needed, such as a page, a contract or a bill"),
    date: z.coerce
      .string()
      .regex(/^20\d\d-\d\d-\d\d$/, "the day when the source was read is needed, such as 2026-11-01"),
  }),
);

/** YAML reads an unquoted day as it stands; a time behind it is none of ours. */
function parsed(text: string): unknown {
  return parse(text, { schema: "core" }) ?? {};
}

/**
 * Reads prices in the form of `rds.postgres.db.r6g.large: { usd: 0.225, unit: hour, source: ..., date: 2026-11-01 }`.
 * @throws UsageError where the file cannot be read, or with all its mistakes at once
 */
export function loadOwnPrices(file: string, shown: string): OwnPrices {
  let given: unknown;
  try {
    given = parsed(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(`--prices ${shown} cannot be read: ${(error as Error).message}`);
  }
  const read = schema.safeParse(given);
  if (read.success) return new Map(Object.entries(read.data));
  const problems = read.error.issues.map(({ path: at, message }) => {
    const [key, ...field] = at.map(String);
    return `  ${[key, ...field].filter((part) => part !== undefined).join(": ") || "the file"}: ${message}`;
  });
  throw new UsageError(`--prices ${shown}: ${problems.length} mistakes\n${problems.join("\n")}`);
}
