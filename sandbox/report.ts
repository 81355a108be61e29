import Table from "cli-table3";
import { readUrn, type Outcome, type StateResource } from "./engine";
import type { Changes } from "./project";

/** Component class of a resource, `stack` for those without: the outermost of its parents that is one of the program's. */
function componentOf(urn: string): string {
  const own = readUrn(urn).chain.find((type) => type.startsWith("trading:"));
  return own?.split(":").pop() ?? "stack";
}

/** `ec2.Subnet` of `aws:ec2/subnet:Subnet`. */
function shortType(type: string): string {
  const [, module = "", name = type] = type.split(":");
  return `${module.split("/")[0] ?? module}.${name}`;
}

/** Width of the types, in characters: with the two columns before them they fit a terminal of 120. */
const typesWidth = 88;

/** The resources of a state by component: a row each, with the number of each type, most first. */
export function summarize(resources: readonly StateResource[]): string {
  const counts = new Map<string, Map<string, number>>();
  const real = resources.filter(({ custom, type }) => custom && !type.startsWith("pulumi:providers:"));
  for (const { urn, type } of real) {
    const types = counts.get(componentOf(urn)) ?? new Map<string, number>();
    types.set(shortType(type), (types.get(shortType(type)) ?? 0) + 1);
    counts.set(componentOf(urn), types);
  }
  const table = new Table({
    head: ["component", "all", "of which"],
    colAligns: ["left", "right", "left"],
    colWidths: [null, null, typesWidth],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const [component, types] of [...counts].sort(([a], [b]) => a.localeCompare(b))) {
    const sorted = [...types].sort(([a, some], [b, others]) => others - some || a.localeCompare(b));
    const all = sorted.reduce((sum, [, number]) => sum + number, 0);
    table.push([component, String(all), sorted.map(([type, number]) => `${number}×${type}`).join(", ")]);
  }
  return `${table.toString()}\n${real.length} resources in ${counts.size} components`;
}

/** What went wrong, a resource at a time: stack, resource, and the emulator's own words. */
export function describeFailures(stack: string, { failures }: Outcome): string {
  return failures
    .map(({ urn, message }) => {
      const { type, name } = readUrn(urn);
      const lines = message.split("\n").map((line) => `    ${line}`);
      return [`stack ${stack}: ${type ? `${type} ${name}` : "the program"}`, ...lines].join("\n");
    })
    .join("\n");
}

/** What the engine says of a policy that looks at a value nobody knows before the deployment. */
const undecided = /^can't run policy .* can't be known during preview/;

/** The policies that are broken, mandatory ones first; those that a preview cannot decide are only counted. */
export function describeViolations({ violations }: Outcome): string {
  const decided = violations.filter(({ message }) => !undecided.test(message));
  const waiting = violations.length - decided.length;
  const lines = [...decided]
    .sort((a, b) => b.enforcement.localeCompare(a.enforcement))
    .map(({ policy, enforcement, urn, message }) => {
      const { name, type } = readUrn(urn);
      const first = message.split("\n").slice(0, 2).join(" ");
      return `[${enforcement}] ${policy}${name ? `  ${type} ${name}` : ""}\n    ${first}`;
    });
  if (waiting > 0) lines.push(`${waiting} checks wait for values that are known only once the resources are made.`);
  return lines.join("\n");
}

/** What the sandbox changed in the stack file before running it; empty where nothing. */
export function describeChanges({ leftOut, secretsReplaced }: Changes): string[] {
  return [
    ...leftOut.map(({ setting, value, reason }) => `Left out: ${setting} = ${JSON.stringify(value)}. ${reason}`),
    ...secretsReplaced.map((key) => `Encrypted in the stack file, a made-up text here: ${key}`),
  ];
}
