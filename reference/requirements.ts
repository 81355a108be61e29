/** Every line of the requirement documents with what satisfies it, read from `reference/requirements/`. */
import { existsSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { projectRoot } from "../plan/settings/project";
import { tableCell } from "./markdown";

interface Row {
  /** Lines of the document, as `12` or `12-14`. */
  readonly at: string;
  readonly asks: string;
  readonly by?: readonly string[];
  /** `test file > words of the test's title`. */
  readonly proof?: readonly string[];
  /** Keys of the blueprint. */
  readonly set?: readonly string[];
  /** Why it is satisfied in another way, or not. */
  readonly why?: string;
}

const keysOfRow: readonly string[] = ["at", "asks", "by", "proof", "set", "why"] satisfies (keyof Row)[];

interface Source {
  readonly title: string;
  readonly lines: number;
  readonly files: Readonly<Record<string, string>>;
  readonly silent: readonly { readonly at: string; readonly why: string }[];
  readonly rows: readonly Row[];
}

/** A document's requirements, named as its blueprint. */
export interface Requirements extends Omit<Source, "files"> {
  readonly blueprint: string;
}

const blueprints = ["local-zone-trader", "ai-platform", "model-fleet", "web-terminal", "betting-bot"];

/** Puts full names in place of a document's short names of files. */
function withFiles({ files, rows, ...rest }: Source): Omit<Requirements, "blueprint"> {
  const full = (reference: string) => {
    const [file = "", ...title] = reference.split(" > ");
    return [files[file] ?? file, ...title].join(" > ");
  };
  return {
    ...rest,
    rows: rows.map((row) => ({ ...row, by: row.by?.map(full) ?? [], proof: row.proof?.map(full) ?? [] })),
  };
}

/** The requirements of all documents. */
export function readRequirements(root: string = projectRoot()): Requirements[] {
  return blueprints.map((blueprint) => {
    const file = path.join(root, "reference", "requirements", `${blueprint}.yaml`);
    return { blueprint, ...withFiles(parse(readFileSync(file, "utf8")) as Source) };
  });
}

/** First and last line of `12` or `12-14`. */
function span(at: string): [number, number] {
  const [first = "", last = first] = at.split("-");
  return [Number(first), Number(last)];
}

/** Lines of a document that no entry speaks of, or that two do. */
function uncovered({ lines, rows, silent }: Requirements): string[] {
  const times = new Map<number, number>();
  for (const { at } of [...rows, ...silent]) {
    const [first, last] = span(at);
    for (let line = first; line <= last; line++) times.set(line, (times.get(line) ?? 0) + 1);
  }
  return Array.from({ length: lines }, (_, index) => index + 1)
    .filter((line) => times.get(line) !== 1)
    .map((line) => `line ${line} is spoken of ${times.get(line) ?? 0} times`);
}

function missingKey(config: Readonly<Record<string, unknown>>, key: string): boolean {
  const [section = "", ...rest] = key.split(".");
  let at: unknown = config[section.includes(":") ? section : `trading-platform:${section}`];
  for (const step of rest) at = (at as Record<string, unknown> | null | undefined)?.[step];
  return at === undefined;
}

/** What a test file calls its tests: the words of each `it(` and `describe(`, quotes and all within as they are written. */
function testTitles(text: string): string[] {
  const named = /\b(?:it|describe)(?:\.\w+)?\(\s*(["'`])((?:\\.|(?!\1)[^\\])*)\1/g;
  return [...text.matchAll(named)].map(([, , title = ""]) => title.replace(/\\(.)/g, "$1"));
}

/** What is wrong with a proof. */
function wrongProof(reference: string, root: string): string[] {
  const [file = "", title = ""] = reference.split(" > ");
  if (!existsSync(path.join(root, file))) return [`${file} does not exist`];
  if (title === "") return [`names no test of ${file}`];
  const titles = testTitles(readFileSync(path.join(root, file), "utf8"));
  return titles.some((name) => name.includes(title)) ? [] : [`${file} has no test "${title}"`];
}

/** What is wrong with a document's entries: files, tests and keys that are not there, lines that nobody speaks of. */
export function checkRequirements(requirements: Requirements, root: string = projectRoot()): string[] {
  const text = readFileSync(path.join(root, "blueprints", `${requirements.blueprint}.yaml`), "utf8");
  const { config } = parse(text) as { config: Record<string, unknown> };
  const wrong = requirements.rows.flatMap((row) => {
    const { at, by = [], proof = [], set = [], why } = row;
    const problems = [
      // A comma outside of quotes ends a text, and makes a key of what follows.
      ...Object.keys(row)
        .filter((key) => !keysOfRow.includes(key))
        .map((key) => `has no key "${key}"`),
      ...by.filter((file) => !existsSync(path.join(root, file))).map((file) => `${file} does not exist`),
      ...proof.flatMap((reference) => wrongProof(reference, root)),
      ...set.filter((key) => missingKey(config, key)).map((key) => `the blueprint has no ${key}`),
      ...(by.length === 0 && why === undefined ? ["has neither a file nor a reason"] : []),
      ...(proof.length === 0 && why === undefined ? ["has neither a test nor a reason"] : []),
    ];
    return problems.map((problem) => `${at}: ${problem}`);
  });
  return [...uncovered(requirements), ...wrong];
}

const link = (file: string) => `[${file}](../${file})`;

function renderRow({ at, asks, by = [], proof = [], set = [], why }: Row): string {
  const proofs = proof.map((reference) => {
    const [file = "", title = ""] = reference.split(" > ");
    return `${link(file)}: ${title}`;
  });
  const keys = set.map((key) => `\`${key}\``).join(", ");
  const cells = [at, asks, by.map(link).join(", "), proofs.join("; "), keys, why ?? ""];
  return `| ${cells.map(tableCell).join(" | ")} |`;
}

/** `docs/requirements.md`. */
export function renderRequirements(all: readonly Requirements[] = readRequirements()): string {
  const parts = all.flatMap(({ blueprint, title, rows, silent, lines }) => [
    `## ${title}`,
    "",
    `Blueprint: ${link(`blueprints/${blueprint}.yaml`)}. Guide: [${blueprint}](guides/${blueprint}.md). ${rows.length} entries for the document's ${lines} lines;`,
    `what asks for nothing: ${silent.map(({ at, why }) => `${at} (${why})`).join("; ")}.`,
    "",
    "| line | asks for | satisfied by | proof | blueprint | otherwise, because |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows.map(renderRow),
    "",
  ]);
  return [
    "# Requirements",
    "",
    "Generated by `npm run docs` from `reference/requirements/`; do not edit.",
    "",
    "What five documents of trading systems ask for, line by line, with the file, the test and the blueprint's key that satisfy it,",
    "or why it is done in another way, or not. `test/reference/requirements.test.ts` fails where a line is left out, where a line has",
    "neither a test nor a reason, or where a file, a test's title or a key that is named does not exist.",
    "",
    ...parts,
  ].join("\n");
}
