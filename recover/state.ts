/** A stack's state as `pulumi stack export` gives it, and what an interrupted run left in it. Pure. */
import type { Inputs } from "./ids";

export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Inputs;
  readonly outputs?: Inputs;
  /** URN and id of its provider. */
  readonly provider?: string;
  readonly delete?: boolean;
  readonly pendingReplacement?: boolean;
}

/** An operation of which the engine has not seen the end. */
interface PendingOperation {
  readonly type: string;
  readonly resource: StateResource;
}

export interface StackState {
  readonly version: number;
  readonly deployment: {
    readonly resources?: readonly StateResource[];
    readonly pending_operations?: readonly PendingOperation[];
  } | null;
}

/** A resource that the engine asked AWS for and heard nothing of. */
export interface Interrupted {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly inputs: Inputs;
  readonly region: string;
  /** Named profile of the shared AWS configuration. */
  readonly profile?: string;
}

const resourcesOf = (state: StackState): readonly StateResource[] => state.deployment?.resources ?? [];
const pendingOf = (state: StackState): readonly PendingOperation[] => state.deployment?.pending_operations ?? [];
const creating = ({ type }: PendingOperation): boolean => type === "creating";

/** The creations that a run broke off in; `region` is where a stack lives whose provider names none. */
export function interruptedCreations(state: StackState, region: string): Interrupted[] {
  const providers = new Map(resourcesOf(state).map(({ urn, inputs }) => [urn, inputs]));
  return pendingOf(state)
    .filter(creating)
    .map(({ resource: { urn, type, inputs = {}, provider = "" } }) => {
      const of = providers.get(provider.split("::").slice(0, -1).join("::")) ?? {};
      const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
      const profile = text(of.profile);
      return {
        urn,
        type,
        name: urn.split("::").slice(3).join("::"),
        inputs,
        region: text(inputs.region) ?? text(of.region) ?? region,
        ...(profile ? { profile } : {}),
      };
    });
}

/** URNs of resources that were being changed or removed: a refresh says what became of them. */
export function interruptedChanges(state: StackState): string[] {
  const known = new Set(resourcesOf(state).map(({ urn }) => urn));
  const urns = pendingOf(state)
    .filter((operation) => !creating(operation) && known.has(operation.resource.urn))
    .map(({ resource }) => resource.urn);
  return [...new Set(urns)];
}

/** What the state holds already. */
export interface Known {
  /** Ids and ARNs. */
  readonly ids: ReadonlySet<string>;
  /** URNs of what is there; one that was removed to be made anew is not. */
  readonly urns: ReadonlySet<string>;
}

export function known(state: StackState): Known {
  const held = resourcesOf(state);
  const texts = held.flatMap(({ id, outputs }) => [id, outputs?.arn]).filter((value) => typeof value === "string");
  const there = held.filter((one) => !one.delete && !one.pendingReplacement);
  return { ids: new Set(texts), urns: new Set(there.map(({ urn }) => urn)) };
}

/**
 * The state with the interrupted creations settled: those with an id become resources, for a refresh to read. The engine keeps
 * no operation under way in a state that it is given, so that none is left in this one either.
 */
export function settled(state: StackState, ids: ReadonlyMap<string, string>) {
  const resources = [...resourcesOf(state)];
  for (const { resource } of pendingOf(state).filter(creating)) {
    const id = ids.get(resource.urn);
    if (id === undefined) continue;
    // Without outputs the refresh reads it as an import does.
    const adopted = { ...resource, id, outputs: {} };
    const removed = resources.findIndex((one) => one.urn === resource.urn && one.pendingReplacement);
    if (removed < 0) resources.push(adopted);
    else resources[removed] = adopted;
  }
  return { ...state, deployment: { ...state.deployment, resources, pending_operations: [] } };
}
