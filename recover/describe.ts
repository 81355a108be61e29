/** What `recover` says. Pure. */
import type { Fate } from "./look";
import type { Findings, Recovered } from "./recover";

const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

function line(one: Fate): string {
  const detail = one.kind === "take over" ? `${one.id}, known by its ${one.by}` : one.why;
  return `  ${one.kind.padEnd(10)}  ${one.of.type}  ${one.of.name}: ${detail}`;
}

/** A line for each operation that was under way. */
export function describeFindings(stack: string, { fates, changes }: Findings): string {
  if (fates.length + changes.length === 0) return `${stack}: no operation was under way when the last run ended`;
  return [
    `${stack}: ${plural(fates.length + changes.length, "operation was", "operations were")} under way when a run broke off`,
    ...fates.map(line),
    ...changes.map((urn) => `  ${"read anew".padEnd(10)}  ${urn.split("::").slice(2).join("  ")}`),
  ].join("\n");
}

/** What was done, in a line, and what was forgotten. */
export function describeRecovered({ takenOver, toMake, forgotten }: Recovered): string {
  const done = `Taken over: ${takenOver.length}. Left for the next deployment to make: ${toMake.length}.`;
  if (forgotten.length === 0) return done;
  return [`${done} Forgotten: ${forgotten.length}`, ...forgotten.map((urn) => `  ${urn}`)].join("\n");
}
