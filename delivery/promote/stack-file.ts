import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import * as prettier from "prettier";
import { parse, parseDocument } from "yaml";
import { validate } from "../../config";
import { isFile, projectRoot, userPath } from "../../plan/settings/project";
import { UsageError } from "../common/command";
import { openStack } from "../common/stack-settings";
import type { Change } from "./promotion";
import { isObject, shownPath, type Values } from "./values";

/** A stack with its file, in the project or in a folder that the user names. @throws UsageError, ValidationError */
export function openStackFile(
  stack: string,
  folder: string | undefined,
): ReturnType<typeof openStack> & { readonly file: string } {
  const given = folder === undefined ? undefined : path.join(folder, `Pulumi.${stack}.yaml`);
  if (given !== undefined && !isFile(userPath(given, projectRoot()))) {
    throw new UsageError(`--folder ${folder}: has no Pulumi.${stack}.yaml`);
  }
  const opened = openStack({ stack, configFile: given });
  const { root } = opened;
  return { ...opened, file: given === undefined ? path.join(root, `Pulumi.${stack}.yaml`) : userPath(given, root) };
}

/** A stack file's `config`. @throws UsageError where it is no such file */
export function readStackFile(file: string, shown: string): Values {
  const document = parseDocument(readFileSync(file, "utf8"));
  const [problem] = document.errors;
  if (problem) throw new UsageError(`${shown}: malformed YAML: ${problem.message}`);
  const content: unknown = document.toJS();
  const config = isObject(content) ? content.config : undefined;
  if (!isObject(config)) throw new UsageError(`${shown}: has no mapping config`);
  return config;
}

const show = (value: unknown) => (value === undefined ? "(not set)" : JSON.stringify(value));

/** Changes of a stack file, for people. */
export const changeLines = (changes: readonly Change[]): string[] =>
  changes.flatMap(({ path: at, before, after }) => [
    `  ${shownPath(at)}`,
    `    - ${show(before)}`,
    `    + ${show(after)}`,
  ]);

/** A stack file's text with the changes made; comments and everything else stay as they are. */
export async function changedText(text: string, changes: readonly Change[]): Promise<string> {
  const document = parseDocument(text);
  for (const { path, after } of changes) document.setIn(["config", ...path], document.createNode(after));
  return prettier.format(document.toString({ lineWidth: 0 }), { parser: "yaml", printWidth: 120 });
}

/** Writes a file whole or not at all. */
export function replaceFile(file: string, text: string): void {
  const unfinished = `${file}.${process.pid}`;
  try {
    writeFileSync(unfinished, text);
    renameSync(unfinished, file);
  } finally {
    rmSync(unfinished, { force: true });
  }
}

interface Named {
  readonly project: string;
  readonly stack: string;
}

/** What is written must still be a valid configuration. @throws ValidationError */
function checkText(text: string, { project, stack }: Named): void {
  const { config } = parse(text) as { config: Values };
  const own = Object.entries(config).flatMap(([key, value]): [string, unknown][] =>
    key.startsWith(`${project}:`) ? [[key.slice(project.length + 1), value]] : [],
  );
  const region = (config["aws:region"] as string | undefined) ?? process.env.AWS_REGION;
  validate({ project, organization: "organization", stack }, Object.fromEntries(own), region);
}

/**
 * Makes the changes in a stack's file, whole or not at all, and says so; a dry run looks at them only.
 * @throws ValidationError where the configuration would not be valid
 */
export async function writeChanges(
  file: string,
  changes: readonly Change[],
  of: Named,
  { dryRun, next = "" }: { readonly dryRun: boolean; readonly next?: string },
): Promise<void> {
  const text = await changedText(readFileSync(file, "utf8"), changes);
  checkText(text, of);
  if (dryRun) process.stdout.write("Nothing was written (--dry-run).\n");
  else {
    replaceFile(file, text);
    process.stdout.write(`Wrote ${path.basename(file)}.${next}\n`);
  }
}
