/** The command line of `npm run ami`. */
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { amiKinds, amiStages, type AmiKind, type AmiStage } from "../components/common/ami-pointer";
import { readArguments } from "../plan/command-line";
import { defaultMinutes } from "./prove";

/** What every command takes. */
export interface CommonOptions {
  readonly project: string;
  readonly region: string;
  readonly profile?: string;
  readonly json?: boolean;
}

export interface ChangingOptions extends CommonOptions {
  readonly fromProfile?: string;
  readonly override?: string;
  readonly minutes: number;
  readonly yes?: boolean;
}

/** One call of the command. */
export type Request =
  | { readonly command: "show"; readonly options: CommonOptions }
  | {
      readonly command: "set";
      readonly kind: AmiKind;
      readonly source: string;
      readonly options: ChangingOptions & { stage: AmiStage };
    }
  | { readonly command: "prove"; readonly kind: AmiKind; readonly options: ChangingOptions }
  | { readonly command: "promote"; readonly kind: AmiKind; readonly options: ChangingOptions & { to: AmiStage } }
  | { readonly command: "reap"; readonly options: CommonOptions & { keep: number; days: number; yes?: boolean } };

const examples = `
Examples:
  npm run ami -- show                                    every pointer, what it names and what proves it
  npm run ami -- set gpu ami-0123456789abcdef0 --yes     the first image, into dev
  npm run ami -- promote trading --to qa --yes
  npm run ami -- prove trading                           ask qa's instances, and keep the proof
  npm run ami -- promote trading --to prod               shows what would change; --yes does it
  npm run ami -- promote trading --to prod --from-profile qa --profile prod --yes
  npm run ami -- reap                                    what would go; --yes removes it

Exit status:
  0  fine
  1  refused: qa has not run the image
  2  bad usage, or something that is not there
  3  AWS refused or did not answer
`;

function wholeNumber(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError("It is not a whole number.");
  return Number(value);
}

const stageOption = (flag: string, text: string) => new Option(`${flag} <stage>`, text).choices(amiStages);
const kindArgument = () => new Argument("<kind>", "kind of image").choices(amiKinds);

function common(command: Command): Command {
  return command
    .option("--project <name>", "project whose pointers are meant", "trading-platform")
    .addOption(new Option("--region <region>", "Region of the pointers").env("AWS_REGION").default("us-east-1"))
    .option("--profile <name>", "AWS profile of the stage that is read or written")
    .option("--json", "JSON in place of text");
}

function changing(command: Command): Command {
  return common(command)
    .option(
      "--minutes <number>",
      "minutes that an instance has to run before it proves anything",
      wholeNumber,
      defaultMinutes,
    )
    .option("--yes", "write; without it the change is only shown");
}

function program(found: (request: Request) => void): Command {
  const root = new Command("ami")
    .description("Shows, proves and promotes the images that instances start from: dev, then qa, then prod.")
    .addHelpText("after", examples);
  common(root.command("show"))
    .description("every pointer, what it names and what proves it")
    .action((options: CommonOptions) => found({ command: "show", options }));
  changing(root.command("set"))
    .description("write a pointer of dev")
    .addArgument(kindArgument())
    .argument("<source>", "AMI id, or an SSM parameter whose present value is taken")
    .addOption(stageOption("--stage", "stage of the pointer").default("dev"))
    .action((kind: AmiKind, source: string, options: ChangingOptions & { stage: AmiStage }) =>
      found({ command: "set", kind, source, options }),
    );
  changing(root.command("prove"))
    .description("ask qa's running instances about its image, and keep the proof beside the pointer")
    .addArgument(kindArgument())
    .action((kind: AmiKind, options: ChangingOptions) => found({ command: "prove", kind, options }));
  changing(root.command("promote"))
    .description("copy a pointer to the next stage; prod takes only what qa has run")
    .addArgument(kindArgument())
    .addOption(stageOption("--to", "stage that gets the image").makeOptionMandatory())
    .option("--from-profile <name>", "AWS profile of the stage that it comes from")
    .option("--override <reason>", "let it into prod without proof; the reason is kept")
    .action((kind: AmiKind, options: ChangingOptions & { to: AmiStage }) =>
      found({ command: "promote", kind, options }),
    );
  common(root.command("reap"))
    .description("remove images and snapshots of this account that no pointer and no instance needs")
    .option("--keep <number>", "newest images of each kind that stay", wholeNumber, 3)
    .option("--days <number>", "days before an image can go", wholeNumber, 30)
    .option("--yes", "remove them; without it they are only shown")
    .action((options: CommonOptions & { keep: number; days: number; yes?: boolean }) =>
      found({ command: "reap", options }),
    );
  return root;
}

/**
 * Reads the arguments; undefined where help was asked for and shown.
 * @throws UsageError where they make no sense.
 */
export function parseArguments(argv: readonly string[]): Request | undefined {
  let request: Request | undefined;
  const root = program((found) => (request = found));
  if (!readArguments(root, argv)) return undefined;
  return request;
}
