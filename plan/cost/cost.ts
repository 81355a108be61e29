/** What a plan costs a month: every resource that costs money, with how it was computed. */
import type { Stage } from "../../config/section";
import type { Evaluation } from "../evaluate/program";
import type { RecordedResource } from "../evaluate/monitor";
import type { Cost } from "../json";
import { isFree } from "./free";
import { PriceBook, hoursPerMonth, noTableFor } from "./price-book";
import { Bill, list, NoPrice, number, object, text, type Pricer, type PricerContext, type Resources } from "./pricer";
import { computePricers } from "./pricers/compute";
import { dataPricers } from "./pricers/data";
import { managementPricers } from "./pricers/management";
import { networkPricers } from "./pricers/network";
import { scheduledHours, stoppedWhenIdle, type RunningHours } from "./running-hours";
import type { OwnPrices } from "./own-prices";
import { unpricedReasons } from "./unpriced";
import type { Usage } from "./usage";

export const pricers: Readonly<Record<string, Pricer>> = {
  ...computePricers,
  ...networkPricers,
  ...dataPricers,
  ...managementPricers,
};

export interface CostReport {
  readonly cost: Cost;
  /** What has no price, and why; and ways to pay less. */
  readonly warnings: readonly string[];
  readonly advice: readonly string[];
  /** Quantity a month of each figure that has no price with a source. */
  readonly missing: ReadonlyMap<string, number>;
  /** Limit of the tightest monthly budget that is exceeded. */
  readonly exceeded: { readonly limit: number; readonly name: string } | undefined;
}

/** Cents are what a bill has; sums are made of rounded lines, so that every format shows the same total. */
const cents = (usd: number) => Math.round(usd * 100) / 100;

/** Name of the component below the stack that a resource belongs to. */
export function topComponent(resource: RecordedResource, resources: Resources): string {
  let at = resource;
  while (at.parent !== null) {
    const parent = resources.get(at.parent);
    if (!parent) break;
    at = parent;
  }
  return at.name;
}

/** `us-east-1-chi-2a` is a Local Zone, `us-east-1a` is not. */
const localZone = /^[a-z]{2}(-[a-z]+)+-\d-[a-z]+-\d[a-z]$/;

/** The group of the Local Zone that a resource stands in; undefined in a Region's own zones. */
function localZoneGroup(resource: RecordedResource, resources: Resources): string | undefined {
  const urns = ["subnetId", "subnetIds", "vpcZoneIdentifiers"].flatMap(
    (property) => resource.propertyDependencies[property] ?? [],
  );
  const zones = [resource.inputs, ...urns.map((urn) => resources.get(urn)?.inputs)].map(
    (inputs) => text(inputs?.availabilityZone) ?? "",
  );
  return zones.find((zone) => localZone.test(zone))?.slice(0, -1);
}

function contextOf(
  resource: RecordedResource,
  resources: Resources,
  usage: Usage,
  component: string,
  schedule: RunningHours | undefined,
  idleStops: ReadonlySet<string>,
): PricerContext {
  const idle = idleStops.has(resource.urn)
    ? {
        hours: usage.stoppedWhenIdle.hours,
        note: `stopped when idle: ${usage.stoppedWhenIdle.hours} h a month assumed`,
      }
    : undefined;
  const scheduled = idle ?? (schedule?.components.includes(component) ? schedule : undefined);
  return {
    resource,
    inputs: resource.inputs,
    resources,
    usage,
    runningHours: { hours: scheduled?.hours ?? hoursPerMonth, note: scheduled?.note },
    source(property, type) {
      const urns = resource.propertyDependencies[property] ?? [];
      return urns.map((urn) => resources.get(urn)).find((one) => one?.type === type);
    },
  };
}

/** Ways to pay less, each with what it would save. */
function adviceOn(lines: Cost["lines"], resources: Resources, usage: Usage): string[] {
  const sum = (types: readonly string[]) =>
    lines.reduce((total, line) => total + (types.includes(resources.get(line.urn)?.type ?? "") ? line.monthly : 0), 0);
  const compute = sum([
    "aws:ec2/instance:Instance",
    "aws:autoscaling/group:Group",
    "aws:ecs/service:Service",
    "awsx:ecs:FargateService",
  ]);
  const databases = sum(["aws:rds/instance:Instance", "aws:elasticache/replicationGroup:ReplicationGroup"]);
  const advice: string[] = [];
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  if (compute > 0) {
    const { computeSavingsPlan: share } = usage.advice;
    advice.push(
      `Compute at $${compute.toFixed(2)} a month: a one-year Compute Savings Plan saves about ${percent(share)}, $${(compute * share).toFixed(2)} (share assumed in plan/cost/usage.yaml)`,
    );
  }
  if (databases > 0) {
    const { databaseReserved: share } = usage.advice;
    advice.push(
      `Databases at $${databases.toFixed(2)} a month: reserved instances save about ${percent(share)}, $${(databases * share).toFixed(2)} (share assumed in plan/cost/usage.yaml)`,
    );
  }
  return advice;
}

