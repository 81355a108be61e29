/** `npm run verify`: looks at a live stack from outside. */
import { Command, InvalidArgumentError, Option } from "commander";
import { readGiven } from "../../plan/settings/given-file";
import { exitStatus, notEmpty, runCommand, start, UsageError, wholeNumber } from "../common/command";
import { askPulumi } from "../common/engine";
import { openStack, type OpenStack } from "../common/stack-settings";
import { checkNames, type CheckName, type Subject } from "./check";
import { renderVerification, verify, type Verification } from "./verify";

interface Options {
  readonly configFile?: string;
  readonly outputs?: string;
  readonly url: readonly string[];
  readonly only?: readonly CheckName[];
  readonly wait: number;
  readonly format: "text" | "json";
}

/** Seconds between two looks while waiting. */
const lookEverySeconds = 10;

/** Attempts of one call to AWS. */
const maxAttempts = 4;

const help = `
Checks:
  endpoints  public addresses answer (of the stack's outputs, and --url)
  health     instances, services, load balancer targets, databases and caches are well
  alarms     none of the stack's alarms is on
  fleet      one instance for each model of the listing, no other; running while the exchange trades
  schedules  every start and stop of the calendar is armed (in dev: none)

Examples:
  npm run verify -- qa                              text
  npm run --silent verify -- qa --format json       JSON alone, for machines
  npm run verify -- prod --wait 600                 looks again until everything is fine, for 10 minutes at most
  npm run verify -- dev --only fleet,schedules

Exit status:
  0  fine
  1  a check failed
  2  bad usage or configuration
  3  a check could not be made (credentials, permissions, network)
`;

function names(value: string): CheckName[] {
  return value.split(",").map((one) => {
    const name = checkNames.find((known) => known === one.trim());
    if (!name) throw new InvalidArgumentError(`"${one}" is no check; allowed: ${checkNames.join(", ")}.`);
    return name;
  });
}

function address(value: string, before: readonly string[]): string[] {
  if (!/^https?:\/\/[^\s/]+/.test(value))
    throw new InvalidArgumentError("It is not an address with http:// or https://.");
  return [...before, value];
}

function command(): Command {
  return new Command("verify")
    .usage("[stack] [options]")
    .description("Looks at a live stack from outside and says whether it is as its file says. Changes nothing.")
    .argument("[stack]", "name of a stack: finds Pulumi.<stack>.yaml, or names the one of --config-file")
    .option("--config-file <file>", "any other file in the form of a stack file", notEmpty)
    .option(
      "--outputs <file>",
      "the stack's outputs as `pulumi stack output --json` prints them, instead of asking pulumi",
      notEmpty,
    )
    .option("--url <address>", "a further address that must answer with a status of 200 to 299", address, [])
    .option("--only <checks>", "only these checks, with commas between them", names)
    .option("--wait <seconds>", "look again until everything is fine, this long at most", wholeNumber, 0)
    .addOption(new Option("--format <format>", "form of the output").choices(["text", "json"]).default("text"))
    .addHelpText("after", help);
}

function readOutputs(given: string, root: string): Record<string, unknown> {
  const text = readGiven("--outputs", given, root);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new UsageError(`--outputs ${given}: is not a JSON object, as \`pulumi stack output --json\` prints it`);
  }
  return value as Record<string, unknown>;
}

function subjectOf({ root, settings, profile }: OpenStack, options: Options): Subject {
  const given = options.outputs === undefined ? undefined : readOutputs(options.outputs, root);
  let asked: Record<string, unknown> | undefined;
  const ask = () =>
    JSON.parse(askPulumi(["stack", "output", "--json", "--stack", settings.stack], root)) as typeof asked;
  return {
    root,
    settings,
    outputs: () => given ?? (asked ??= ask()) ?? {},
    urls: options.url,
    client: { region: settings.region, maxAttempts, ...(profile ? { profile } : {}) },
    now: new Date(),
  };
}

/** Looks until everything is fine or the time is over. */
async function look(subject: Subject, { only, wait }: Options): Promise<Verification> {
  const until = Date.now() + wait * 1000;
  for (;;) {
    const seen = await verify({ ...subject, now: new Date() }, only);
    if (seen.ok || Date.now() + lookEverySeconds * 1000 > until) return seen;
    const open = seen.checks.filter(({ status }) => status === "fail" || status === "unknown").map(({ name }) => name);
    console.error(`not fine yet: ${open.join(", ")}; looking again in ${lookEverySeconds} s`);
    await new Promise((resolve) => setTimeout(resolve, lookEverySeconds * 1000));
  }
}

export function main(argv: readonly string[]): Promise<number> {
  const program = command();
  return runCommand(program, argv, async () => {
    const options = program.opts<Options>();
    const opened = openStack({ stack: program.args[0], configFile: options.configFile });
    const seen = await look(subjectOf(opened, options), options);
    process.stdout.write(options.format === "json" ? `${JSON.stringify(seen, null, 2)}\n` : renderVerification(seen));
    if (seen.checks.some(({ status }) => status === "fail")) return exitStatus.refused;
    return seen.ok ? exitStatus.fine : exitStatus.failed;
  });
}

if (require.main === module) start(main);
