import type { StackState, StateResource } from "../../delivery/recover/state";
import { ruleOf } from "../../delivery/recover/ids";

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

/**
 * The state as if a run had been killed while it made one resource of each type that can be known again: those that nothing
 * refers to are under way again, their ids unknown. Returns what was taken out.
 */
export function asIfKilled(state: StackState): { state: StackState; taken: readonly Referring[] } {
  const resources = (state.deployment?.resources ?? []) as readonly Referring[];
  const needed = new Set(resources.flatMap(refersTo));
  const taken = new Map<string, Referring>();
  for (const one of resources) {
    const rule = ruleOf(one.type);
    if (!one.custom || needed.has(one.urn) || rule === undefined || rule === "make again") continue;
    if (!taken.has(one.type)) taken.set(one.type, one);
  }
  const urns = new Set([...taken.values()].map(({ urn }) => urn));
  const pending = [...taken.values()].map((one) => {
    const { id: _id, outputs: _outputs, ...resource } = one;
    return { type: "creating", resource };
  });
  return {
    state: {
      ...state,
      deployment: {
        ...state.deployment,
        resources: resources.filter(({ urn }) => !urns.has(urn)),
        pending_operations: pending,
      },
    },
    taken: [...taken.values()],
  };
}
