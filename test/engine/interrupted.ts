import { readFileSync, writeFileSync } from "node:fs";
import type { StateResource } from "../../recover/state";
import { ruleOf } from "../../recover/ids";

interface Referring extends StateResource {
  readonly custom?: boolean;
  readonly parent?: string;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[]>>;
  readonly deletedWith?: string;
}

/** What a resource refers to: URNs. */
function refersTo(one: Referring): string[] {
  const { parent, deletedWith, provider, dependencies = [], propertyDependencies = {} } = one;
  const others = [parent, deletedWith, provider?.split("::").slice(0, -1).join("::")];
  return [...dependencies, ...Object.values(propertyDependencies).flat(), ...others.filter((urn) => urn !== undefined)];
}

/** Types that are imported by another id than the state then has. */
const imported =
  /^aws:(ec2\/(route|routeTableAssociation|volumeAttachment)|rds\/instance|sqs\/queue|wafv2\/webAcl|autoscaling\/policy|backup\/restoreTesting\w+|cloudwatch\/log(Stream|SubscriptionFilter|DeliverySource|DeliveryDestination)):/;

/** Resources whose id is not the one by which they would be known again, with both. */
export function knownOtherwise(resources: readonly StateResource[]): string[] {
  return resources.flatMap(({ urn, type, id, inputs = {}, outputs }) => {
    const rule = ruleOf(type);
    if (rule === undefined || rule === "make again" || rule.by === "content") return [];
    const arn = outputs?.arn;
    if (rule.by === "tags" && typeof arn !== "string") return []; // what AWS gives an ARN that the provider does not show
    const found = rule.by === "name" ? rule.id(inputs) : rule.id(String(arn), inputs);
    if (found === id || (found !== undefined && imported.test(type))) return [];
    return [`${urn}: known by ${String(found)}, not ${String(id)}`];
  });
}

/** What of a stack's file holds its state. */
interface Checkpoint {
  readonly checkpoint: { readonly latest: object & { readonly resources: readonly Referring[] } };
}

/** Types whose tags the emulated AWS does not list. */
const unlisted = /^aws:(budgets|imagebuilder)\//;

/**
 * Makes a stack's file say that a run was killed while it made one resource of each type that can be known again: those that
 * nothing refers to are under way, their ids unknown. In the file itself, for the engine takes no state that has anything under
 * way. Returns what was taken out.
 */
export function asIfKilled(file: string): readonly Referring[] {
  const state = JSON.parse(readFileSync(file, "utf8")) as Checkpoint;
  const { resources } = state.checkpoint.latest;
  const needed = new Set(resources.flatMap(refersTo));
  const taken = new Map<string, Referring>();
  for (const one of resources) {
    const rule = ruleOf(one.type);
    if (!one.custom || needed.has(one.urn) || rule === undefined || rule === "make again") continue;
    if (unlisted.test(one.type)) continue;
    if (!taken.has(one.type)) taken.set(one.type, one);
  }
  const urns = new Set([...taken.values()].map(({ urn }) => urn));
  const pending = [...taken.values()].map((one) => {
    const { id: _id, outputs: _outputs, ...resource } = one;
    return { type: "creating", resource };
  });
  const latest = {
    ...state.checkpoint.latest,
    resources: resources.filter(({ urn }) => !urns.has(urn)),
    pending_operations: pending,
  };
  writeFileSync(file, JSON.stringify({ ...state, checkpoint: { ...state.checkpoint, latest } }));
  return [...taken.values()];
}
