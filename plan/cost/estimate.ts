/** A document's own estimate beside today's prices, line by line. */
import { existsSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { Plan } from "../json";

const schema = z.strictObject({
  source: z.string(),
  total: z.number(),
  lines: z.array(
    z.strictObject({
      resource: z.string(),
      configuration: z.string(),
      usd: z.number(),
      matches: z.array(z.strictObject({ type: z.string(), name: z.string().optional() })),
      why: z.string(),
    }),
  ),
});
type Estimate = z.infer<typeof schema>;

export interface EstimateRow {
  readonly resource: string;
  readonly configuration: string;
  /** What the document says, USD a month; undefined for what it does not name. */
  readonly estimated: number | undefined;
  readonly today: number;
  readonly why: string;
}

export interface Comparison {
  readonly source: string;
  readonly estimated: number;
  readonly today: number;
  readonly rows: readonly EstimateRow[];
}

const cents = (usd: number) => Math.round(usd * 100) / 100;

/** A plan's cost lines by an estimate's; every cost line is in exactly one row. */
export function compareWith(estimate: Estimate, plan: Plan): Comparison {
  const resources = new Map(plan.resources.map((resource) => [resource.urn, resource]));
  const sums = estimate.lines.map(() => 0);
  const beyond = new Map<string, number>();
  for (const { urn, monthly } of plan.cost.lines) {
    const { type = "", name = "" } = resources.get(urn) ?? {};
    const index = estimate.lines.findIndex(({ matches }) =>
      matches.some((match) => type.startsWith(match.type) && name.startsWith(match.name ?? "")),
    );
    if (index >= 0) sums[index] = (sums[index] ?? 0) + monthly;
    else beyond.set(type, (beyond.get(type) ?? 0) + monthly);
  }
  const named = estimate.lines.map(({ resource, configuration, usd, why }, index) => {
    return { resource, configuration, estimated: usd, today: cents(sums[index] ?? 0), why };
  });
  const others = [...beyond]
    .sort((a, b) => b[1] - a[1])
    .map(([type, sum]) => ({
      resource: type.split(":").at(-1) ?? type,
      configuration: type,
      estimated: undefined,
      today: cents(sum),
      why: "the document's table leaves it out",
    }));
  return { source: estimate.source, estimated: estimate.total, today: plan.cost.monthly, rows: [...named, ...others] };
}

/** The comparison for a stack whose document has an estimate; undefined for any other. */
export function comparisonOf(plan: Plan): Comparison | undefined {
  const file = path.join(__dirname, "estimates", `${plan.stack}.yaml`);
  return existsSync(file) ? compareWith(schema.parse(parse(readFileSync(file, "utf8"))), plan) : undefined;
}

const usd = (amount: number) => `$${amount.toFixed(2)}`;

/** The comparison as cells: what, the document's figure, today's, the difference, why. */
export function estimateCells({ rows, estimated, today }: Comparison): string[][] {
  const row = (what: string, before: number | undefined, now: number, why: string) => {
    const change = now - (before ?? 0);
    const sign = change < 0 ? "-" : "+";
    return [what, before === undefined ? "" : usd(before), usd(now), `${sign}${usd(Math.abs(change))}`, why];
  };
  return [
    ...rows.map(({ resource, configuration, estimated: before, today: now, why }) =>
      row(before === undefined ? resource : `${resource} (${configuration})`, before, now, why),
    ),
    row("Total", estimated, today, ""),
  ];
}
