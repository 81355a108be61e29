/** What lies between two plans: resources, cost, policies and models. */
import type { Plan, PlannedResource, Violation } from "../json";
import { isReplacing, replacedBy, stateful } from "./stateful";

export type ChangeKind = "added" | "changed" | "replaced" | "deleted";

export interface Change {
  readonly kind: ChangeKind;
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** Paths of the inputs that differ; empty for what is added or deleted. */
  readonly inputs: readonly string[];
  /** What could be lost, or what keeps it from being lost; undefined where nothing is. */
  readonly danger: string | undefined;
}

export interface Difference {
  readonly from: string;
  readonly to: string;
  readonly changes: readonly Change[];
  readonly unchanged: number;
  readonly cost: { readonly before: number; readonly after: number; readonly change: number };
  readonly policy: { readonly added: readonly Violation[]; readonly resolved: readonly Violation[] };
  readonly models: { readonly added: readonly string[]; readonly removed: readonly string[] };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** Paths of what differs between two values; a list counts as one value. */
function differing(before: unknown, after: unknown, path: string): string[] {
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) => differing(before[key], after[key], path ? `${path}.${key}` : key));
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [path];
}

function dangerOf(kind: ChangeKind, resource: PlannedResource): string | undefined {
  const loss = stateful[resource.type];
  if (!loss || kind === "added" || kind === "changed") return undefined;
  if (resource.protect) return `protected: Pulumi refuses this; unprotected, it would lose ${loss}`;
  if (resource.retainOnDelete) return `Pulumi lets go of it and AWS keeps it, with ${loss}`;
  return `loses ${loss}`;
}

function change(kind: ChangeKind, resource: PlannedResource, inputs: readonly string[] = []): Change {
  const { urn, type, name } = resource;
  return { kind, urn, type, name, inputs, danger: dangerOf(kind, resource) };
}

/** Spreads replacements: whoever takes a forcing input from a replaced resource is replaced too. */
function withConsequences(changes: Map<string, Change>, resources: readonly PlannedResource[]): void {
  const replaced = new Set([...changes.values()].filter(({ kind }) => kind === "replaced").map(({ urn }) => urn));
  for (let spread = replaced.size > 0; spread;) {
    spread = false;
    for (const resource of resources) {
      const known = changes.get(resource.urn);
      if (known?.kind === "added" || replaced.has(resource.urn)) continue;
      const forced = Object.entries(resource.propertyDependencies)
        .filter(([property, urns]) => isReplacing(resource.type, property) && urns.some((urn) => replaced.has(urn)))
        .map(([property]) => property);
      if (forced.length === 0) continue;
      replaced.add(resource.urn);
      changes.set(resource.urn, change("replaced", resource, [...new Set([...(known?.inputs ?? []), ...forced])]));
      spread = true;
    }
  }
}

function resourceChanges(before: Plan, after: Plan): Change[] {
  const old = new Map(before.resources.map((resource) => [resource.urn, resource]));
  const changes = new Map<string, Change>();
  for (const resource of after.resources) {
    const was = old.get(resource.urn);
    old.delete(resource.urn);
    if (!was) {
      changes.set(resource.urn, change("added", resource));
      continue;
    }
    const inputs = differing(was.inputs, resource.inputs, "");
    for (const option of ["protect", "retainOnDelete"] as const) {
      if (was[option] !== resource[option]) inputs.push(`(${option})`);
    }
    if (inputs.length === 0) continue;
    const forced = replacedBy(resource.type, inputs);
    // What is replaced is the resource as it stands: its own protection counts.
    if (forced.length > 0) changes.set(resource.urn, { ...change("replaced", was, inputs) });
    else changes.set(resource.urn, change("changed", resource, inputs));
  }
  withConsequences(changes, after.resources);
  for (const resource of old.values()) changes.set(resource.urn, change("deleted", resource));
  const order: readonly ChangeKind[] = ["deleted", "replaced", "changed", "added"];
  return [...changes.values()].sort(
    (a, b) =>
      Number(b.danger !== undefined) - Number(a.danger !== undefined) ||
      order.indexOf(a.kind) - order.indexOf(b.kind) ||
      (a.urn < b.urn ? -1 : 1),
  );
}

const violationKey = ({ policy, urn, message }: Violation) => `${policy}\0${urn}\0${message}`;

function without<T>(all: readonly T[], others: readonly T[], key: (one: T) => string): T[] {
  const known = new Set(others.map(key));
  return all.filter((one) => !known.has(key(one)));
}

/** Compares two plans of one stack. */
export function compare(before: Plan, after: Plan, from: string, to: string): Difference {
  const changes = resourceChanges(before, after);
  const touched = changes.filter(({ kind }) => kind === "changed" || kind === "replaced").length;
  const added = changes.filter(({ kind }) => kind === "added").length;
  const keys = (plan: Plan) => plan.models.accepted.map(({ key }) => key);
  return {
    from,
    to,
    changes,
    unchanged: after.resources.length - touched - added,
    cost: {
      before: before.cost.monthly,
      after: after.cost.monthly,
      change: Math.round((after.cost.monthly - before.cost.monthly) * 100) / 100,
    },
    policy: {
      added: without(after.policy.violations, before.policy.violations, violationKey),
      resolved: without(before.policy.violations, after.policy.violations, violationKey),
    },
    models: {
      added: without(keys(after), keys(before), String),
      removed: without(keys(before), keys(after), String),
    },
  };
}
