/** `npm run rollback`: brings a stack back to the state of its last good deployment. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { parse, stringify } from "yaml";
import { EvaluationError, exitStatus, notEmpty, runCommand, start, UsageError } from "../common/command";
import { configValue, readHistory, type Update } from "../common/history";
import { placeOf } from "../common/place";
import { isObject, type Values } from "../promote/values";
import { bucketClient, modelsAt, restoreArtifacts, type Restored } from "./models";
import { rollbackPoint, type RollbackPoint } from "./point";
import { programOf } from "./program";
import { changedKeys, formerStackFile, type PinnedFleet } from "./stack-file";

interface Options {
  readonly cwd?: string;
  readonly history?: string;
  readonly since?: Date;
  readonly yes?: boolean;
}

const help = `
What comes back: the configuration, the program (its commit) and the models of the last good deployment before the last one
that changed anything. Deleted model artifacts come back where the bucket keeps versions. Data in databases does not.
Policies are not asked: what comes back has passed them, and a waiver that has expired since must not hold it up.

Examples:
  npm run rollback -- qa                 show what would change
  npm run rollback -- qa --yes           do it
  npm run rollback -- prod --yes --since 2026-11-20T14:00:00Z    only what was deployed since then

Exit status:
  0  rolled back, or shown
  1  there is nothing to roll back to
  2  bad usage
  3  failed
`;

function moment(value: string): Date {
  const at = new Date(value);
  if (!/^\d{4}-\d{2}-\d{2}T/.test(value) || Number.isNaN(at.getTime()))
    throw new InvalidArgumentError("It is not a time such as 2026-11-20T14:00:00Z.");
  return at;
}

function command(): Command {
  return new Command("rollback")
    .usage("<stack> [options]")
    .description("Brings a stack back to the state of its last good deployment.")
    .argument("<stack>", "name of the stack")
    .option("--cwd <folder>", "folder of the Pulumi project, where it is not this one", notEmpty)
    .option(
      "--history <file>",
      "history as `pulumi stack history --json` prints it, instead of asking pulumi",
      notEmpty,
    )
    .option("--since <time>", "undo only a deployment that began then or later", moment)
    .option("--yes", "do it; without, the change is only shown")
    .addHelpText("after", help);
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** What a stack's file says now. */
function readStackFile(folder: string, stack: string): Values {
  const file = path.join(folder, `Pulumi.${stack}.yaml`);
  if (!existsSync(file)) throw new UsageError(`There is no ${file}`);
  const content: unknown = parse(readFileSync(file, "utf8"));
  if (!isObject(content)) throw new UsageError(`${file} is not a stack file`);
  return content;
}

interface Fleet {
  readonly pinned: PinnedFleet;
  readonly restored: Restored;
  /** Models that ran then. */
  readonly models: number;
  /** Models that the bad deployment brought. */
  readonly brought: readonly string[];
}

/** The models of the former deployment, as a listing that the program reads; undefined without a fleet or a manifest. */
async function formerFleet(
  stack: string,
  project: string,
  good: Update,
  work: string,
  dryRun: boolean,
): Promise<Fleet | undefined> {
  const settings = configValue(good, `${project}:fleet`);
  const output = isObject(settings) && settings.enabled !== false ? settings : undefined;
  if (!output) return undefined;
  const bucket =
    typeof output.bucket === "string" ? output.bucket : deployBuckets[String(configValue(good, `${project}:stage`))];
  if (bucket === undefined) return undefined;
  const region = configValue(good, "aws:region");
  const s3 = bucketClient(
    typeof region === "string" ? region : "us-east-1",
    configValue(good, "aws:profile") as string | undefined,
  );
  const endedAt = new Date(good.endTime ?? good.startTime);
  // The history knows whole seconds.
  const [then, now] = [
    await modelsAt(s3, bucket, stack, new Date(endedAt.getTime() + 999)),
    await modelsAt(s3, bucket, stack),
  ];
  if (!then) return undefined;
  const brought = (now ?? []).filter((key) => !then.includes(key));
  const listing = path.join(work, "models.txt");
  const restored = await restoreArtifacts(s3, bucket, then, endedAt, dryRun);
  writeFileSync(listing, `${restored.listing.join("\n")}\n`);
  return { pinned: { listing, removals: brought.length }, restored, brought, models: then.length };
}

