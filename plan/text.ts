/** The plan for a terminal: resource tree, models, warnings, policy results, cost. */
import type { Colors } from "picocolors/types";
import { comparisonOf, estimateCells } from "./cost/estimate";
import type { Plan, PlannedResource, Violation } from "./json";

export interface TextOptions {
  readonly colors: Colors;
  /** Ways to pay less. */
  readonly advice?: readonly string[];
  /** Every resource on a line of its own, rather than long runs of one type as a count. @default false */
  readonly full?: boolean;
}

/** Siblings of one type beyond this many are shown as a few and a count. */
const longRun = 8;
/** Shown of a long run. */
const headOfRun = 3;
/** Rejected keys, warnings and violations shown one by one. */
const longList = 20;

function byParent(resources: readonly PlannedResource[]): Map<string | null, PlannedResource[]> {
  const children = new Map<string | null, PlannedResource[]>();
  for (const resource of resources) {
    const siblings = children.get(resource.parent);
    if (siblings) siblings.push(resource);
    else children.set(resource.parent, [resource]);
  }
  for (const siblings of children.values()) {
    siblings.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.type < b.type ? -1 : 1));
  }
  return children;
}

type Row = { resource: PlannedResource } | { more: string };

/** Siblings with long runs of one type cut short. */
function rows(siblings: readonly PlannedResource[], full: boolean): Row[] {
  const ofType = new Map<string, number>();
  for (const { type } of siblings) ofType.set(type, (ofType.get(type) ?? 0) + 1);
  const shown = new Map<string, number>();
  const out: Row[] = [];
  for (const resource of siblings) {
    const total = ofType.get(resource.type) ?? 0;
    const before = shown.get(resource.type) ?? 0;
    shown.set(resource.type, before + 1);
    if (full || total <= longRun || before < headOfRun) out.push({ resource });
    else if (before === headOfRun) {
      out.push({ more: `and ${(total - headOfRun).toLocaleString("en")} more ${resource.type}` });
    }
  }
  return out;
}

function tree(plan: Plan, { colors, full }: TextOptions): string[] {
  const children = byParent(plan.resources);
  const violated = new Set(plan.policy.violations.map(({ urn }) => urn));
  const lines: string[] = [];
  const label = (resource: PlannedResource) => {
    const marks = [
      resource.protect && "protected",
      resource.retainOnDelete && "retained",
      resource.remote && "built by its provider",
      violated.has(resource.urn) && colors.yellow("see policies"),
    ].filter(Boolean);
    const name = resource.custom ? resource.name : colors.bold(resource.name);
    return `${name}  ${colors.dim(resource.type)}${marks.length > 0 ? `  (${marks.join(", ")})` : ""}`;
  };
  const walk = (parent: string | null, indent: string) => {
    const list = rows(children.get(parent) ?? [], full === true);
    list.forEach((row, index) => {
      const last = index === list.length - 1;
      const text = "more" in row ? colors.dim(row.more) : label(row.resource);
      lines.push(`${indent}${last ? "└─ " : "├─ "}${text}`);
      if ("resource" in row) walk(row.resource.urn, `${indent}${last ? "   " : "│  "}`);
    });
  };
  walk(null, "  ");
  return lines;
}

function limited<T>(items: readonly T[], full: boolean, show: (item: T) => string): string[] {
  const shown = full ? items : items.slice(0, longList);
  const lines = shown.map((item) => `  ${show(item)}`);
  if (shown.length < items.length) lines.push(`  and ${items.length - shown.length} more; all of them with --full`);
  return lines;
}

function shortName(urn: string): string {
  return urn.split("::").slice(3).join("::") || "the stack";
}

function violationLine({ colors }: TextOptions): (violation: Violation) => string {
  return ({ policy, enforcement, severity, urn, message }) => {
    const level = enforcement === "mandatory" ? colors.red("mandatory") : colors.yellow("advisory");
    return `${level} ${severity}  ${colors.bold(policy)}  ${shortName(urn)}\n      ${message.replaceAll("\n", "\n      ")}`;
  };
}

/** A violation's message where the resource's name stands beside it: policies begin with that name. */
export function withoutName(message: string, name: string): string {
  return message.replace(`${name}: `, () => "");
}

