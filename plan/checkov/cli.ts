/**
 * `npm run checkov`: measures, and writes `docs/policies-coverage.md`. With `--check` it writes nothing and ends with 1 where
 * the page is stale.
 */
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { format, resolveConfig } from "prettier";
import { EmulatorError } from "../../sandbox/emulator-error";
import { EvaluationError, exitStatus, UsageError } from "../failure";
import { writeWhole } from "../output";
import { projectRoot } from "../settings/project";
import { renderCoverage, unexplained } from "./coverage";
import { measure } from "./run";

const page = "docs/policies-coverage.md";
const measuredFile = "plan/checkov/measured.json";

const usageText = `Usage: npm run checkov [-- --check]

Measures what checkov, a peer with checks of its own, finds in every stack, and writes ${page}. Takes some minutes;
installs checkov (Python 3) for itself.

Options:
  --check  write nothing; end with 1 where the page is stale

Exit status: 0 fine; 1 a finding without a reason, a reason without a finding, or a stale page; 2 bad usage; 3 failed.
`;

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(usageText);
    return exitStatus.fine;
  }
  const strange = args.find((arg) => arg !== "--check");
  if (strange !== undefined) throw new UsageError(`npm run checkov -- ${strange}: allowed is --check alone`);
  const root = projectRoot();
  const measured = await measure(root, (line) => console.error(line));
  const { missing, idle } = unexplained(measured);
  for (const check of missing) {
    const { title, stacks } = measured.checks[check] ?? { title: "", stacks: {} };
    console.error(`${check} fails without a reason: ${title}\n  ${JSON.stringify(stacks)}`);
  }
  for (const check of idle) console.error(`${check} fails nowhere: remove its reason`);
  if (missing.length + idle.length > 0) {
    console.error("Mend the component, or say in plan/checkov/reasons.ts why it stands.");
  }
  for (const [file, content] of [
    [page, renderCoverage(measured)],
    [measuredFile, JSON.stringify(measured)],
  ] as const) {
    const target = path.join(root, file);
    const text = await format(content, { ...(await resolveConfig(target)), filepath: target });
    if (!args.includes("--check")) writeWhole(target, text);
    else if (readFileSync(target, "utf8") !== text) {
      console.error(`${file} is stale: npm run checkov`);
      return exitStatus.refused;
    }
  }
  return missing.length + idle.length > 0 ? exitStatus.refused : exitStatus.fine;
}

main(process.argv.slice(2)).then(
  (status) => (process.exitCode = status),
  (error: unknown) => {
    const usage = error instanceof UsageError;
    const told = usage || error instanceof EvaluationError || error instanceof EmulatorError;
    console.error(told ? error.message : error);
    process.exitCode = usage ? exitStatus.badInput : exitStatus.failed;
  },
);
