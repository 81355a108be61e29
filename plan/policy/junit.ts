/** A policy run as JUnit XML: a test case for each policy, failed by its mandatory violations. */
import type { PolicyReport, PolicyViolation } from "./run";

/** Text as XML takes it: reserved characters written out, control characters (which XML 1.0 cannot hold) left out. */
function escape(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&apos;",
  };
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "")
    .replace(/[&<>"']/g, (character) => entities[character] ?? "");
}

const line = ({ urn, message }: PolicyViolation) => `${urn.split("::").at(-1) ?? ""}: ${message}`;

function testCase(name: string, description: string, violations: readonly PolicyViolation[]): string {
  const failed = violations.filter(({ enforcement }) => enforcement === "mandatory");
  const told = violations.filter(({ enforcement }) => enforcement !== "mandatory");
  const open = `    <testcase classname="policy" name="${escape(name)}">`;
  const failure = failed.length
    ? `      <failure type="${failed[0]?.severity ?? "high"}" message="${escape(description)}">${escape(failed.map(line).join("\n"))}</failure>\n`
    : "";
  const out = told.length ? `      <system-out>${escape(told.map(line).join("\n"))}</system-out>\n` : "";
  return failure || out ? `${open}\n${failure}${out}    </testcase>\n` : `${open}</testcase>\n`;
}

/** The report as JUnit XML; `suite` names the stack. */
export function toJUnit(report: PolicyReport, suite: string): string {
  const byPolicy = new Map<string, PolicyViolation[]>();
  for (const one of report.violations) byPolicy.set(one.policy, [...(byPolicy.get(one.policy) ?? []), one]);
  const failures = [...byPolicy.values()].filter((list) => list.some(({ enforcement }) => enforcement === "mandatory"));
  const counts = `tests="${report.policies.length}" failures="${failures.length}"`;
  const cases = report.policies.map(({ name, description }) => testCase(name, description, byPolicy.get(name) ?? []));
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts}>\n` +
    `  <testsuite name="${escape(suite)}" ${counts}>\n${cases.join("")}  </testsuite>\n</testsuites>\n`
  );
}
