/** What a plan costs a month: every resource that costs money, with how it was computed. */
import type { Stage } from "../../config/section";
import type { Evaluation } from "../evaluate/program";
import type { RecordedResource } from "../evaluate/monitor";
import type { Cost } from "../json";
import { isFree } from "./free";
import { PriceBook, hoursPerMonth } from "./price-book";
import { Bill, list, NoPrice, number, object, text, type Pricer, type PricerContext, type Resources } from "./pricer";
import { computePricers } from "./pricers/compute";
import { dataPricers } from "./pricers/data";
import { managementPricers } from "./pricers/management";
import { networkPricers } from "./pricers/network";
import { scheduledHours, stoppedWhenIdle, type RunningHours } from "./running-hours";
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

function inLocalZone(resource: RecordedResource, resources: Resources): boolean {
  if (localZone.test(text(resource.inputs.availabilityZone) ?? "")) return true;
  const urns = ["subnetId", "subnetIds", "vpcZoneIdentifiers"].flatMap(
    (property) => resource.propertyDependencies[property] ?? [],
  );
  return urns.some((urn) => localZone.test(text(resources.get(urn)?.inputs.availabilityZone) ?? ""));
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

/** Prices every resource of an evaluated program. */
export function priceAll(
  evaluation: Pick<Evaluation, "project" | "stage" | "region" | "resources">,
  config: Readonly<Record<string, string>>,
  usage: Usage,
): CostReport {
  const { project, stage, region } = evaluation;
  const book = PriceBook.of(region);
  const resources: Resources = new Map(evaluation.resources.map((resource) => [resource.urn, resource]));
  const scheduleText = config[`${project}:schedule`];
  const schedule =
    scheduleText === undefined ? undefined : scheduledHours(JSON.parse(scheduleText), stage as Stage, region);
  const idleStops = stoppedWhenIdle(evaluation.resources);
  const lines: Cost["lines"] = [];
  const unpriced = new Map<string, Set<string>>();
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
    const bill = new Bill(book, inLocalZone(resource, resources) ? usage.localZone.surcharge : 0);
    try {
      pricer(contextOf(resource, resources, usage, component, schedule, idleStops), bill);
    } catch (error) {
      if (!(error instanceof NoPrice)) throw error;
      unpriced.set(type, (unpriced.get(type) ?? new Set()).add(error.message));
      continue;
    }
    if (bill.monthly > 0) lines.push({ urn, component, monthly: cents(bill.monthly), basis: bill.basis });
  }
  const monthly = cents(lines.reduce((sum, line) => sum + line.monthly, 0));
  const warnings = [...unpriced].map(([type, keys]) => {
    const missing = [...keys].filter(Boolean).sort();
    const reason = unpricedReasons[type] ?? "no pricer knows the type";
    return `Not priced: ${type}: ${missing.length > 0 ? `no price with a source for ${missing.join(", ")} in ${region}` : reason}`;
  });
  return {
    cost: { currency: "USD", monthly, lines, unpriced: [...unpriced.keys()].sort() },
    warnings: warnings.sort(),
    advice: adviceOn(lines, resources, usage),
    exceeded: exceededBudget(resources, lines, monthly),
  };
}
