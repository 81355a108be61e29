/** A difference for a pull request's comment. */
import { cell, codeSpan, money } from "../report/markdown-text";
import type { Change, Difference } from "./difference";

/** Items of a list, and inputs of a change, that are written out. */
export const longList = 40;
export const longInputs = 6;

const words = { added: "added", changed: "changed", replaced: "replaced", deleted: "deleted" } as const;

/** How many changes of each kind there are. */
export function counts(changes: readonly Change[]): string {
  const parts = (["added", "changed", "replaced", "deleted"] as const).map((kind) => {
    const count = changes.filter((change) => change.kind === kind).length;
    return count > 0 ? `${count.toLocaleString("en")} ${words[kind]}` : "";
  });
  return parts.filter(Boolean).join(", ") || "nothing changes";
}

/** A difference in dollars, with its sign. */
export function signed(change: number): string {
  return `${change < 0 ? "−" : "+"}${money(Math.abs(change))}`;
}

function inputsOf({ inputs }: Change): string {
  const more = inputs.length > longInputs ? ` and ${inputs.length - longInputs} more` : "";
  return inputs.slice(0, longInputs).map(codeSpan).join(", ") + more;
}

function changeTable(changes: readonly Change[]): string[] {
  if (changes.length === 0) return [];
  const rows = changes
    .slice(0, longList)
    .map(
      (change) =>
        `| ${change.kind} | ${codeSpan(change.name)} | ${cell(change.type)} | ${inputsOf(change)} | ${cell(change.danger ?? "")} |`,
    );
  const lines = ["| | Resource | Type | Inputs | Danger |", "|---|---|---|---|---|", ...rows];
  if (changes.length > longList) lines.push("", `and ${(changes.length - longList).toLocaleString("en")} more`);
  return lines;
}

function modelList(title: string, keys: readonly string[]): string[] {
  if (keys.length === 0) return [];
  const more = keys.length > longList ? [`- and ${keys.length - longList} more`] : [];
  return [
    "",
    `**${title}: ${keys.length}**`,
    "",
    ...keys.slice(0, longList).map((key) => `- ${codeSpan(key)}`),
    ...more,
  ];
}

/** The difference as Markdown. */
export function renderDifference(difference: Difference): string {
  const { changes, cost, policy, models, from, to, unchanged } = difference;
  const dangers = changes.filter(({ danger }) => danger !== undefined);
  const lines = [
    `### Plan: ${cell(from)} → ${cell(to)}`,
    "",
    `${counts(changes)}, ${unchanged.toLocaleString("en")} unchanged. Cost: ${money(cost.before)} → ${money(cost.after)} a month (${signed(cost.change)}).`,
  ];
  if (dangers.length > 0) {
    lines.push("", `> **${dangers.length === 1 ? "One change loses" : `${dangers.length} changes lose`} state:**`);
    for (const { name, kind, danger } of dangers.slice(0, longList)) {
      lines.push(`> - ${codeSpan(name)} is ${kind}: ${cell(danger ?? "")}`);
    }
  }
  const table = changeTable(changes);
  if (table.length > 0) lines.push("", ...table);
  for (const [title, violations] of [
    ["New violations", policy.added],
    ["Resolved violations", policy.resolved],
  ] as const) {
    if (violations.length === 0) continue;
    lines.push("", `**${title}: ${violations.length}**`, "");
    for (const one of violations.slice(0, longList)) {
      lines.push(
        `- ${one.enforcement} ${codeSpan(one.policy)} ${cell(one.urn.split("::").at(-1) ?? "")}: ${cell(one.message)}`,
      );
    }
  }
  lines.push(...modelList("Models added", models.added), ...modelList("Models removed", models.removed));
  return `${lines.join("\n")}\n`;
}
