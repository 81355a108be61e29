/** Files that options name, read with the same words for all of them. */
import { readFileSync, statSync } from "node:fs";
import { UsageError } from "../failure";
import { userPath } from "./project";

/** Why a file cannot be read, as its reader would say it. */
function whyNot({ code, message }: NodeJS.ErrnoException): string {
  if (code === "ENOENT" || code === "ENOTDIR") return "there is no such file";
  return code === "EISDIR" ? "is a folder" : `cannot be read: ${message}`;
}

/** Text of a file; `shown` is what the user knows it by. @throws UsageError where it cannot be read */
export function readText(file: string, shown: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`${shown}: ${whyNot(error as NodeJS.ErrnoException)}`);
  }
}

/** Text of a file that an option names. @throws UsageError naming the option */
export function readGiven(option: string, given: string, root: string): string {
  return readText(userPath(given, root), `${option} ${given}`);
}

/**
 * Path of a file that an option names, which is read later.
 * @param advice what would be accepted, and how to mend it: lines below the message
 * @throws UsageError where there is none, or a folder
 */
export function givenFile(option: string, given: string, root: string, ...advice: readonly string[]): string {
  const file = userPath(given, root);
  const there = statSync(file, { throwIfNoEntry: false });
  if (there?.isDirectory() === false) return file;
  const problem = there ? "is a folder" : "there is no such file";
  throw new UsageError([`${option} ${given}: ${problem}`, ...advice.map((line) => `  ${line}`)].join("\n"));
}
