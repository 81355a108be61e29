import { renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { exitStatus, UsageError } from "./failure";

/** Refuses an output path that cannot be written, before any work is done. */
export function checkOutput(file: string, shown: string): void {
  const there = statSync(file, { throwIfNoEntry: false });
  if (there?.isDirectory()) throw new UsageError(`--out ${shown}: is a folder`);
  if (!statSync(path.dirname(file), { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`--out ${shown}: its folder does not exist`);
  }
}

/** Writes a file whole or not at all: beside it first, then in its place. */
export function writeWhole(file: string, content: string): void {
  const there = statSync(file, { throwIfNoEntry: false });
  if (there && !there.isFile()) {
    writeFileSync(file, content); // a pipe or a device
    return;
  }
  const beside = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.part`);
  try {
    writeFileSync(beside, content);
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw new UsageError(`--out ${file} cannot be written: ${(error as Error).message}`);
  }
}

let guarded = false;

/**
 * From now on nobody's `| head` is an error: what a closed pipe does not take is dropped, and the command ends with its own
 * status. Output that cannot be written for another reason, such as a full disk, ends it with a sentence and status 3.
 */
export function guardOutput(): void {
  if (guarded) return;
  guarded = true;
  for (const [stream, name] of [
    [process.stdout, "standard output"],
    [process.stderr, "standard error"],
  ] as const) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") return;
      if (stream === process.stdout) console.error(`${name} cannot be written: ${error.message}`);
      process.exit(exitStatus.failed);
    });
  }
}

/** Writes to standard output and waits until it is taken; a reader that stopped reading (`| head`) is no error. */
export async function print(content: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") resolve();
      else reject(error);
    });
    process.stdout.write(content, () => resolve());
  });
}
