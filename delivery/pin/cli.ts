/** `npm run pin`: writes the digests of images into a stack file, wherever the stack runs them. */
import { Command } from "commander";
import { exitStatus, notEmpty, runCommand, start } from "../common/command";
import { changeLines, openStackFile, writeChanges } from "../promote/stack-file";
import { placesOf, planPins, readPin, type Pin, type Pinned } from "./pin";

interface Options {
  readonly folder?: string;
  readonly ifUsed?: boolean;
  readonly dryRun?: boolean;
}

const help = `
An image is named by its repository, and pinned wherever the stack runs it; or one place is named by its path. What the stack
runs by default, its file then says. Done twice, it changes nothing the second time. Nothing is committed or deployed.

Examples:
  npm run pin -- dev model-trader=sha256:2c26b46b...                 what a build has pushed
  npm run pin -- dev services.services.bot=sha256:2c26b46b...        one service only
  npm run pin -- dev --if-used model-trader=sha256:... market-data=sha256:...

Exit status:
  0  pinned, or nothing to do
  2  bad usage or configuration
  3  failed
`;

function command(): Command {
  return new Command("pin")
    .usage("<stack> <image>=<digest>... [options]")
    .description("Writes the digests of images into a stack file.")
    .argument("<stack>", "stack whose file takes them, such as dev")
    .argument("<pins...>", "image, or path of a setting, and its digest")
    .option("--if-used", "leave out images that the stack does not run")
    .option("--folder <folder>", "folder of the stack files", notEmpty)
    .option("--dry-run", "show the difference and write nothing")
    .addHelpText("after", help);
}

/** The difference, for people. */
function render({ changes, unused }: Pinned, stack: string): string {
  const lines = [`${stack}: ${changes.length} pinned`, ...changeLines(changes)];
  for (const image of unused) lines.push(`  left out  ${image}: ${stack} does not run it`);
  return `${lines.join("\n")}\n`;
}

export function main(argv: readonly string[]): Promise<number> {
  const program = command();
  return runCommand(program, argv, async () => {
    const options = program.opts<Options>();
    const [name, pins] = program.processedArgs as [string, readonly string[]];
    const wanted: Pin[] = pins.map(readPin);
    const { settings, file } = openStackFile(name, options.folder);
    const places = placesOf({ ...settings }, settings.project);
    const planned = planPins(wanted, places, { stack: settings.stack, ifUsed: options.ifUsed === true });
    process.stdout.write(render(planned, settings.stack));
    if (planned.changes.length === 0) return exitStatus.fine;
    await writeChanges(file, planned.changes, settings, { dryRun: options.dryRun === true });
    return exitStatus.fine;
  });
}

if (require.main === module) start(main);
