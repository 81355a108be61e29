/** The planner's command line. */
import { Command, InvalidArgumentError, Option } from "commander";
import { readArguments } from "./command-line";

export const formats = ["text", "json", "markdown", "html", "sarif", "junit"] as const;
export type Format = (typeof formats)[number];

export interface Arguments {
  readonly stack: string | undefined;
  readonly configFile?: string;
  readonly config: readonly string[];
  readonly models?: string;
  readonly usage?: string;
  readonly prices?: string;
  readonly format: Format;
  readonly out?: string;
  readonly diff?: string;
  /** Source, then target and port. */
  readonly reach?: readonly string[];
  /** `zone:us-east-1a` or `resource:<name>`. */
  readonly without?: string;
  readonly full?: boolean;
  readonly policy: boolean;
  readonly trace?: boolean;
}

const examples = `
Examples:
  npm run plan -- dev                                        the stack of Pulumi.dev.yaml
  npm run plan -- dev --models listing.txt                   with another listing: one object key a line
  npm run plan -- prod --models s3://algo-model-deploy-prod/models/
  npm run plan -- --config-file blueprints/betting-bot.yaml  any file in the form of a stack file
  npm run plan -- prod --config fleet.maxRemovalPercent=20 --config aws:region=us-west-2
  npm run --silent plan -- qa --format json | jq .cost       npm's own lines stay out with --silent
  npm run plan -- qa --format json --out plan.json
  npm run plan -- prod --format html --out plan.html         a diagram to click through, in one file
  npm run plan -- prod --format sarif --out policies.sarif   policy results for code scanning; junit for CI's test report
  npm run plan -- prod --reach internet data-postgres-primary:5432
  npm run plan -- prod --without zone:us-east-1a             what a lost zone takes with it
  npm run plan -- prod --diff main --format markdown         what a branch changes, for a pull request

Exit status:
  0  fine
  1  a mandatory policy is violated, or a budget exceeded
  2  bad usage or configuration
  3  the evaluation failed
`;

const collect = (value: string, before: readonly string[]) => [...before, value];

function notEmpty(value: string): string {
  if (value === "") throw new InvalidArgumentError("It is empty.");
  return value;
}

function command(): Command {
  return new Command("plan")
    .usage("[stack] [options]")
    .description(
      "Shows what a stack would deploy: resources, policy results, cost. Needs no AWS account, no network and no Pulumi.",
    )
    .argument("[stack]", "name of a stack: finds Pulumi.<stack>.yaml, or names the one of --config-file")
    .option("--config-file <file>", "any other file in the form of a stack file", notEmpty)
    .option("--config <key=value>", "override a key of the configuration; dots for nested keys", collect, [])
    .option("--models <file|s3://bucket/prefix>", "model listing; the one in the configuration by default", notEmpty)
    .option("--usage <file>", "a month's usage in the form of plan/cost/usage.yaml, for the cost", notEmpty)
    .option("--prices <file>", "prices of your own before the table's: each with unit, source and date", notEmpty)
    .addOption(new Option("--format <format>", "form of the output").choices(formats).default("text"))
    .option("--out <file>", "write there, whole or not at all, rather than to standard output", notEmpty)
    .option("--diff <ref|plan.json>", "show what changes from a git ref, or from a plan written as JSON", notEmpty)
    .option("--reach <from to:port...>", "whether a TCP connection is let through, and what lets or stops it")
    .option(
      "--without <what>",
      "what is lost with zone:<zone> or resource:<name>, beside the recovery targets",
      notEmpty,
    )
    .option("--full", "text: every resource and finding on a line of its own")
    .option("--no-policy", "leave the policies out")
    .option("--trace", "show where in the program an error comes from (slower)")
    .addHelpText("after", examples);
}

/**
 * Reads the arguments; undefined where help was asked for and shown.
 * @throws UsageError where they make no sense.
 */
export function parseArguments(argv: readonly string[]): Arguments | undefined {
  const parser = command();
  if (!readArguments(parser, argv)) return undefined;
  return { stack: parser.args[0], ...parser.opts<Omit<Arguments, "stack">>() };
}
