/** `npm run budget`: sets a stack's budget to what the planner estimates, with headroom. */
import { readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { PriceBook } from "../cost/price-book";
import { EvaluationError, exitStatus, UsageError } from "../failure";
import { lazy } from "../lazy";
import { Progress } from "../progress";
import { isFile, projectRoot, userPath } from "../settings/project";
import { statusOf } from "../status-of";
import { allowanceFor } from "./allowance";
import { limitOf, withLimit } from "./limit";

interface Options {
  readonly configFile?: string;
  readonly prices?: string;
  readonly headroom: number;
  readonly extra: number;
  readonly write?: boolean;
}

const amount = (text: string) => {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError("It is not a number from 0.");
  return value;
};

function command(): Command {
  return new Command("budget")
    .usage("<stack> [options]")
    .description("Shows the monthly limit that follows from a stack's estimate, and writes it into the stack file.")
    .argument("[stack]", "name of a stack: finds Pulumi.<stack>.yaml")
    .option("--config-file <file>", "any other file in the form of a stack file")
    .option("--headroom <percent>", "percent above the estimate", amount, 30)
    .option("--prices <file>", "prices of your own, as npm run plan takes them")
    .option("--extra <usd>", "USD a month for anything else", amount, 0)
    .option("--write", "write the limit into the file")
    .showHelpAfterError("More: npm run budget -- --help")
    .allowExcessArguments(false)
    .exitOverride();
}

const usd = (value: number) => `${value.toFixed(2)} USD`;

async function run(stack: string | undefined, options: Options): Promise<void> {
  const root = projectRoot();
  const progress = new Progress();
  const { plan, region, missing } = await lazy
    .plan()
    .makePlan({ root, stack, configFile: options.configFile, prices: options.prices, policies: false, progress })
    .finally(() => progress.end());
  const { monthly } = plan.cost;
  const { allowed, usd: allowance, open } = allowanceFor(missing, PriceBook.of(region));
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
export async function main(argv: readonly string[]): Promise<number> {
  const parser = command();
  try {
    parser.parse([...argv], { from: "user" });
    await run(parser.args[0], parser.opts<Options>());
    return exitStatus.fine;
  } catch (error) {
    if (error instanceof EvaluationError) {
      console.error(`The evaluation failed: ${error.message}`);
      return exitStatus.failed;
    }
    return statusOf(error);
  }
}

if (require.main === module) void main(process.argv.slice(2)).then((status) => process.exit(status));
