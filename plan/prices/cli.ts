/** `npm run prices`: refreshes the checked-in price table through the AWS Price List API. */
import * as path from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { runCommand, start } from "../command-line";
import { exitStatus } from "../failure";
import { Progress } from "../progress";
import { projectRoot } from "../settings/project";
import { priceListApi, type GetProducts } from "./api";
import { refresh } from "./refresh";
import { changesOf, percent, readTable, writeTable, type Change } from "./table";

interface Options {
  readonly region: string;
  readonly localZone: readonly string[];
  readonly dryRun?: boolean;
  readonly check?: boolean;
}

/** Where it runs, for tests. */
export interface Surroundings {
  readonly folder?: string;
  readonly getProducts?: GetProducts;
  readonly today?: string;
}

const help = `
It asks GetProducts, because one question answers each figure: the public price-list files need no credentials, but EC2's alone
is hundreds of megabytes for a Region, of which the table holds a hundred kilobytes. The one permission needed is
pricing:GetProducts; any account will do. Both files of a Region are written whole or not at all. A figure that the API does not
have, or has twice, stays as it is with its former source and date, and is listed.

Examples:
  npm run prices -- --dry-run                           what would change
  npm run prices                                        show it, and write plan/cost/prices
  npm run prices -- --region eu-west-1                  a table for another Region
  npm run prices -- --local-zone us-east-1-chi-2        a Local Zone's own prices too, in place of the assumed surcharge

Exit status:
  0  fine
  1  --check: the table is out of date
  2  bad usage
  3  no network, no credentials, or AWS failed: nothing was written
`;

function aRegion(text: string): string {
  if (/^[a-z]{2}(-[a-z]+)+-\d$/.test(text)) return text;
  throw new InvalidArgumentError("It is no Region such as us-east-1.");
}

function aGroup(text: string, before: readonly string[]): string[] {
  if (/^[a-z]{2}(-[a-z]+)+-\d-[a-z]+-\d$/.test(text)) return [...before, text];
  throw new InvalidArgumentError("It is no Local Zone group such as us-east-1-chi-2.");
}

function command(): Command {
  return new Command("prices")
    .description("Refreshes the price table that the planner's costs rest on.")
    .option("--region <region>", "whose table", aRegion, "us-east-1")
    .option("--local-zone <group>", "a Local Zone group to ask as well; can be given again", aGroup, [])
    .option("--dry-run", "show the difference, write nothing")
    .option("--check", "as --dry-run, and end with 1 where something differs")
    .addHelpText("after", help);
}

function changeLines(changes: readonly Change[]): string[] {
  const rows = changes.map((change) => [
    change.key,
    change.before === undefined ? "-" : String(change.before),
    String(change.after),
    percent(change),
    `USD a ${change.unit}`,
  ]);
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  return rows.map(
    ([key = "", before = "", after = "", share = "", unit = ""]) =>
      `  ${key.padEnd(width(0))}  ${before.padStart(width(1))}  ${after.padStart(width(2))}  ${share.padStart(width(3))}  ${unit}`,
  );
}

async function run(options: Options, { folder, getProducts, today }: Surroundings): Promise<number> {
  const { region, localZone } = options;
  const at = folder ?? path.join(projectRoot(), "plan", "cost", "prices");
  const before = readTable(at, region);
  const progress = new Progress();
  const { table, left } = await refresh(before, {
    region,
    localZones: localZone,
    today: today ?? new Date().toISOString().slice(0, 10),
    getProducts: getProducts ?? priceListApi(),
    progress: (what) => progress.stage(`asking for ${what}`),
  }).finally(() => progress.end());
  const changes = changesOf(before, table);
  console.log(`${region}: ${table.size} figures, ${changes.length} differ, ${left.size} left as they are`);
  if (changes.length > 0) console.log(["  (key, before, now, difference)", ...changeLines(changes)].join("\n"));
  for (const [key, reason] of left) {
    console.log(`  left: ${key}: ${reason}; ${before.has(key) ? "it stays as it is" : "it has no price"}`);
  }
  if (options.check === true) return changes.length > 0 ? exitStatus.refused : exitStatus.fine;
  if (options.dryRun === true) return exitStatus.fine;
  writeTable(at, region, table);
  console.log(`written to ${path.relative(process.cwd(), at) || "."}`);
  return exitStatus.fine;
}

/** Runs the command, and gives the exit status; failures are told on stderr. */
export function main(argv: readonly string[], surroundings: Surroundings = {}): Promise<number> {
  const parser = command();
  return runCommand(parser, argv, () => run(parser.opts<Options>(), surroundings));
}

if (require.main === module) start(main);