const money = (amount: number) =>
  `$${amount.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;

/** True where nothing that costs money has a price: the sum of a month is unknown then, and not zero. */
export function isCostUnknown({ cost }: Plan): boolean {
  return cost.lines.length === 0 && cost.unpriced.length > 0;
}

/** What a month costs, within a sentence. */
export function costInWords(plan: Plan): string {
  return isCostUnknown(plan) ? "an unknown cost" : `${money(plan.cost.monthly)} a month`;
}

/** How many keys of the listing are models and how many are not; undefined for a stack without a fleet. */
export function modelCounts({ models, resources }: Plan): string | undefined {
  const { accepted, rejected } = models;
  const hasFleet = resources.some(({ type }) => type === "trading:trading:ModelDrivenFleet");
  if (!hasFleet && accepted.length + rejected.length === 0) return undefined;
  return `${accepted.length.toLocaleString("en")} accepted, ${rejected.length.toLocaleString("en")} rejected`;
}

/** Monthly cost by component, dearest first. */
export function costByComponent(plan: Plan): [component: string, monthly: number][] {
  const sums = new Map<string, number>();
  for (const { component, monthly } of plan.cost.lines) sums.set(component, (sums.get(component) ?? 0) + monthly);
  return [...sums].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

/** What has no price, each with the reason; a plan of before has none. */
export function notPriced({ cost }: Plan): [type: string, reason: string][] {
  return cost.unpriced.map((type) => [type, cost.reasons?.[type] ?? "no reason is known"]);
}

/** Warnings without those that stand with the cost: what has no price. */
export function warningsBesideCost({ warnings, cost }: Plan): string[] {
  const shown = new Set(Object.entries(cost.reasons ?? {}).map(([type, reason]) => `Not priced: ${type}: ${reason}`));
  return warnings.filter((warning) => !shown.has(warning));
}

function cost(plan: Plan): string[] {
  const byComponent = costByComponent(plan);
  const width = Math.max(0, ...byComponent.map(([component]) => component.length));
  const lines = byComponent.map(
    ([component, monthly]) => `  ${component.padEnd(width)}  ${money(monthly).padStart(12)}`,
  );
  for (const [type, reason] of notPriced(plan)) lines.push(`  not priced: ${type}: ${reason}`);
  return lines;
}

/** The estimate of a stack's document beside today's prices. */
function estimate(plan: Plan): string[] {
  const comparison = comparisonOf(plan);
  if (!comparison) return [];
  const cells = estimateCells(comparison);
  const width = (column: number) => Math.max(...cells.map((row) => (row[column] ?? "").length));
  const rows = cells.map(([what = "", before = "", now = "", change = "", why = ""]) =>
    `    ${what.padEnd(width(0))}  ${before.padStart(width(1))}  ${now.padStart(width(2))}  ${change.padStart(width(3))}  ${why}`.trimEnd(),
  );
  return [`  beside ${comparison.source}: the document's figure, today's, the difference`, ...rows];
}

/** The plan as text. */
export function renderText(plan: Plan, options: TextOptions): string {
  const { colors } = options;
  const full = options.full === true;
  const { rejected } = plan.models;
  const models = modelCounts(plan);
  const mandatory = plan.policy.violations.filter(({ enforcement }) => enforcement === "mandatory").length;
  const lines: string[] = [];
  const section = (title: string, body: readonly string[]) => {
    if (body.length > 0) lines.push("", colors.bold(title), ...body);
  };
  lines.push(colors.bold(`${plan.project}, stack ${plan.stack} (stage ${plan.stage})`));
  lines.push("", colors.bold(`Resources: ${plan.resources.length.toLocaleString("en")}`), ...tree(plan, options));
  if (models !== undefined) {
    lines.push("", colors.bold(`Models: ${models}`));
    lines.push(...limited(rejected, full, ({ key, reason }) => `${JSON.stringify(key)} ${reason}`));
  }
  const warnings = warningsBesideCost(plan);
  section(
    `Warnings: ${warnings.length}`,
    limited(warnings, full, (warning) => colors.yellow(warning)),
  );
  const verdict = `${mandatory} mandatory and ${plan.policy.violations.length - mandatory} advisory`;
  lines.push("", colors.bold(`Policies: ${plan.policy.evaluated} run, violations: ${verdict}`));
  lines.push(...limited(plan.policy.violations, full, violationLine(options)));
  lines.push("", colors.bold(`Cost: ${isCostUnknown(plan) ? "unknown" : costInWords(plan)}`), ...cost(plan));
  lines.push(...estimate(plan));
  lines.push(...(options.advice ?? []).map((one) => `  ${colors.dim(one)}`));
  return `${lines.join("\n")}\n`;
}
