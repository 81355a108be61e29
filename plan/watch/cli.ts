/** `npm run watched`: which of a stack's resources no alarm watches. */
import { Command, Option } from "commander";
import { runCommand, start } from "../command-line";
import { exitStatus } from "../failure";
import { lazy } from "../lazy";
import { print } from "../output";
import { Progress } from "../progress";
import { projectRoot } from "../settings/project";
import { coverageOf, describeCoverage } from "./coverage";

interface Options {
  readonly configFile?: string;
  readonly format: "text" | "json";
}

const help = `
Examples:
  npm run watched -- prod                                  the resources that no alarm watches
  npm run --silent watched -- prod --format json           JSON alone, for machines
  npm run watched -- --config-file blueprints/web-terminal.yaml

Exit status:
  0  fine, whatever is watched
  2  bad usage or configuration
  3  the evaluation failed
`;

const command = () =>
  new Command("watched")
    .usage("[stack] [options]")
    .description("Shows which resources of a stack no alarm watches.")
    .argument("[stack]", "name of a stack: finds Pulumi.<stack>.yaml, or names the one of --config-file")
    .option("--config-file <file>", "any other file in the form of a stack file")
    .addOption(new Option("--format <format>", "form of the output").choices(["text", "json"]).default("text"))
    .addHelpText("after", help);

/** Runs the command, and gives the exit status; failures are told on stderr. */
export function main(argv: readonly string[]): Promise<number> {
  const parser = command();
  const progress = new Progress();
  return runCommand(parser, argv, async () => {
    const { configFile, format } = parser.opts<Options>();
    const { plan } = await lazy
      .plan()
      .makePlan({ root: projectRoot(), stack: parser.args[0], configFile, policies: false, progress })
      .finally(() => progress.end());
    const coverage = coverageOf(plan);
    await print(format === "json" ? `${JSON.stringify(coverage, null, 2)}\n` : describeCoverage(coverage));
    return exitStatus.fine;
  });
}

if (require.main === module) start(main);
