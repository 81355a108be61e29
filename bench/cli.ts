/** `npm run bench -- [--sizes 10,100,1000]`: measures the planner, and writes the table in `docs/performance.md`. */
import { execFileSync, spawnSync } from "node:child_process";
import * as os from "node:os";
import * as path from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { runCommand, start } from "../plan/command-line";
import { exitStatus } from "../plan/failure";
import { writeWhole } from "../plan/output";
import { projectRoot } from "../plan/settings/project";
import { planOf } from "./fleet-of";
import { measurePreview } from "./preview";
import { terraformPlan } from "./terraform";
import type { ListingMeasured } from "./listing";
import type { StartMeasured } from "./start";
import type { Measured } from "./worker";

const measurements = ["evaluate", "bare", "policies", "cost", "diagram"] as const;
type What = (typeof measurements)[number];
type Row = Readonly<Record<What, Measured>> & { readonly models: number };

/** Runs a measurement of this folder in a process of its own; the last line that it prints is JSON. */
function run(file: string, ...args: (string | number)[]): unknown {
  process.stderr.write(`${path.parse(file).name} ${args.join(" ")}\n`);
  const output = execFileSync(
    process.execPath,
    ["--max-old-space-size=8192", "--require", "tsx/cjs", path.join(__dirname, file), ...args.map(String)],
    { cwd: projectRoot(), stdio: ["ignore", "pipe", "ignore"], maxBuffer: 1 << 26 },
  );
  return JSON.parse(output.toString());
}

/**
 * Measures in turns, so that all see the same machine, and keeps the fastest of each: what other work adds is never taken
 * away again.
 */
function fastest<T extends readonly { readonly seconds: number }[]>(
  rounds: number,
  ...measures: { readonly [K in keyof T]: () => T[K] }
): T {
  const runs = Array.from({ length: rounds }, () => measures.map((measure) => measure()));
  const best = measures.map((_, index) =>
    runs.flatMap((run) => run[index] ?? []).reduce((a, b) => (b.seconds < a.seconds ? b : a)),
  );
  return best as unknown as T;
}

/** Reading a bucket of models beside a bare paged listing of it: at once, and with a distant bucket's wait for each page. */
function listingLines(keys: number): string[] {
  const lines = [
    "| Keys | Wait for a page, ms | Reader, wall s | CPU s | Peak MiB | Bare listing, wall s | CPU s | Ratio, wall |",
    "|---:|---:|---:|---:|---:|---:|---:|---:|",
  ];
  for (const wait of [0, 30]) {
    const [bare, own] = fastest(
      5,
      () => run("listing.ts", "bare", keys, wait) as ListingMeasured,
      () => run("listing.ts", "platform", keys, wait) as ListingMeasured,
    );
    const cells = [own.keys.toLocaleString("en"), wait, two(own.seconds), two(own.cpuSeconds), own.peakMiB.toFixed(0)];
    lines.push(
      `| ${[...cells, two(bare.seconds), two(bare.cpuSeconds), two(own.seconds / bare.seconds)].join(" | ")} |`,
    );
  }
  return lines;
}

/** Processor time of a resource by size, which a straight growth leaves level. */
function plotLines(rows: readonly Row[]): string[] {
  const perResource = (pick: (row: Row) => Measured) =>
    rows.map((row) => two((pick(row).cpuSeconds * 1e3) / pick(row).resources)).join(", ");
  return [
    "```mermaid",
    "xychart-beta",
    `  title "CPU ms a resource: evaluation (first line), bare program (second), policies in the planner (third)"`,
    `  x-axis "models" [${rows.map(({ models }) => models).join(", ")}]`,
    `  y-axis "ms"`,
    `  line [${perResource(({ evaluate }) => evaluate)}]`,
    `  line [${perResource(({ bare }) => bare)}]`,
    `  line [${perResource(({ policies }) => policies)}]`,
    "```",
  ];
}