/** The component that a budget is for alone, by its filter on the tag; undefined for one of the whole stack. */
function componentOf(costFilters: unknown): string | undefined {
  const values = list(costFilters).flatMap((filter) => list(object(filter).values));
  return values.map((value) => /^user:component\$(.+)$/.exec(text(value) ?? "")?.[1]).find((it) => it !== undefined);
}

function exceededBudget(resources: Resources, lines: Cost["lines"], total: number): CostReport["exceeded"] {
  let tightest: CostReport["exceeded"];
  for (const { type, name, inputs } of resources.values()) {
    if (type !== "aws:budgets/budget:Budget" || text(inputs.budgetType) !== "COST") continue;
    if (text(inputs.timeUnit) !== "MONTHLY" || inputs.limitAmount === undefined) continue;
    const limit = number(inputs.limitAmount, Number.POSITIVE_INFINITY);
    const component = componentOf(inputs.costFilters);
    const own = lines.filter((line) => line.component === component).reduce((sum, line) => sum + line.monthly, 0);
    const monthly = component === undefined ? total : own;
    if (monthly > limit && limit < (tightest?.limit ?? Number.POSITIVE_INFINITY)) tightest = { limit, name };
  }
  return tightest;
}

/** Why a type has no price, and how a user gets it. */
function whyUnpriced(type: string, keys: ReadonlySet<string>, region: string): string {
  const missing = [...keys].filter(Boolean).sort();
  if (missing.length === 0) return unpricedReasons[type] ?? "no pricer knows the type";
  return `no price with a source for ${missing.join(", ")} in ${region}: npm run prices asks AWS for it, --prices takes yours`;
}

/** Prices every resource of an evaluated program. */
export function priceAll(
  evaluation: Pick<Evaluation, "project" | "stage" | "region" | "resources">,
  config: Readonly<Record<string, string>>,
  usage: Usage,
  own?: OwnPrices,
): CostReport {
  const { project, stage, region } = evaluation;
  const book = PriceBook.of(region, own);
  const resources: Resources = new Map(evaluation.resources.map((resource) => [resource.urn, resource]));
  const scheduleText = config[`${project}:schedule`];
  const schedule =
    scheduleText === undefined ? undefined : scheduledHours(JSON.parse(scheduleText), stage as Stage, region);
  const idleStops = stoppedWhenIdle(evaluation.resources);
  const lines: Cost["lines"] = [];
  const unpriced = new Map<string, Set<string>>();
  const missing = new Map<string, number>();
  for (const resource of evaluation.resources) {
    const { type, urn } = resource;
    if (isFree(type)) continue;
    const pricer = pricers[type];
    if (!pricer) {
      // A component is the sum of its children; one that its provider builds has none here.
      if (resource.custom || resource.remote) unpriced.set(type, (unpriced.get(type) ?? new Set()).add(""));
      continue;
    }
    const component = topComponent(resource, resources);
    const group = localZoneGroup(resource, resources);
    const bill = new Bill(book, group === undefined ? undefined : { group, surcharge: usage.localZone.surcharge });
    try {
      pricer(contextOf(resource, resources, usage, component, schedule, idleStops), bill);
    } catch (error) {
      if (!(error instanceof NoPrice)) throw error;
      bill.missing.set(error.message, 1);
    }
    for (const [key, quantity] of bill.missing) missing.set(key, (missing.get(key) ?? 0) + quantity);
    for (const key of bill.missing.keys()) unpriced.set(type, (unpriced.get(type) ?? new Set()).add(key));
    if (bill.monthly > 0) lines.push({ urn, component, monthly: cents(bill.monthly), basis: bill.basis });
  }
  const monthly = cents(lines.reduce((sum, line) => sum + line.monthly, 0));
  const reasons = Object.fromEntries(
    [...unpriced].sort(([a], [b]) => (a < b ? -1 : 1)).map(([type, keys]) => [type, whyUnpriced(type, keys, region)]),
  );
  const warnings = Object.entries(reasons).map(([type, reason]) => `Not priced: ${type}: ${reason}`);
  const noTable = book.hasTable || missing.size === 0 ? [] : [noTableFor(region)];
  const idle = book.idle().map((key) => `Price ${key} of --prices is used by nothing in this plan`);
  return {
    cost: { currency: "USD", monthly, lines, unpriced: Object.keys(reasons), reasons },
    warnings: [...noTable, ...warnings, ...idle],
    missing,
    advice: adviceOn(lines, resources, usage),
    exceeded: exceededBudget(resources, lines, monthly),
  };
}
