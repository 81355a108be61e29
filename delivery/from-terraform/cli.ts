/** `npm run from-terraform`: Terraform's variables into a stack file, Terraform's state into an import file. */
import { existsSync } from "node:fs";
import * as path from "node:path";
import { parse as parseHcl } from "@cdktf/hcl2json";
import { Command } from "commander";
import { readGiven } from "../../plan/settings/given-file";
import { projectRoot, userFolder } from "../../plan/settings/project";
import { exitStatus, notEmpty, runCommand, start, UsageError } from "../common/command";
import { replaceFile } from "../promote/stack-file";
import { convertVariables, mistakesOf, stackFileText } from "./stack-file";
import { convertState, parseState, requireResources } from "./state";
import { stageOf } from "./variables";

interface Options {
  readonly tfvars?: string;
  readonly state?: string;
  readonly stage?: string;
  readonly owner?: string;
  readonly out?: string;
}

const project = "trading-platform";

const help = `
Examples:
  npm run from-terraform -- --tfvars environments/qa/terraform.tfvars --out Pulumi.qa.yaml
  npm run from-terraform -- --tfvars terraform.tfvars --stage prod          to look at, on standard output
  terraform state pull > terraform.tfstate
  npm run from-terraform -- --state terraform.tfstate --out import.json
  pulumi import --file import.json --protect

Variables without a counterpart, and resources that cannot be imported, are named on standard error. Secrets are never
written. Physical resources stay as they are: an import only takes them into Pulumi's state.

Exit status:
  0  fine
  1  the stack file was written and is not complete: its mistakes are named
  2  bad usage, or a file that cannot be read
  3  failed
`;

function command(): Command {
  return new Command("from-terraform")
    .description("Turns terraform.tfvars into a stack file, or a Terraform state into a file for pulumi import.")
    .option("--tfvars <file>", "variables: terraform.tfvars, or terraform.tfvars.json", notEmpty)
    .option("--state <file>", "state, as `terraform state pull` prints it", notEmpty)
    .option("--stage <stage>", "dev, qa or prod, where the variables have no environment", notEmpty)
    .option("--owner <team>", "team that answers for the stack", notEmpty)
    .option("--out <file>", "write there; standard output otherwise", notEmpty)
    .addHelpText("after", help);
}

async function readVariables(given: string): Promise<Record<string, unknown>> {
  const text = readGiven("--tfvars", given, projectRoot());
  try {
    if (given.endsWith(".json")) return JSON.parse(text) as Record<string, unknown>;
    return await parseHcl(path.basename(given), text);
  } catch (error) {
    throw new UsageError(`--tfvars ${given}: is not in Terraform's language: ${(error as Error).message.trim()}`);
  }
}

function write(out: string | undefined, text: string): void {
  if (out === undefined) {
    process.stdout.write(text);
    return;
  }
  const file = path.resolve(userFolder(), out);
  if (!existsSync(path.dirname(file))) throw new UsageError(`--out ${out}: there is no folder ${path.dirname(file)}`);
  replaceFile(file, text);
}

async function variablesToStackFile(given: string, options: Options): Promise<number> {
  const { stage, owner, out } = options;
  if (stage !== undefined && stageOf(stage) === undefined)
    throw new UsageError(`--stage ${stage}: is no stage; allowed: dev, qa, prod`);
  const converted = convertVariables(await readVariables(given), project, { stage, owner });
  const mistakes = mistakesOf(converted.config, project, "stack");
  write(out, stackFileText(converted, path.basename(given), out));
  console.error(`${converted.taken.length} variables taken over, ${converted.left.length} not`);
  for (const { variable, reason } of converted.left) console.error(`  ${variable}: ${reason}`);
  if (mistakes === undefined) return exitStatus.fine;
  console.error(`The stack file is not complete yet.\n${mistakes}`);
  return exitStatus.refused;
}

function stateToImportFile(given: string, { out }: Options): number {
  const { file, left } = convertState(parseState(readGiven("--state", given, projectRoot()), given));
  console.error(`${file.resources.length} resources to import, ${left.length} not`);
  for (const { address, reason } of left) console.error(`  ${address}: ${reason}`);
  requireResources(file, given);
  write(out, `${JSON.stringify(file, null, 2)}\n`);
  return exitStatus.fine;
}

export function main(argv: readonly string[]): Promise<number> {
  const program = command();
  return runCommand(program, argv, () => {
    const options = program.opts<Options>();
    const { tfvars, state } = options;
    if (tfvars !== undefined && state === undefined) return variablesToStackFile(tfvars, options);
    if (state !== undefined && tfvars === undefined) return stateToImportFile(state, options);
    throw new UsageError("Give either --tfvars or --state\nMore: npm run from-terraform -- --help");
  });
}

if (require.main === module) start(main);
