import { LineCounter, parseDocument } from "yaml";
import { UsageError } from "../failure";
import { readText } from "./given-file";

export type Values = Record<string, unknown>;

export function isObject(value: unknown): value is Values {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/**
 * Reads a YAML file whose top is a mapping; an empty one is an empty mapping.
 * @param form what such a file is, such as `a stack file is a mapping with the key config`
 * @throws UsageError with the place of what is malformed
 */
export function readYaml(file: string, shown: string, form: string): Values {
  const text = readText(file, shown);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false });
  const [problem] = document.errors;
  if (problem) {
    const { line, col } = lines.linePos(problem.pos[0]);
    throw new UsageError(
      `${shown}:${line}:${col}: malformed YAML: ${problem.message}\n  ${text.split("\n")[line - 1] ?? ""}\n  ${" ".repeat(col - 1)}^`,
    );
  }
  let content: unknown;
  try {
    content = document.toJS() as unknown;
  } catch (error) {
    throw new UsageError(`${shown}: malformed YAML: ${(error as Error).message}`);
  }
  if (content === null) return {};
  if (!isObject(content)) throw new UsageError(`${shown}:1:1: ${form}, not ${JSON.stringify(content)}`);
  return content;
}
