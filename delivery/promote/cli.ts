/** `npm run promote`: takes what a stage has proven over into the next stage's file. */
import { Command, InvalidArgumentError } from "commander";
import * as path from "node:path";
import { sections, type SectionKey } from "../../config";
import { readGiven } from "../../plan/settings/given-file";
import { exitStatus, notEmpty, runCommand, start, UsageError } from "../common/command";
import { readHistory } from "../common/history";
import { keepProblem } from "./keep";
import { outOfOrder, planPromotion, type Promotion, type Side } from "./promotion";
import { changeLines, openStackFile, readStackFile, writeChanges } from "./stack-file";
import { kinds, type Kind } from "./values";

interface Options {
  readonly kinds: readonly Kind[];
  readonly keep: readonly string[];
  readonly history?: string;
  readonly verification?: string;
  readonly folder?: string;
  readonly dryRun?: boolean;
}

const help = `
Values that are promoted, where the earlier stage's file has them:
  ami    images of machines: ids and SSM parameters
  image  images of containers: references and digests
  size   instance types and classes, CPU, memory, volumes

A value counts as proven when the earlier stage's last deployment succeeded and had it in its configuration. With one value
that is not, nothing is written. For prod the AMIs are listed in policies.provenAmis too. Nothing is committed or opened.

Examples:
  npm run promote -- dev qa --dry-run             show the difference
  npm run promote -- qa prod                      write Pulumi.prod.yaml
  npm run promote -- qa prod --kinds ami,image    the sizes of prod are its own
  npm run promote -- qa prod --keep fleet.instanceType --verification qa.json

Exit status:
  0  promoted, or nothing to do
  1  refused: a value was not run in the earlier stage
  2  bad usage or configuration
  3  failed
`;

function kindNames(value: string): Kind[] {
  return value.split(",").map((one) => {
    const kind = kinds.find((known) => known === one.trim());
    if (!kind) throw new InvalidArgumentError(`"${one}" is no kind; allowed: ${kinds.join(", ")}.`);
    return kind;
  });
}

function command(): Command {
  return new Command("promote")
    .usage("<from> <to> [options]")
    .description("Takes the values that a stage has proven over into the next stage's stack file.")
    .argument("<from>", "stack that has run the values, such as dev")
    .argument("<to>", "stack whose file takes them over, such as qa")
    .option("--kinds <kinds>", "kinds of values, with commas between them", kindNames, [...kinds])
    .option(
      "--keep <path>",
      "leave this setting, or section, of the later stage",
      (one: string, before: string[]) => [...before, notEmpty(one)],
      [],
    )
    .option(
      "--history <file>",
      "history of <from> as `pulumi stack history --json` prints it, instead of asking pulumi",
      notEmpty,
    )
    .option(
      "--verification <file>",
      "what `npm run verify -- <from> --format json` said; refused unless it was fine",
      notEmpty,
    )
    .option("--folder <folder>", "folder of the stack files", notEmpty)
    .option("--dry-run", "show the difference and write nothing")
    .addHelpText("after", help);
}

interface Opened extends Side {
  readonly file: string;
  readonly root: string;
  readonly project: string;
  readonly region: string;
}

function open(stack: string, folder: string | undefined): Opened {
  const { root, settings, file } = openStackFile(stack, folder);
  const config = readStackFile(file, path.basename(file));
  return { root, project: settings.project, region: settings.region, stack, stage: settings.stage, config, file };
}

/** @throws UsageError where what was typed names no promotion, before a history is asked for */
function checkUsage(from: Opened, to: Opened, keep: readonly string[]): void {
  const order = outOfOrder(from, to);
  if (order !== undefined) throw new UsageError(`promote ${from.stack} ${to.stack}: ${order}`);
  const places = {
    project: to.project,
    stage: to.stage,
    region: to.region,
    sections: Object.keys(sections) as SectionKey[],
    configs: [from.config, to.config],
  };
  const problems = keep.map((one) => keepProblem(one, places)).filter((problem) => problem !== undefined);
  if (problems.length > 0) throw new UsageError(problems.join("\n"));
}

/** Why a verification does not speak for a stack; undefined where it does. */
function notVerified(given: string, root: string, stack: string): string | undefined {
  const text = readGiven("--verification", given, root);
  let seen: { stack?: unknown; ok?: unknown };
  try {
    seen = JSON.parse(text) as typeof seen;
  } catch (error) {
    throw new UsageError(`--verification ${given}: is not JSON: ${(error as Error).message}`);
  }
  if (seen.stack !== stack) return `--verification ${given}: is about ${String(seen.stack)}, not ${stack}`;
  return seen.ok === true ? undefined : `--verification ${given}: ${stack} was not fine`;
}

/** The difference, for people. */
export function renderPromotion({ changes, leftOut, refused }: Promotion, from: string, to: string): string {
  const lines = [
    `${from} to ${to}: ${changes.length} changed, ${leftOut.length} left out, ${refused.length} refused`,
    ...changeLines(changes),
  ];
  for (const { path: at, reason } of leftOut) lines.push(`  left out  ${at}: ${reason}`);
  for (const { path: at, value, reason } of refused)
    lines.push(`  refused   ${at}${value === undefined ? "" : ` ${JSON.stringify(value)}`}: ${reason}`);
  const values = refused.some(({ value }) => value !== undefined);
  if (values)
    lines.push(`Nothing was written. Deploy ${from} with these values and verify it, or leave them with --keep.`);
  else if (refused.length > 0) lines.push(`Nothing was written. Deploy ${from} and verify it first.`);
  return `${lines.join("\n")}\n`;
}

export function main(argv: readonly string[]): Promise<number> {
  const program = command();
  return runCommand(program, argv, async () => {
    const options = program.opts<Options>();
    const [fromName = "", toName = ""] = program.args;
    const from = open(fromName, options.folder);
    const to = open(toName, options.folder);
    checkUsage(from, to, options.keep);
    const unverified = options.verification && notVerified(options.verification, from.root, from.stack);
    const history = readHistory(from.stack, options.history, from.root);
    const planned: Promotion = unverified
      ? { changes: [], leftOut: [], refused: [{ path: from.stack, reason: unverified }] }
      : planPromotion(from, to, history, { ...options, project: from.project });
    process.stdout.write(renderPromotion(planned, from.stack, to.stack));
    if (planned.refused.length > 0) return exitStatus.refused;
    if (planned.changes.length === 0) return exitStatus.fine;
    await writeChanges(to.file, planned.changes, to, {
      dryRun: options.dryRun === true,
      next: ` Look at it with npm run plan -- ${to.stack} --diff HEAD`,
    });
    return exitStatus.fine;
  });
}

if (require.main === module) start(main);
