import { Command } from "commander";
import { existsSync, readdirSync } from "node:fs";
import * as path from "node:path";
import { describeFindings, describeRecovered } from "../recover/describe";
import { emulatorOf, endEmulatorOf } from "./background";
import { comeUp } from "./come-up";
import { runCommand, start, type Work } from "../plan/command-line";
import { exitStatus } from "../plan/failure";
import { stackNames } from "../plan/settings/project";
import { projectRoot } from "./emulator";
import { SandboxEngine, type Outcome } from "./engine";
import { neededAwsPlugin, requireEngine, usesBuiltPlugin } from "./prerequisites";
import {
  checkKnown,
  dropState,
  hasState,
  readProject,
  resolveStack,
  sandboxFolder,
  writeProject,
  type SandboxStack,
} from "./project";
import { releaseGuards } from "./release";
import { seedPointers, seedZones } from "./seed";
import { describeChanges, describeFailures, describeViolations, summarize } from "./report";

type Status = (typeof exitStatus)[keyof typeof exitStatus];

interface Options {
  readonly configFile?: string;
  readonly without?: readonly string[];
  readonly policy: boolean;
  readonly verbose?: boolean;
}

const root = projectRoot();
const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** The policy pack's folder; undefined, and said, where it is switched off. */
function policyPack(options: Options): string | undefined {
  const folder = path.join(root, "policy");
  if (!options.policy) {
    say("The policy pack is off: --no-policy.");
    return undefined;
  }
  if (existsSync(path.join(folder, "PulumiPolicy.yaml"))) return folder;
  say("There is no policy/PulumiPolicy.yaml: this runs without a policy pack.");
  return undefined;
}

/** The stack, once its file and the options make sense: nothing is fetched or started before. */
function usable(stack: string | undefined, options: Options): SandboxStack {
  const place = resolveStack(root, stack, options.configFile);
  readProject(place, { without: options.without });
  return place;
}

interface Opened {
  readonly place: SandboxStack;
  readonly engine: SandboxEngine;
}

/** Everything up to the first operation: configuration, engine, emulator, what a killed run left behind. */
async function open(stack: string | undefined, options: Options): Promise<Opened> {
  const place = usable(stack, options);
  const cli = requireEngine(root, say);
  const changes = writeProject(place, {
    without: options.without,
    plugins: cli.plugins,
    builtPlugin: usesBuiltPlugin(root),
  });
  for (const line of describeChanges(changes)) say(line);
  const { endpoint, kept } = await emulatorOf(place, say);
  if (!kept && dropState(place)) {
    say("The emulator that held this stack has ended, and all it held with it: the stack starts anew.");
  }
  say(`pulumi ${cli.version}, plugin ${neededAwsPlugin(root)}, emulated AWS at ${endpoint}`);
  const pointers = await seedPointers(place, endpoint);
  if (pointers.length > 0) say(`AMI pointers that promotion would write: ${pointers.join(", ")}`);
  const zones = await seedZones(place, endpoint);
  if (zones.length > 0) say(`Hosted zones that you would have already: ${zones.join(", ")}`);
  const engine = await SandboxEngine.open(place, cli, {
    endpoint,
    policyPack: policyPack(options),
    progress: say,
    ...(options.verbose ? { onOutput: (text: string) => void process.stderr.write(text) } : {}),
  });
  if (await engine.releaseStaleLock())
    say("An earlier run was killed and had locked the stack: its lock is taken away.");
  const recovered = await engine.recoverInterrupted();
  if (recovered) say(`${describeFindings(place.name, recovered)}\n${describeRecovered(recovered.done)}`);
  return { place, engine };
}

/** Prints what went wrong and gives the exit status for it. */
function judge(place: SandboxStack, outcome: Outcome): Status {
  if (outcome.violations.length > 0) say(`\nPolicies\n${describeViolations(outcome)}`);
  if (outcome.ok) return exitStatus.fine;
  const broken = outcome.violations.some(({ enforcement }) => enforcement === "mandatory");
  if (outcome.failures.length > 0) say(`\nFailed\n${describeFailures(place.name, outcome)}`);
  return broken ? exitStatus.refused : exitStatus.failed;
}

function showChanges(what: string, changes: Outcome["changes"]): string {
  const parts = Object.entries(changes)
    .filter(([, number]) => number > 0)
    .map(([op, number]) => `${number} ${op}`);
  return `${what}: ${parts.join(", ") || "nothing to do"}`;
}

async function preview(stack: string | undefined, options: Options): Promise<Status> {
  const { place, engine } = await open(stack, options);
  const outcome = await engine.run("preview");
  if (outcome.ok) process.stdout.write(`${showChanges("Preview", outcome.changes)}\n`);
  return judge(place, outcome);
}