/** How time grows with size: the slope of a straight line through the logarithms. */
export function exponent(points: readonly (readonly [size: number, time: number])[]): number {
  const logs = points.map(([size, time]) => [Math.log(size), Math.log(time)] as const);
  const mean = (index: 0 | 1) => logs.reduce((sum, point) => sum + point[index], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const above = logs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  return above / logs.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
}

const two = (value: number) => value.toFixed(2);

function table(rows: readonly Row[]): string[] {
  const lines = [
    "| Models | Resources | Evaluate, CPU s | Wall s | Peak MiB | Bare program, CPU s | Ratio to bare | Policies in the planner's process, CPU s | Policies, wall ms a resource | Cost, CPU s | Diagram, CPU s |",
    "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
  ];
  for (const { models, evaluate, bare, policies, cost, diagram } of rows) {
    const cells = [
      models.toLocaleString("en"),
      evaluate.resources.toLocaleString("en"),
      two(evaluate.cpuSeconds),
      two(evaluate.seconds),
      evaluate.peakMiB.toFixed(0),
      two(bare.cpuSeconds),
      two(evaluate.cpuSeconds / bare.cpuSeconds),
      two(policies.cpuSeconds),
      two((policies.seconds * 1e3) / policies.resources),
      two(cost.cpuSeconds),
      two(diagram.cpuSeconds),
    ];
    lines.push(`| ${cells.join(" | ")} |`);
  }
  return lines;
}

/** Seconds of a whole `npm run plan`, without npm's own. Its exit status says what the plan is worth, not whether there is one. */
function planSeconds(models: number, ...more: string[]): number {
  process.stderr.write(`plan of ${models} ${more.join(" ")}\n`);
  const { stack, config, models: listing } = planOf(models);
  const overrides = config.flatMap((override) => ["--config", override]);
  const start = performance.now();
  spawnSync(
    process.execPath,
    ["--require", "tsx/cjs", "plan/cli.ts", stack, "--models", listing, ...overrides, ...more],
    { cwd: projectRoot(), stdio: "ignore" },
  );
  return (performance.now() - start) / 1e3;
}

function terraformLines(rows: readonly Row[], sizes: readonly number[]): string[] {
  const size = sizes.includes(1_000) ? 1_000 : Math.max(...sizes);
  process.stderr.write(`terraform plan, ${size} instances\n`);
  const first = terraformPlan(size);
  if (typeof first === "string") return [`\`terraform plan\` was not measured: ${first}`];
  if (!rows.some(({ models }) => models === size)) return [];
  const again = () => {
    const measured = terraformPlan(size);
    return typeof measured === "string" ? first : measured;
  };
  const [measured, { seconds: bare }, { seconds: whole }] = fastest(
    2,
    again,
    () => ({ seconds: planSeconds(size, "--no-policy") }),
    () => ({ seconds: planSeconds(size) }),
  );
  return [
    `\`terraform plan\` of ${size.toLocaleString("en")} instances: ${two(measured.seconds)} s. \`plan\` of the stack with as many models, from the command to the last line: ${two(bare)} s without policies (${two(bare / measured.seconds)}), ${two(whole)} s with all of them (${two(whole / measured.seconds)}).`,
  ];
}

/** The real engine's preview of a stack beside one without components. */
async function previewLines(stack: string): Promise<string[]> {
  process.stderr.write(`preview of ${stack} on the engine\n`);
  const measured = await measurePreview(projectRoot(), stack);
  if (typeof measured === "string") return [`\`pulumi preview\` was not measured: ${measured}.`];
  const { resources, seconds, bareSeconds } = measured;
  return [
    `\`pulumi preview\` of the sandboxed stack \`${stack}\` (${resources.toLocaleString("en")} resources, without policies): ${two(seconds)} s; the same resources registered by a program without components: ${two(bareSeconds)} s (the best of three each, in turns, with the same savings in Pulumi's runtime). Ratio ${two(seconds / bareSeconds)}.`,
  ];
}

const help = `
Examples:
  npm run bench                           every size; takes the better part of an hour
  npm run bench -- --sizes 10,100         a first look

Exit status:
  0  measured, and docs/performance.md written
  2  bad usage
  3  failed
`;

function sizesOf(value: string): number[] {
  const sizes = value.split(",").map(Number);
  if (sizes.every((size) => Number.isInteger(size) && size > 0)) return sizes;
  throw new InvalidArgumentError("They are whole numbers with commas, such as 10,100,1000.");
}

const command = () =>
  new Command("bench")
    .description("Measures evaluation, policies and cost by the number of models; writes docs/performance.md.")
    .option("--sizes <list>", "numbers of models", sizesOf, [10, 100, 1_000, 10_000])
    .addHelpText("after", help);

async function measureAll(wanted: readonly number[]): Promise<void> {
  const rows = wanted.map((models): Row => {
    const rounds = models > 1_000 ? 1 : 3;
    const best = fastest(rounds, ...measurements.map((what) => () => run("worker.ts", what, models) as Measured));
    const measured = measurements.map((what, index) => [what, best[index]] as const);
    return { models, ...(Object.fromEntries(measured) as Record<What, Measured>) };
  });
  const growth = exponent(rows.map(({ evaluate }) => [evaluate.resources, evaluate.cpuSeconds]));
  const [start] = fastest(5, () => run("start.ts") as StartMeasured);
  const [cpu] = os.cpus();
  const page = [
    "# Performance",
    "",
    "Written by `npm run bench`. Stack `dev` with a fleet of so many models; each figure from a process of its own, the fastest of some that took turns (10,000 models once). The bare program registers the same resources with the same inputs and none of this platform's code, in the same runner (promise stack traces off in both). Processor time is what a busy machine does not stretch; compare figures of one run only.",
    "",
    ...table(rows),
    "",
    `Evaluation grows with the number of resources to the power ${two(growth)} (1 is linear).`,
    "",
    ...plotLines(rows),
    "",
    ...terraformLines(rows, wanted),
    "",
    `From the command to the first resource that the program registers: ${two(start.seconds)} s, ${two(start.cpuSeconds)} CPU s.`,
    "",
    ...(await previewLines("prod")),
    "",
    "Reading the models of a bucket (a server that answers as S3 does, in a process of its own):",
    "",
    ...listingLines(100_000),
    "",
    `Measured on ${os.cpus().length} x ${cpu?.model ?? "an unknown processor"}, Node ${process.version}, load ${os.loadavg()[0]?.toFixed(1) ?? "?"} (other work on the machine counts in wall time).`,
    "",
  ].join("\n");
  writeWhole(path.join(projectRoot(), "docs", "performance.md"), page);
  process.stdout.write(page);
}

/** Runs the command, and gives the exit status; failures are told on stderr. */
export function main(argv: readonly string[]): Promise<number> {
  const program = command();
  return runCommand(program, argv, async () => {
    await measureAll(program.opts<{ sizes: number[] }>().sizes);
    return exitStatus.fine;
  });
}

if (require.main === module) start(main);
