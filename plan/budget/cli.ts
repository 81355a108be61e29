/** `npm run budget`: sets a stack's budget to what the planner estimates, with headroom. */
import { readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { noTableFor, PriceBook } from "../cost/price-book";
import { runCommand, start } from "../command-line";
import { exitStatus, UsageError } from "../failure";
import { lazy } from "../lazy";
import { Progress } from "../progress";
import { isFile, projectRoot, userPath } from "../settings/project";
import { isCostUnknown } from "../text";
import { allowanceFor } from "./allowance";
import { limitOf, withLimit } from "./limit";

interface Options {
  readonly configFile?: string;
  readonly prices?: string;
  readonly headroom: number;
  readonly extra: number;
  readonly write?: boolean;
}

const help = `
Examples:
  npm run budget -- prod                                 the limit that would follow, and what it is made of
  npm run budget -- prod --headroom 50 --extra 200       with more room, and 200 USD a month for what is not estimated
  npm run budget -- prod --write                         write it into Pulumi.prod.yaml
  npm run budget -- --config-file blueprints/web-terminal.yaml

Exit status:
  0  fine
  2  bad usage or configuration
  3  the evaluation failed
`;

const amount = (text: string) => {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError("It is not a number from 0.");
  return value;
};

function command(): Command {
  return new Command("budget")
    .usage("[stack] [options]")
    .description("Shows the monthly limit that follows from a stack's estimate, and writes it into the stack file.")
    .argument("[stack]", "name of a stack: finds Pulumi.<stack>.yaml, or names the one of --config-file")
    .option("--config-file <file>", "any other file in the form of a stack file")
    .option("--headroom <percent>", "percent above the estimate", amount, 30)
    .option("--prices <file>", "prices of your own, as npm run plan takes them")
    .option("--extra <usd>", "USD a month for anything else", amount, 0)
    .option("--write", "write the limit into the file")
    .addHelpText("after", help);
}

const usd = (value: number) => `${value.toFixed(2)} USD`;

async function run(stack: string | undefined, options: Options): Promise<void> {
  const root = projectRoot();
  const progress = new Progress();
  const { plan, region, missing } = await lazy
    .plan()
    .makePlan({ root, stack, configFile: options.configFile, prices: options.prices, policies: false, progress })
    .finally(() => progress.end());
  const book = PriceBook.of(region);
  if (isCostUnknown(plan) && !book.hasTable) throw new UsageError(`${noTableFor(region)}, or give --prices`);
  const { monthly } = plan.cost;
  const { allowed, usd: allowance, open } = allowanceFor(missing, book);
  const beside = allowance + options.extra;
  const limit = limitOf({ estimate: monthly, extra: beside, headroomPercent: options.headroom });
  const parts = [
    `${usd(monthly)} estimated`,
    ...(allowance > 0 ? [`${usd(allowance)} set aside for what has no price`] : []),
    ...(options.extra > 0 ? [`${usd(options.extra)} beside`] : []),
  ];
  console.log(`${parts.join(", ")}, ${options.headroom} % above: a limit of ${limit} USD a month`);
  for (const { key, hours, instance, times, usd: amount } of allowed) {
    console.log(
      `  ${key}: ${hours} h at ${times.toFixed(2)} times ${instance}, the dearest of its kind: ${usd(amount)}`,
    );
  }
  if (open.length > 0) console.log(`Not in it, give --extra for it: ${open.join(", ")}`);
  if (missing.size > 0) console.log("npm run prices asks AWS for these prices, --prices takes yours");
  if (options.write !== true) return;
  const file =
    options.configFile === undefined
      ? path.join(root, `Pulumi.${stack ?? ""}.yaml`)
      : userPath(options.configFile, root);
  if (!isFile(file)) throw new UsageError(`${file} is no file`);
  writeFileSync(file, withLimit(readFileSync(file, "utf8"), plan.project, limit));
  console.log(`written to ${path.relative(root, file)}`);
}

/** Runs the command, and gives the exit status; failures are told on stderr. */
export function main(argv: readonly string[]): Promise<number> {
  const parser = command();
  return runCommand(parser, argv, async () => {
    await run(parser.args[0], parser.opts<Options>());
    return exitStatus.fine;
  });
}

if (require.main === module) start(main);
