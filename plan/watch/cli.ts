/** `npm run watched`: which of a stack's resources no alarm watches. */
import { Command, Option } from "commander";
import { exitStatus } from "../failure";
import { lazy } from "../lazy";
import { print } from "../output";
import { Progress } from "../progress";
import { projectRoot } from "../settings/project";
import { statusOf } from "../status-of";
import { coverageOf, describeCoverage } from "./coverage";

interface Options {
  readonly configFile?: string;
  readonly format: "text" | "json";
}

const command = () =>
  new Command("watched")
    .usage("<stack> [options]")
    .description("Shows which resources of a stack no alarm watches.")
    .argument("[stack]", "name of a stack: finds Pulumi.<stack>.yaml")
    .option("--config-file <file>", "any other file in the form of a stack file")
    .addOption(new Option("--format <format>", "form of the output").choices(["text", "json"]).default("text"))
    .allowExcessArguments(false)
    .exitOverride();

/** Runs the command, and gives the exit status; failures are told on stderr. */
export async function main(argv: readonly string[]): Promise<number> {
  const parser = command();
  const progress = new Progress();
  try {
    parser.parse([...argv], { from: "user" });
    const { configFile, format } = parser.opts<Options>();
    const { plan } = await lazy
      .plan()
      .makePlan({ root: projectRoot(), stack: parser.args[0], configFile, policies: false, progress })
      .finally(() => progress.end());
    const coverage = coverageOf(plan);
    await print(format === "json" ? `${JSON.stringify(coverage, null, 2)}\n` : describeCoverage(coverage));
    return exitStatus.fine;
  } catch (error) {
    return statusOf(error);
  }
}

if (require.main === module) void main(process.argv.slice(2)).then((status) => process.exit(status));
