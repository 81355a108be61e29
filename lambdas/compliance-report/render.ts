/** The report for people: one page of HTML that needs nothing else. */
import type { Status, Verdict } from "./controls";

export interface Report {
  readonly schemaVersion: 1;
  readonly project: string;
  readonly stack: string;
  readonly accountId: string;
  readonly region: string;
  /** When the evidence was collected, ISO 8601. */
  readonly at: string;
  /** Days before that backups and restore tests were looked at. */
  readonly periodDays: number;
  readonly summary: Readonly<Record<Status, number>>;
  readonly verdicts: readonly Verdict[];
  readonly evidence: unknown;
}

export function summarize(verdicts: readonly Verdict[]): Record<Status, number> {
  const summary: Record<Status, number> = { met: 0, "not met": 0, unknown: 0, "does not apply": 0 };
  for (const { status } of verdicts) summary[status]++;
  return summary;
}

const escaped = (text: string) => text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);

/** One sentence for a message. */
export function sentence({ stack, summary, verdicts }: Pick<Report, "stack" | "summary" | "verdicts">): string {
  const broken = verdicts.filter(({ status }) => status === "not met" || status === "unknown").map(({ id }) => id);
  const counts = `${summary.met} met, ${summary["not met"]} not met, ${summary.unknown} unknown, ${summary["does not apply"]} without application`;
  return `${stack}: ${counts}${broken.length > 0 ? ` (${broken.join(", ")})` : ""}`;
}

export function renderHtml(report: Report, sha256: string): string {
  const rows = report.verdicts.map(({ id, title, references, status, findings }) => {
    const list = (items: readonly string[]) => items.map((item) => `<li>${escaped(item)}</li>`).join("");
    return `<tr class="${status.replaceAll(" ", "-")}"><th scope="row">${escaped(id)}</th><td>${escaped(title)}</td><td>${status}</td><td><ul>${list(findings)}</ul></td><td><ul>${list(references)}</ul></td></tr>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Compliance of ${escaped(report.stack)}, ${escaped(report.at.slice(0, 10))}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #1b1f24; }
table { border-collapse: collapse; } th, td { border: 1px solid #c6ccd2; padding: .4rem .6rem; text-align: left; vertical-align: top; }
.not-met td:nth-child(3), .unknown td:nth-child(3) { background: #ffe3e0; font-weight: 600; } .met td:nth-child(3) { background: #e2f5e6; }
ul { margin: 0; padding-left: 1.1rem; }
</style>
</head>
<body>
<h1>Compliance of ${escaped(report.project)}, stack ${escaped(report.stack)}</h1>
<p>Account ${escaped(report.accountId)}, ${escaped(report.region)}, collected ${escaped(report.at)}; backups and restore tests of the ${report.periodDays} days before.</p>
<p>${escaped(sentence(report))}</p>
<table>
<thead><tr><th>Control</th><th>What it asks</th><th>Status</th><th>Findings</th><th>Asked for by</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>
<p>SHA-256 of the JSON report with its evidence: <code>${escaped(sha256)}</code></p>
</body>
</html>
`;
}
