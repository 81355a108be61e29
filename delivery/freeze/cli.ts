/** `npm run freeze`: may a stack be deployed now? */
import { Command, InvalidArgumentError } from "commander";
import { exitStatus, notEmpty, runCommand, start } from "../common/command";
import { openStack } from "../common/stack-settings";
import { freezeAt } from "./freeze";

interface Options {
  readonly configFile?: string;
  readonly override?: string;
  readonly at?: Date;
}

const help = `
A live stack is frozen while its exchange trades, from the start of its instances to their stop, by the calendar of its
section schedule (NYSE where it has none). An override needs a reason, which is printed into the log.

Examples:
  npm run freeze -- prod
  npm run freeze -- prod --override "the feed is down since 10:12"
  npm run freeze -- prod --at 2026-11-27T17:30:00Z

Exit status:
  0  it may be deployed
  1  frozen
  2  bad usage or configuration
`;

function moment(value: string): Date {
  const at = new Date(value);
  if (!/^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:\d{2})$/.test(value) || Number.isNaN(at.getTime()))
    throw new InvalidArgumentError("It is not a time with its zone, such as 2026-11-27T17:30:00Z.");
  return at;
}

function command(): Command {
  return new Command("freeze")
    .usage("[stack] [options]")
    .description("Says whether a stack may be deployed now: a live one not while its market is open.")
    .argument("[stack]", "name of a stack: finds Pulumi.<stack>.yaml, or names the one of --config-file")
    .option("--config-file <file>", "any other file in the form of a stack file", notEmpty)
    .option("--override <reason>", "deploy although it is frozen; empty is no override")
    .option("--at <time>", "ask for another time than now", moment)
    .addHelpText("after", help);
}

export function main(argv: readonly string[]): Promise<number> {
  const program = command();
  return runCommand(program, argv, () => {
    const { configFile, override = "", at = new Date() } = program.opts<Options>();
    const { settings } = openStack({ stack: program.args[0], configFile });
    const { frozen, reason, stale } = freezeAt(settings, at);
    if (stale) console.error("The calendar of holidays is not checked for this day: look at the exchange's own.");
    const said = override.trim();
    if (!frozen) process.stdout.write(`Not frozen: ${reason}\n`);
    else if (said !== "") process.stdout.write(`Frozen: ${reason}\nOverridden: ${said}\n`);
    else process.stdout.write(`Frozen: ${reason}\n  fix: wait, or give --override a reason\n`);
    return frozen && said === "" ? exitStatus.refused : exitStatus.fine;
  });
}

if (require.main === module) start(main);
