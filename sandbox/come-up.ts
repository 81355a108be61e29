import type { Outcome, SandboxEngine } from "./engine";
import { fillSecrets } from "./fill-secrets";
import type { SandboxStack } from "./project";
import { seed } from "./seed";

/** What two runs did in all; what the second left as it was has been counted by the first. */
function sum(first: Outcome["changes"], second: Outcome["changes"]): Outcome["changes"] {
  const all: Record<string, number> = { ...first };
  for (const [op, number] of Object.entries(second)) if (op !== "same") all[op] = (all[op] ?? 0) + number;
  return all;
}

/**
 * Brings a stack up as people do: a first `up`, then what it leaves to them, then
 * another one. That is to fill the secrets
 * of people (prod refuses to go on with placeholders) and to put models into a deploy bucket that the stack has just made.
 */
export async function comeUp(
  place: SandboxStack,
  engine: SandboxEngine,
  say: (line: string) => void,
): Promise<Outcome> {
  let outcome = await engine.run("up");
  // More than once: a stack that stops at a secret has not made the next one yet.
  for (;;) {
    const filled = await fillSecrets(engine.endpoint);
    if (filled.length > 0) say(`Filled with made-up values: ${filled.join(", ")}`);
    const models = await seed(place, engine.endpoint);
    if (models > 0) say(`The deploy bucket was empty: it holds ${models} sample objects now.`);
    if (filled.length + models === 0) return outcome;
    say("Up again, with these ...");
    const next = await engine.run("up");
    outcome = { ...next, changes: sum(outcome.changes, next.changes), log: outcome.log + next.log };
  }
}
