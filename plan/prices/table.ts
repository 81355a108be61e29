/** The price table of a Region: its files, what a refresh changes in it, and how both are written. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import type { Price } from "../cost/price";
import { EvaluationError } from "../failure";
import { figures } from "./figures";

export type Table = ReadonlyMap<string, Price>;

/** On-demand instances, a thousand figures of one source, stand in a file of their own with one line a type. */
const instances = "ec2.";

interface Ec2File {
  readonly source: string;
  readonly generatedAt: string;
  readonly region: string;
  readonly tenancy: "shared";
  readonly os: "Linux";
  readonly unit: string;
  readonly prices: Readonly<Record<string, number>>;
}

interface ServicesFile {
  readonly region: string;
  readonly currency: "USD";
  readonly prices: Readonly<Record<string, Price>>;
}

export function tableFiles(folder: string, region: string): { ec2: string; services: string } {
  return {
    ec2: path.join(folder, `ec2-${region}.json`),
    services: path.join(folder, `services-${region}.json`),
  };
}

function read(file: string): unknown {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

/** The table as it is checked in; empty for a Region that has none yet. */
export function readTable(folder: string, region: string): Table {
  const files = tableFiles(folder, region);
  const table = new Map<string, Price>();
  for (const [key, price] of Object.entries((read(files.services) as ServicesFile | undefined)?.prices ?? {}))
    table.set(key, price);
  const ec2 = read(files.ec2) as Ec2File | undefined;
  for (const [type, usd] of Object.entries(ec2?.prices ?? {})) {
    table.set(`${instances}${type}`, { usd, unit: "hour", source: ec2?.source ?? "", date: ec2?.generatedAt ?? "" });
  }
  return table;
}

export interface Change {
  readonly key: string;
  readonly unit: string;
  readonly before: number | undefined;
  readonly after: number;
}

/** Figures that differ or are new, by key. */
export function changesOf(before: Table, after: Table): Change[] {
  return [...after]
    .filter(([key, { usd }]) => before.get(key)?.usd !== usd)
    .map(([key, { usd, unit }]) => ({ key, unit, before: before.get(key)?.usd, after: usd }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** The figure in percent of the former one, such as `+4.2 %`. */
export function percent({ before, after }: Change): string {
  if (before === undefined) return "new";
  const share = ((after - before) / before) * 100;
  return `${share < 0 ? "-" : "+"}${Math.abs(share).toFixed(1)} %`;
}

/** `ec2.detailed-monitoring` begins like an instance type, yet is a figure of its own. */
const isInstance = (key: string) => key.startsWith(instances) && !(key in figures);

const sorted = (prices: readonly (readonly [string, Price])[]) => [...prices].sort(([a], [b]) => (a < b ? -1 : 1));

/**
 * Both files' texts. Instances of the newest source make the first file; one that only an older source knows goes to the second
 * with that source, so that no figure is shown as newer than it is.
 */
export function renderTable(region: string, table: Table): { ec2: string; services: string } {
  const all = sorted([...table]);
  const newest = all
    .filter(([key]) => isInstance(key))
    .map(([, { source, date }]) => ({ source, date }))
    .sort((a, b) => (a.date < b.date ? 1 : -1))[0];
  const inFile = ([key, { source, date }]: readonly [string, Price]) =>
    isInstance(key) && source === newest?.source && date === newest.date;
  const ec2: Ec2File = {
    source: newest?.source ?? "",
    generatedAt: newest?.date ?? "",
    region,
    tenancy: "shared",
    os: "Linux",
    unit: "USD per hour, on demand",
    prices: Object.fromEntries(all.filter(inFile).map(([key, { usd }]) => [key.slice(instances.length), usd])),
  };
  const services: ServicesFile = {
    region,
    currency: "USD",
    prices: Object.fromEntries(all.filter((one) => !inFile(one))),
  };
  return { ec2: `${JSON.stringify(ec2, null, 2)}\n`, services: `${JSON.stringify(services, null, 2)}\n` };
}

/**
 * Writes both files whole, or neither: each is written beside its place first.
 * @throws EvaluationError where a file cannot be written
 */
export function writeTable(folder: string, region: string, table: Table): void {
  const files = tableFiles(folder, region);
  const texts = renderTable(region, table);
  const moves = (["ec2", "services"] as const).map((one) => ({
    to: files[one],
    beside: `${files[one]}.${process.pid}.part`,
    text: texts[one],
  }));
  try {
    mkdirSync(folder, { recursive: true });
    for (const { beside, text } of moves) writeFileSync(beside, text);
    for (const { beside, to } of moves) renameSync(beside, to);
  } catch (error) {
    throw new EvaluationError(`The price table cannot be written: ${(error as Error).message}`);
  } finally {
    for (const { beside } of moves) rmSync(beside, { force: true });
  }
}
