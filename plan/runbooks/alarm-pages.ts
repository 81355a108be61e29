/** One runbook for each kind of alarm, from what the stacks register. */
import type { AlarmFact } from "./facts";
import { stepsFor } from "./steps";

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

function titleOf(facts: readonly AlarmFact[], runbook: string): string {
  const [first] = facts;
  if (runbook === "composite") return "A component's page";
  if (first?.metric !== undefined) return `${first.metric} (${first.namespace ?? ""})`;
  return first?.name ?? runbook;
}

/** Descriptions that differ by the resource's name only are one. */
function distinct(facts: readonly AlarmFact[]): AlarmFact[] {
  const seen = new Map<string, AlarmFact>();
  for (const fact of facts) if (!seen.has(fact.description)) seen.set(fact.description, fact);
  return [...seen.values()];
}

/** A runbook's text. */
export function alarmPage(runbook: string, facts: readonly AlarmFact[]): string {
  const descriptions = distinct(facts).map(({ description }) => `- ${description}`);
  const rows = facts.map(({ stack, name, condition }) => `| ${stack} | \`${name}\` | ${cell(condition)} |`);
  const steps = stepsFor(facts[0]?.namespace).map((step, index) => `${index + 1}. ${step}`);
  return [
    `# ${titleOf(facts, runbook)}`,
    "## What it says, and what to do first",
    descriptions.join("\n"),
    "## Then",
    steps.join("\n"),
    "## Where it is set",
    ["| stack | alarm | goes off at |", "| --- | --- | --- |", ...rows].join("\n"),
  ].join("\n\n");
}

/** Every alarm runbook by its file name. */
export function alarmPages(facts: readonly AlarmFact[]): Map<string, string> {
  const kinds = new Map<string, AlarmFact[]>();
  for (const fact of facts) kinds.set(fact.runbook, [...(kinds.get(fact.runbook) ?? []), fact]);
  return new Map(
    [...kinds].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, own]) => [`alarms/${kind}.md`, alarmPage(kind, own)]),
  );
}
