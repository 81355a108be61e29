/** `npm run recover`: settles what a killed or broken run left open in a stack's state. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { Command } from "commander";
import { describeAwsError } from "../../plan/failure";
import { EvaluationError, exitStatus, notEmpty, runCommand, start } from "../common/command";
import { askPulumi } from "../common/engine";
import { placeOf } from "../common/place";
import { describeFindings, describeRecovered } from "../../recover/describe";
import { findings, openOf, recover, type StackEngine } from "../../recover/recover";
import type { StackState } from "../../recover/state";

interface Options {
  readonly cwd?: string;
  readonly yes?: boolean;
  readonly forget?: boolean;
}

const help = `
A run that is killed between asking AWS for a resource and hearing the answer leaves a resource that no state knows: it costs
money, and it may be in the way of the next deployment (a subnet's block, a bucket's name). This command looks for each of
them in the account, by its name or its tags, takes over what is there and forgets what is not. AWS hears of tags minutes
late (EC2's excepted): give it five after the kill.

Where it cannot tell (two that could be it, a type that has neither name nor tags), it says "look first" and changes nothing:
look in the account, take the resource over (\`pulumi import\`) or remove it, then --forget.

Before it changes the state it keeps a copy in .recover/; \`pulumi stack import --file\` brings that back. A stack that is still
locked is not touched: make sure that nobody deploys, then \`pulumi cancel\`.

Examples:
  npm run recover -- prod            show what was open, and what became of it
  npm run recover -- prod --yes      settle it; then deploy as usual
  npm run recover -- prod --yes --forget    after somebody has looked at what it could not tell

Exit status:
  0  nothing was open, or it was shown, or it is settled
  1  somebody has to look at something first; nothing was changed
  2  bad usage
  3  failed (no such stack, a lock, no credentials)
`;

function command(): Command {
  return new Command("recover")
    .usage("<stack> [options]")
    .description("Settles what a killed or broken run left open in a stack's state.")
    .argument("<stack>", "name of the stack")
    .option("--cwd <folder>", "folder of the Pulumi project, where it is not this one", notEmpty)
    .option("--yes", "do it; without, it is only shown")
    .option("--forget", "with --yes: forget what somebody had to look at, once that is done")
    .addHelpText("after", help);
}

/** The stack as the Pulumi CLI has it. */
function engineOf(stack: string, folder: string): StackEngine {
  const pulumi = (...args: string[]) => askPulumi([...args, "--stack", stack], folder);
  return {
    exportState: () => JSON.parse(pulumi("stack", "export")) as StackState,
    importState: (state) => {
      const work = mkdtempSync(path.join(tmpdir(), "recover-"));
      try {
        const file = path.join(work, "state.json");
        writeFileSync(file, JSON.stringify(state), { mode: 0o600 });
        pulumi("stack", "import", "--file", file);
      } finally {
        rmSync(work, { recursive: true, force: true });
      }
    },
    refresh: (urns) => void pulumi("refresh", "--yes", "--skip-preview", ...urns.flatMap((urn) => ["--target", urn])),
  };
}

/** Keeps the state as it was; secrets in it are encrypted. */
function keep(state: StackState, stack: string, folder: string): string {
  const kept = path.join(folder, ".recover", `${stack}-${new Date().toISOString().replace(/[:.]/g, "-")}.json`);
  mkdirSync(path.dirname(kept), { recursive: true });
  writeFileSync(kept, JSON.stringify(state, null, 2), { mode: 0o600 });
  return path.relative(process.cwd(), kept);
}

export function main(argv: readonly string[]): Promise<number> {
  const program = command();
  return runCommand(program, argv, async () => {
    const options = program.opts<Options>();
    const { stack, folder } = placeOf(program.args[0], options.cwd);
    const say = (text: string): void => void process.stdout.write(`${text}\n`);
    const engine = engineOf(stack, folder);
    const found = await findings(engine, {}, process.env.AWS_REGION ?? "us-east-1").catch((error: unknown) => {
      if (error instanceof EvaluationError) throw error; // the engine's own
      throw new EvaluationError(`AWS could not be asked: ${describeAwsError(error)}\n  Nothing was changed.`);
    });
    say(describeFindings(stack, found));
    if (found.fates.length + found.changes.length === 0) return exitStatus.fine;
    const open = openOf(found.fates).length;
    if (options.yes !== true) {
      say("Nothing was changed: --yes does it.");
      return open > 0 ? exitStatus.refused : exitStatus.fine;
    }
    if (open > 0 && options.forget !== true) {
      say(`Nothing was changed: ${open} to look at first. Take over or remove what is there, then --yes --forget.`);
      return exitStatus.refused;
    }
    say(`The state as it was: ${keep(found.state, stack, folder)}`);
    say(describeRecovered(await recover(engine, found)));
    return exitStatus.fine;
  });
}

if (require.main === module) start(main);
