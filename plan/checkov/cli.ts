/**
 * `npm run checkov`: measures, and writes `docs/policies-coverage.md`. With `--check` it writes nothing and ends with 1 where
 * the page is stale; with `--skip-offline` it says so and ends well where checkov cannot be installed for want of a network.
 */
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { format, resolveConfig } from "prettier";
import { EvaluationError, exitStatus, UsageError } from "../failure";
import { guardOutput, writeWhole } from "../output";
import { projectRoot } from "../settings/project";
import { changesSince, renderCoverage, unexplained, type Measured } from "./coverage";
import { isOffline } from "./offline";
import { measure } from "./run";

const page = "docs/policies-coverage.md";
const measuredFile = "plan/checkov/measured.json";

const options = ["--check", "--skip-offline"];

const usageText = `Usage: npm run checkov [-- --check [--skip-offline]]

Measures what checkov, a peer with checks of its own, finds in every stack, and writes ${page}. Takes some minutes;
installs checkov (Python 3) for itself.

Options:
  --check         write nothing; end with 1 where the page is stale
  --skip-offline  say so and end with 0 where checkov cannot be installed for want of a network

Exit status: 0 fine; 1 a finding without a reason, a reason without a finding, or a stale page; 2 bad usage; 3 failed.
`;

async function rendered(root: string, file: string, content: string): Promise<string> {
  const target = path.join(root, file);
  return format(content, { ...(await resolveConfig(target)), filepath: target });
}

/** Tells what is out of date; resources that only came or went within a stack are told, and no reason to fail. */
async function check(root: string, measured: Measured): Promise<boolean> {
  const before = JSON.parse(readFileSync(path.join(root, measuredFile), "utf8")) as Measured;
  const changes = changesSince(before, measured);
  for (const change of changes) console.error(change);
  if (changes.length > 0) console.error(`${page} is stale: npm run checkov`);
  else if (readFileSync(path.join(root, page), "utf8") !== (await rendered(root, page, renderCoverage(measured))))
    console.error(`${page} names other resources than fail now, for the same reasons: npm run checkov writes it anew`);
  return changes.length === 0;
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(usageText);
    return exitStatus.fine;
  }
  const strange = args.find((arg) => !options.includes(arg));
  if (strange !== undefined)
    throw new UsageError(`npm run checkov -- ${strange}: allowed are ${options.join(" and ")}`);
  const root = projectRoot();
  const measured = await measure(root, (line) => console.error(line));
  const { missing, idle } = unexplained(measured);
  for (const id of missing) {
    const { title, stacks } = measured.checks[id] ?? { title: "", stacks: {} };
    console.error(`${id} fails without a reason: ${title}\n  ${JSON.stringify(stacks)}`);
  }
  for (const id of idle) console.error(`${id} fails nowhere: remove its reason`);
  if (missing.length + idle.length > 0) {
    console.error("Mend the component, or say in plan/checkov/reasons.ts why it stands.");
  }
  const explained = missing.length + idle.length === 0;
  if (args.includes("--check"))
    return (await check(root, measured)) && explained ? exitStatus.fine : exitStatus.refused;
  for (const [file, content] of [
    [page, renderCoverage(measured)],
    [measuredFile, JSON.stringify(measured)],
  ] as const) {
    writeWhole(path.join(root, file), await rendered(root, file, content));
  }
  return explained ? exitStatus.fine : exitStatus.refused;
}

guardOutput();
const args = process.argv.slice(2);
main(args).then(
  (status) => (process.exitCode = status),
  (error: unknown) => {
    if (args.includes("--skip-offline") && isOffline(error)) {
      console.error("checkov was not run: pip reaches no package index from here");
      return;
    }
    const usage = error instanceof UsageError;
    const told = usage || error instanceof EvaluationError;
    console.error(told ? error.message : error);
    process.exitCode = usage ? exitStatus.badInput : exitStatus.failed;
  },
);
