import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, openSync, readFileSync, closeSync } from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { ensurePython } from "../plan/python";
import { EmulatorError } from "./emulator-error";

export { EmulatorError };

/** A running emulated AWS. */
export interface Emulator {
  /** Value for `AWS_ENDPOINT_URL`, such as `http://localhost:41233`. */
  readonly endpoint: string;
  /** The server's process; undefined where the endpoint was given. */
  readonly processId: number | undefined;
  /** Ends the server, and everything it held. Does nothing where the endpoint was given. */
  stop(): Promise<void>;
}

export interface EmulatorOptions {
  /** Port to listen on. @default a free one */
  readonly port?: number;
  /** File for the server's own log: one line a request, and the trace of whatever fails inside. @default kept for errors */
  readonly logFile?: string;
  /** Keeps the server alive after this process has ended; needs `logFile`. @default false */
  readonly detached?: boolean;
  /** Takes `AWS_ENDPOINT_URL` instead of starting a server where that is set. @default true */
  readonly honourEndpoint?: boolean;
  /** Receives one line of progress at a time. @default written to stderr */
  readonly progress?: (line: string) => void;
}

/** Longest wait for the server's first answer. A cold start on a busy machine with 2 cores takes about 15 s. */
const startTimeoutMs = 120_000;

/** What the last lines of a server say that did not start. */
const keptLogLines = 40;

/** The folder that `Pulumi.yaml` is in, from the source and from a build. */
export function projectRoot(): string {
  let folder = __dirname;
  while (!existsSync(path.join(folder, "Pulumi.yaml")) && path.dirname(folder) !== folder)
    folder = path.dirname(folder);
  return folder;
}

function toStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Waits for the line `listening on PORT` of a child that writes to a pipe. */
function portFromPipe(child: ChildProcess, kept: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new EmulatorError(notStarted("said nothing", kept))), startTimeoutMs);
    const listen = (stream: NodeJS.ReadableStream | null) => {
      if (!stream) return;
      createInterface({ input: stream }).on("line", (line) => {
        const port = /^listening on (\d+)$/.exec(line)?.[1];
        if (port) {
          clearTimeout(timer);
          resolve(Number(port));
        }
        kept.push(line);
        if (kept.length > keptLogLines) kept.shift();
      });
    };
    listen(child.stdout);
    listen(child.stderr);
    child.once("error", (error) => reject(new EmulatorError(notStarted(error.message, kept))));
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new EmulatorError(notStarted(`ended with status ${code}`, kept)));
    });
  });
}

/** Waits for the same line in a log file that the child writes by itself. */
async function portFromFile(child: ChildProcess, logFile: string): Promise<number> {
  const until = Date.now() + startTimeoutMs;
  let ended: string | undefined;
  child.once("exit", (code) => (ended = `ended with status ${code}`));
  child.once("error", (error) => (ended = error.message));
  while (Date.now() < until && ended === undefined) {
    const port = /^listening on (\d+)$/m.exec(readFileSync(logFile, "utf8"))?.[1];
    if (port) return Number(port);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const lines = readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-keptLogLines);
  throw new EmulatorError(notStarted(ended ?? "said nothing", lines));
}

function notStarted(what: string, lines: readonly string[]): string {
  const log = lines.length > 0 ? `Its last lines:\n${lines.map((line) => `  ${line}`).join("\n")}` : "It wrote no log.";
  return (
    `The emulated AWS (sandbox/serve.py) ${what} before it listened. ${log}\n` +
    "  fix: remove the folder .emulator so that it is made anew, or set AWS_ENDPOINT_URL to a server of your own."
  );
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await gone;
  clearTimeout(timer);
}

/**
 * Starts an emulated AWS on a free port: a moto server with the Local Zone and whatever else this platform needs beyond
 * it. Its Python environment `.emulator/` is made when it is missing (some 60 s, once). The server ends with this process,
 * however that ends, unless it is detached. Where `AWS_ENDPOINT_URL` is set, that server is taken as it is.
 * @throws EmulatorError when Python, pip or the server fails.
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const given = process.env.AWS_ENDPOINT_URL;
  if (given && options.honourEndpoint !== false) {
    return { endpoint: given, processId: undefined, stop: () => Promise.resolve() };
  }
  const root = projectRoot();
  const python = await ensurePython(root, options.progress ?? toStderr);
  const command = [path.join(root, "sandbox", "serve.py"), "--port", String(options.port ?? 0)];
  if (options.detached !== true) command.push("--end-with-stdin");
  const log = options.logFile === undefined ? undefined : openSync(options.logFile, "w");
  const child = spawn(python, ["-u", ...command], {
    // A pipe nobody writes to: it closes when this process ends, and the server with it.
    stdio: [options.detached ? "ignore" : "pipe", log ?? "pipe", log ?? "pipe"],
    detached: options.detached === true,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
  });
  if (log !== undefined) closeSync(log);
  const kept: string[] = [];
  try {
    const port = await (options.logFile === undefined
      ? portFromPipe(child, kept)
      : portFromFile(child, options.logFile));
    child.unref();
    for (const stream of [child.stdin, child.stdout, child.stderr]) {
      (stream as { unref?: () => void } | null)?.unref?.();
    }
    return { endpoint: `http://localhost:${port}`, processId: child.pid, stop: () => end(child) };
  } catch (error) {
    await end(child);
    throw error;
  }
}
