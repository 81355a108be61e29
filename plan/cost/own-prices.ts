/** A user's own prices: negotiated ones, or figures that the checked-in table has no source for. */
import { z } from "zod";
import { accept } from "../settings/accept";
import { readYaml } from "../settings/yaml-file";
import type { Price } from "./price";

export type OwnPrices = ReadonlyMap<string, Price>;

const schema = z.record(
  z.string(),
  z.strictObject({
    usd: z.number().nonnegative().meta({ description: "Amount in USD", allowed: "an amount in USD such as 0.225" }),
    unit: z.string().min(1).meta({ description: "What the amount is for", allowed: "a unit such as hour" }),
    source: z
      .string()
      .trim()
      .min(1)
      .meta({ description: "Where it was read", allowed: "a page, a contract or a bill, in words" }),
    date: z
      .string()
      .regex(/^20\d\d-\d\d-\d\d$/, { error: "is not a date" })
      .meta({ description: "The day when the source was read", allowed: "a date such as 2026-11-01" }),
  }),
);

/**
 * Reads prices in the form of `rds.postgres.db.r6g.large: { usd: 0.225, unit: hour, source: ..., date: 2026-11-01 }`.
 * @throws UsageError where the file cannot be read, or with all its mistakes at once
 */
export function loadOwnPrices(file: string, shown: string): OwnPrices {
  const named = `--prices ${shown}`;
  const given = readYaml(file, named, "prices are a mapping of keys to usd, unit, source and date");
  return new Map(Object.entries(accept(schema, given, named)));
}
