/** The plan as Markdown: what a pull request's reader wants first, the details folded. */
import { comparisonOf, estimateCells } from "../cost/estimate";
import { renderMermaid } from "../diagram/mermaid";
import { makeScene } from "../diagram/scene";
import type { Plan } from "../json";
import { costByComponent, costInWords, modelCounts, notPriced, warningsBesideCost, withoutName } from "../text";
import { cell, codeSpan, money } from "./markdown-text";

const longList = 40;

function folded(title: string, body: readonly string[]): string[] {
  return body.length === 0 ? [] : ["", "<details>", `<summary>${title}</summary>`, "", ...body, "", "</details>"];
}

function limited<T>(items: readonly T[], show: (item: T) => string): string[] {
  const lines = items.slice(0, longList).map((item) => `- ${show(item)}`);
  if (items.length > longList) lines.push(`- and ${(items.length - longList).toLocaleString("en")} more`);
  return lines;
}

function countsByType(plan: Plan): string[] {
  const counts = new Map<string, number>();
  for (const { type } of plan.resources) counts.set(type, (counts.get(type) ?? 0) + 1);
  const rows = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return ["| Type | Number |", "|---|---:|", ...rows.map(([type, count]) => `| ${cell(type)} | ${count} |`)];
}

/** The plan as Markdown. */
export function renderMarkdown(plan: Plan, region: string, advice: readonly string[]): string {
  const { violations, evaluated } = plan.policy;
  const mandatory = violations.filter(({ enforcement }) => enforcement === "mandatory");
  const { accepted, rejected } = plan.models;
  const models = modelCounts(plan) === undefined ? "" : `, ${accepted.length} models`;
  const lines = [
    `### Plan of ${codeSpan(plan.stack)} (${plan.stage}, ${cell(region)})`,
    "",
    `${plan.resources.length.toLocaleString("en")} resources${models}, ${costInWords(plan)}, ${evaluated} policies with ${mandatory.length} mandatory and ${violations.length - mandatory.length} advisory violations.`,
  ];
  if (violations.length > 0) {
    lines.push("", "| Policy | Level | Resource | What |", "|---|---|---|---|");
    for (const { policy, enforcement, severity, urn, message } of violations.slice(0, longList)) {
      const name = urn.split("::").at(-1) ?? "";
      lines.push(
        `| ${codeSpan(policy)} | ${enforcement}, ${severity} | ${codeSpan(name)} | ${cell(withoutName(message, name))} |`,
      );
    }
    if (violations.length > longList) lines.push("", `and ${violations.length - longList} more`);
  }
  const costs = costByComponent(plan);
  if (costs.length > 0) {
    lines.push("", "| Component | A month |", "|---|---:|");
    for (const [component, monthly] of costs) lines.push(`| ${codeSpan(component)} | ${money(monthly)} |`);
    lines.push(`| **Total** | **${money(plan.cost.monthly)}** |`);
  }
  const comparison = comparisonOf(plan);
  if (comparison) {
    const rows = estimateCells(comparison).map((row) => `| ${row.map(cell).join(" | ")} |`);
    const table = ["| Resource | Estimated | Today | Difference | Why |", "|---|---:|---:|---:|---|", ...rows];
    lines.push(...folded(`Beside ${comparison.source}`, table));
  }
  lines.push("", "```mermaid", renderMermaid(makeScene(plan, region)), "```");
  const warnings = warningsBesideCost(plan);
  lines.push(...folded(`Warnings: ${warnings.length}`, limited(warnings, cell)));
  lines.push(
    ...folded(
      `Rejected keys: ${rejected.length}`,
      limited(rejected, ({ key, reason }) => `${codeSpan(key)} ${cell(reason)}`),
    ),
  );
  lines.push(
    ...folded(
      `Not priced, so not in the sum: ${plan.cost.unpriced.length}`,
      limited(notPriced(plan), ([type, reason]) => `${codeSpan(type)}: ${cell(reason)}`),
    ),
  );
  lines.push(...folded("Ways to pay less", limited(advice, cell)));
  lines.push(...folded("Resources by type", countsByType(plan)));
  return `${lines.join("\n")}\n`;
}
