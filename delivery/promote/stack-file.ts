import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import * as prettier from "prettier";
import { parse, parseDocument } from "yaml";
import { validate } from "../../config";
import { UsageError } from "../common/command";
import type { Change } from "./promotion";
import { isObject, type Values } from "./values";

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

/** What is written must still be a valid configuration. @throws ValidationError */
export function checkText(
  text: string,
  { project, stack }: { readonly project: string; readonly stack: string },
): void {
  const { config } = parse(text) as { config: Values };
  const own = Object.entries(config).flatMap(([key, value]): [string, unknown][] =>
    key.startsWith(`${project}:`) ? [[key.slice(project.length + 1), value]] : [],
  );
  const region = (config["aws:region"] as string | undefined) ?? process.env.AWS_REGION;
  validate({ project, organization: "organization", stack }, Object.fromEntries(own), region);
}
