/** Settles what an interrupted run left in a stack's state: takes over what AWS made, forgets what it did not. */
import { fates, type Access, type Fate } from "./look";
import { interruptedChanges, interruptedCreations, known, settled, type StackState } from "./state";

/** What recovering needs of the engine. */
export interface StackEngine {
  exportState(): Promise<StackState> | StackState;
  importState(state: StackState): Promise<void> | void;
  /** Reads these resources anew. */
  refresh(urns: readonly string[]): Promise<void> | void;
}

/** What a run has left open, and what became of it. */
export interface Findings {
  readonly state: StackState;
  readonly fates: readonly Fate[];
  /** Resources that were being changed or removed. */
  readonly changes: readonly string[];
}

/** Looks, and changes nothing. `region` is where a stack lives whose provider names none. */
export async function findings(engine: StackEngine, access: Access, region: string): Promise<Findings> {
  const state = await engine.exportState();
  const interrupted = interruptedCreations(state, region);
  return { state, fates: await fates(interrupted, known(state), access), changes: interruptedChanges(state) };
}

/** What was done: URNs. */
export interface Recovered {
  readonly takenOver: readonly string[];
  /** To be made by the next `up`: it was not there. */
  readonly toMake: readonly string[];
  /** Forgotten by the state, though somebody has to look at it. */
  readonly forgotten: readonly string[];
}

/** What somebody has to look at before it is forgotten. */
export const openOf = (fates: readonly Fate[]): readonly Fate[] => fates.filter(({ kind }) => kind === "look first");

/** Settles everything; what is open is forgotten too, since the engine keeps nothing under way in a state that it is given. */
export async function recover(engine: StackEngine, { state, fates, changes }: Findings): Promise<Recovered> {
  const ids = new Map(fates.flatMap((one) => (one.kind === "take over" ? [[one.of.urn, one.id] as const] : [])));
  if (fates.length > 0) await engine.importState(settled(state, ids));
  if (ids.size + changes.length > 0) await engine.refresh([...ids.keys(), ...changes]);
  // A name says where a resource would be; whether it is there, the refresh has found out.
  const there = ids.size > 0 ? known(await engine.exportState()).urns : new Set<string>();
  const taken = [...ids.keys()];
  const again = fates.flatMap((one) => (one.kind === "make again" ? [one.of.urn] : []));
  return {
    takenOver: taken.filter((urn) => there.has(urn)),
    toMake: [...taken.filter((urn) => !there.has(urn)), ...again],
    forgotten: openOf(fates).map(({ of }) => of.urn),
  };
}