/** Buckets of stacks whose file leaves them to the stage; `config/sections/fleet.ts` has the same. */
const deployBuckets: Readonly<Record<string, string>> = {
  dev: "algo-model-deploy-dev",
  qa: "algo-model-deploy",
  prod: "algo-model-deploy-prod",
};

function tellFleet({ restored, brought, models }: Fleet, done: boolean): void {
  say(`  ${models} models, as they ran then`);
  for (const key of restored.objects) say(`  ${done ? "restored" : "would restore"} the object ${key}`);
  for (const key of restored.lost)
    say(`  lost: ${key}, of which the bucket kept no version; its instance starts without`);
  for (const key of brought)
    say(`  still in the bucket, and back with the next deployment unless it is removed: ${key}`);
}

/** Runs the engine with a configuration file, its output going through. */
function pulumi(folder: string, stack: string, file: string, good: Update, yes: boolean): void {
  const message = `Rollback to the deployment of ${good.startTime}`;
  const args = yes ? ["up", "--yes", "--skip-preview", "--message", message] : ["preview", "--diff"];
  const run = spawnSync(
    "pulumi",
    [...args, "--stack", stack, "--config-file", file, "--non-interactive", "--color", "never"],
    {
      cwd: folder,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "1" },
    },
  );
  if (run.error) throw new EvaluationError(`pulumi cannot be run: ${run.error.message}\n  fix: install the Pulumi CLI`);
  if (run.status !== 0) throw new EvaluationError(`pulumi ${args[0]} ended with status ${run.status}: see above`);
}

async function rollBack(stack: string, folder: string, { good, bad }: RollbackPoint, yes: boolean): Promise<void> {
  const current = readStackFile(folder, stack);
  const { name: project, config: declared } = parse(readFileSync(path.join(folder, "Pulumi.yaml"), "utf8")) as {
    name: string;
    config?: Record<string, { default?: unknown }>;
  };
  const defaults = Object.fromEntries(Object.entries(declared ?? {}).map(([key, entry]) => [key, entry.default]));
  const work = path.join(folder, ".rollback", stack);
  mkdirSync(work, { recursive: true });
  const program = programOf(good, folder, work);
  try {
    say(`${stack}: back from the deployment of ${bad.startTime} (${bad.result}) to that of ${good.startTime}`);
    say(`  ${program.note}`);
    const fleet = await formerFleet(stack, project, good, work, !yes);
    const file = path.join(work, `Pulumi.${stack}.yaml`);
    writeFileSync(file, stringify(formerStackFile(current, good, project, fleet?.pinned)));
    if (fleet) tellFleet(fleet, yes);
    pulumi(program.folder, stack, file, good, yes);
    const changed = changedKeys(current, good, defaults);
    if (!yes) say("Nothing was changed: --yes does it.");
    else
      say(
        `Rolled back. ${changed.length > 0 ? `Pulumi.${stack}.yaml still has the bad values (${changed.join(", ")}): revert the commit, or the next deployment brings them back.` : "The stack file is as it was then."}`,
      );
  } finally {
    program.close();
    rmSync(work, { recursive: true, force: true });
  }
}

export function main(argv: readonly string[]): Promise<number> {
  const program = command();
  return runCommand(program, argv, async () => {
    const options = program.opts<Options>();
    const { stack, folder } = placeOf(program.args[0], options.cwd);
    const point = rollbackPoint(readHistory(stack, options.history, folder), options.since);
    if (typeof point === "string") {
      say(`Nothing to roll back: ${point}`);
      return exitStatus.refused;
    }
    await rollBack(stack, folder, point, options.yes === true);
    return exitStatus.fine;
  });
}

if (require.main === module) start(main);