async function up(stack: string | undefined, options: Options): Promise<Status> {
  const { place, engine } = await open(stack, options);
  say("Preview, with the policies that look at the whole stack ...");
  const quiet = await engine.quietly().run("preview");
  if (!quiet.ok) return judge(place, quiet);
  say(showChanges("Preview", quiet.changes));
  const outcome = await comeUp(place, engine, say);
  if (outcome.ok) {
    process.stdout.write(`${summarize(await engine.resources())}\n${showChanges("Up", outcome.changes)}\n`);
    say(
      `The emulated AWS stays up for the next command; destroy, or \`npm run sandbox -- stop ${place.name}\`, ends it.`,
    );
  }
  return judge(place, outcome);
}

async function destroy(stack: string | undefined, options: Options): Promise<Status> {
  const named = usable(stack, options);
  if (!hasState(named)) {
    const ended = await endEmulatorOf(named);
    process.stdout.write(`Nothing to destroy: ${named.name} is not up${ended ? "; its emulated AWS has ended" : ""}\n`);
    return exitStatus.fine;
  }
  const { place, engine } = await open(stack, options);
  await releaseGuards(engine.endpoint, await engine.resources());
  await engine.unprotect();
  const outcome = await engine.run("destroy");
  const code = judge(place, outcome);
  if (code !== exitStatus.fine) return code;
  const left = await engine.resources();
  if (left.length > 0) {
    say(`The state still holds ${left.length} resources:\n${left.map(({ urn }) => `  ${urn}`).join("\n")}`);
    return exitStatus.failed;
  }
  await endEmulatorOf(place);
  process.stdout.write(`${showChanges("Destroy", outcome.changes)}; nothing is left, and the emulated AWS has ended\n`);
  return exitStatus.fine;
}

async function stop(stack: string | undefined): Promise<Status> {
  const folder = path.join(root, sandboxFolder);
  const there = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  const known = there.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  if (stack) {
    checkKnown(stack, [...new Set([...stackNames(root), ...known])], "it has no file, and was never run here");
  }
  let ended = 0;
  for (const name of stack ? [stack] : known) {
    if (!(await endEmulatorOf({ name, root, folder: path.join(folder, name), configFile: "" }))) continue;
    process.stdout.write(`ended the emulated AWS of ${name}\n`);
    ended++;
  }
  if (ended === 0) process.stdout.write(`no emulated AWS runs${stack ? ` for ${stack}` : ""}\n`);
  return exitStatus.fine;
}

function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), ...value.split(",").filter(Boolean)];
}

/** Told what a command line asks for, once it is read. */
type Found = (work: Work) => void;

interface StackCommand {
  readonly name: string;
  readonly description: string;
  readonly work: typeof up;
}

function stackCommand(program: Command, found: Found, { name, description, work }: StackCommand): void {
  program
    .command(name)
    .description(description)
    .argument("[stack]", "stack whose file is Pulumi.<stack>.yaml, such as dev")
    .option("--config-file <file>", "any other stack file, such as blueprints/model-fleet.yaml")
    .option("--without <sections>", "sections to leave out, with commas between them", collect)
    .option("--no-policy", "run without the policy pack")
    .option("--verbose", "show the engine's own output as well")
    .action((stack: string | undefined, options: Options) => found(() => work(stack, options)));
}

function sandboxProgram(found: Found): Command {
  const program = new Command("sandbox")
    .description(
      "Runs a stack on the real Pulumi engine against an emulated AWS on this machine: no account, no cost, nothing outside\n" +
        "the folder .sandbox/. Each stack has its own emulator, which stays up between commands and ends with destroy or stop.",
    )
    .addHelpText(
      "after",
      `
Examples
  npm run sandbox -- up dev                                    bring Pulumi.dev.yaml up, and show what came of it
  npm run sandbox -- up dev                                    a second time: nothing changes
  npm run sandbox -- preview --config-file blueprints/model-fleet.yaml
  npm run sandbox -- up --config-file blueprints/ai-platform.yaml --without kubernetes
  npm run sandbox -- destroy dev

It needs pulumi on the PATH (https://www.pulumi.com/docs/install/); Pulumi fetches its aws plugin by itself. The emulator,
moto, is installed into .emulator/ at the first run and needs python3; AWS_ENDPOINT_URL names a server of your own instead.
What the emulator lacks is left out, and said: docs/emulator.md.

Exit status: 0 fine, 1 a mandatory policy is violated, 2 bad usage or configuration, 3 failed.`,
    );
  for (const command of [
    { name: "up", description: "bring the stack up, or to what its file says now", work: up },
    { name: "preview", description: "show what up would do, and check the policies", work: preview },
    { name: "destroy", description: "remove everything, and end the stack's emulator", work: destroy },
  ]) {
    stackCommand(program, found, command);
  }
  program
    .command("stop")
    .description("end the background emulator of a stack, or of all; what it held is lost")
    .argument("[stack]", "name of the stack")
    .action((stack: string | undefined) => found(() => stop(stack)));
  return program;
}

/** Runs a command of the sandbox, and gives the exit status; failures are told on stderr. */
export function main(argv: readonly string[]): Promise<number> {
  let work: Work = () => exitStatus.fine;
  const program = sandboxProgram((asked) => (work = asked));
  return runCommand(program, argv, () => work());
}

if (require.main === module) start(main);
