import { readFileSync } from "node:fs";
import { ValidationError } from "../../common/validation";
import { CatalogBuilder, type Catalog } from "./catalog";

/** Text of a file in UTF-8, or in the UTF-16 that Windows PowerShell's `>` writes; undefined where it is neither. */
function decode(bytes: Buffer): string | undefined {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes); // drops a byte order mark
  } catch {
    return undefined;
  }
}

function unreadable(file: string, problem: string, fix: string): ValidationError {
  return new ValidationError("Listing of models", [{ path: "fleet.listing", problem, value: file, fix }]);
}

function readText(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    const problem = { ENOENT: "does not exist", EISDIR: "is a folder", EACCES: "may not be read" }[code] ?? message;
    throw unreadable(file, problem, "Name a text file with one object key a line, relative to the project's folder.");
  }
  const text = decode(bytes);
  if (text !== undefined) return text;
  throw unreadable(file, "is not text in UTF-8", "Save it as UTF-8, with one object key a line.");
}

function* linesOf(text: string): Generator<string> {
  for (let start = 0; start <= text.length;) {
    const end = text.indexOf("\n", start);
    const stop = end < 0 ? text.length : end;
    yield text.slice(start, stop);
    start = stop + 1;
  }
}

/** A catalog from a file, and what was passed over in it. */
export interface FileCatalog {
  readonly catalog: Catalog;
  readonly notes: readonly string[];
}

/**
 * Reads a listing: one object key a line, as it is, with the line ends of any system. Blank lines and lines that start with
 * `#` are passed over (no model's key does), and counted in `notes`.
 * @throws ValidationError where the file cannot be read.
 */
export function readListingFile(file: string, prefix: string): FileCatalog {
  const builder = new CatalogBuilder(prefix);
  let windows = false;
  let comments = 0;
  let blank = 0;
  const text = readText(file);
  for (const line of linesOf(text)) {
    const key = line.endsWith("\r") ? line.slice(0, -1) : line;
    windows ||= key !== line;
    if (key.trim() === "") blank++;
    else if (key.startsWith("#")) comments++;
    else builder.add(key);
  }
  if (blank > 0 && (text === "" || text.endsWith("\n"))) blank--; // what follows the last line's end is no line
  const notes = [
    comments > 0 && `${comments} comment${comments === 1 ? "" : "s"} passed over`,
    blank > 0 && `${blank} blank line${blank === 1 ? "" : "s"} passed over`,
    windows && "Windows line ends read as line ends",
  ].filter((note) => typeof note === "string");
  return { catalog: builder.build(file), notes: notes.length > 0 ? [`${file}: ${notes.join(", ")}`] : [] };
}
