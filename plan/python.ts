import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { EvaluationError } from "./failure";

/** Folder of the Python environment, in the project's root; git-ignored. */
export const environmentFolder = ".emulator";

/** Python that moto's pinned version runs on. */
const oldestPython = [3, 10] as const;

/** A pinned distribution of `requirements.txt`. */
interface Pin {
  readonly name: string;
  readonly version: string;
}

/** The pinned distributions of a requirements file; extras and comments left out. */
export function readPins(text: string): Pin[] {
  return text
    .split("\n")
    .map((line) => /^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)$/.exec(line.trim()))
    .flatMap((match) => (match?.[1] && match[2] ? [{ name: match[1], version: match[2] }] : []));
}

/** The interpreter of an environment. */
export function interpreterOf(environment: string): string {
  return process.platform === "win32"
    ? path.join(environment, "Scripts", "python.exe")
    : path.join(environment, "bin", "python");
}

function sitePackages(environment: string): string[] {
  if (process.platform === "win32") return [path.join(environment, "Lib", "site-packages")];
  const lib = path.join(environment, "lib");
  if (!existsSync(lib)) return [];
  return readdirSync(lib)
    .filter((name) => name.startsWith("python"))
    .map((name) => path.join(lib, name, "site-packages"));
}

/** The pins that an environment does not have; all of them where there is no environment. */
export function missingPins(environment: string, pins: readonly Pin[]): Pin[] {
  if (!existsSync(interpreterOf(environment))) return [...pins];
  const normal = (name: string) => name.toLowerCase().replace(/[-_.]+/g, "_");
  const installed = new Set(
    sitePackages(environment)
      .flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []))
      .map((entry) => /^(.+)-([^-]+)\.dist-info$/.exec(entry))
      .flatMap((match) => (match?.[1] && match[2] ? [`${normal(match[1])}-${match[2]}`] : [])),
  );
  return pins.filter(({ name, version }) => !installed.has(`${normal(name)}-${version}`));
}

interface Ended {
  readonly status: number | null;
  readonly output: readonly string[];
}

/** Runs a command and hands over its lines; an error to start it is a status of null. */
function run(command: string, args: readonly string[], onLine: (line: string) => void): Promise<Ended> {
  return new Promise((resolve) => {
    const output: string[] = [];
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        output.push(line);
        onLine(line);
      });
    }
    child.once("error", (error) => resolve({ status: null, output: [...output, error.message] }));
    child.once("close", (status) => resolve({ status, output }));
  });
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join("\n");
}

async function systemPython(): Promise<string> {
  const candidates = process.platform === "win32" ? ["python", "py"] : ["python3", "python"];
  const seen: string[] = [];
  for (const command of candidates) {
    const { status, output } = await run(
      command,
      ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
      () => undefined,
    );
    const [major = 0, minor = 0] = (output[0] ?? "").split(".").map(Number);
    if (status === 0 && (major > oldestPython[0] || (major === oldestPython[0] && minor >= oldestPython[1])))
      return command;
    seen.push(
      status === 0 ? `${command} is version ${output[0] ?? "?"}` : `${command}: ${output.at(-1) ?? "no answer"}`,
    );
  }
  throw new EvaluationError(
    `The emulated AWS needs Python ${oldestPython.join(".")} or newer, and none was found.\n${indent(seen)}\n` +
      "  fix: install python3 with its venv module (Debian, Ubuntu: apt-get install python3-venv; macOS: brew install python), " +
      "or set AWS_ENDPOINT_URL to a server of your own.",
  );
}

/** A Python environment of the project: its folder and what is installed in it, both seen from the project's root. */
export interface PythonEnvironment {
  readonly folder: string;
  readonly requirements: string;
}

const emulatorEnvironment: PythonEnvironment = {
  folder: environmentFolder,
  requirements: path.join("sandbox", "requirements.txt"),
};

async function makeEnvironment(
  root: string,
  { folder, requirements }: PythonEnvironment,
  progress: (line: string) => void,
): Promise<void> {
  const environment = path.join(root, folder);
  const python = interpreterOf(environment);
  if (!existsSync(python)) {
    const system = await systemPython();
    progress(`Making the Python environment ${folder} (once, about a minute) ...`);
    const made = await run(system, ["-m", "venv", environment], () => undefined);
    if (made.status !== 0) {
      throw new EvaluationError(
        `python3 -m venv ${folder} failed.\n${indent(made.output.slice(-15))}\n` +
          "  fix: install Python's venv module (Debian, Ubuntu: apt-get install python3-venv), remove ${folder} and try again.",
      );
    }
  }
  const installed = await run(
    python,
    ["-m", "pip", "install", "--disable-pip-version-check", "-r", path.join(root, requirements)],
    (line) => {
      const found = /^(Collecting \S+|Installing collected packages)/.exec(line)?.[1];
      if (found) progress(`  ${found}`);
    },
  );
  if (installed.status !== 0) {
    throw new EvaluationError(
      `pip could not install ${requirements} into ${folder}.\n${indent(installed.output.slice(-15))}\n` +
        "  fix: see that pip reaches a package index (PIP_INDEX_URL names another one), then try again; or set " +
        "AWS_ENDPOINT_URL to a server of your own.",
    );
  }
  progress(`The Python environment ${folder} is ready.`);
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Runs one maker at a time, across processes; a lock whose owner has died is taken over. */
async function underLock(lockFile: string, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      const lock = openSync(lockFile, "wx");
      writeSync(lock, String(process.pid));
      closeSync(lock);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const owner = existsSync(lockFile) ? Number(readFileSync(lockFile, "utf8")) : 0;
      if (owner > 0 && !isAlive(owner)) rmSync(lockFile, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
  try {
    await work();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

/**
 * The interpreter that has everything an environment requires, the emulated AWS's by default; the environment is made or
 * completed when needed.
 * @throws EvaluationError when Python is missing or too old, or when venv or pip fails.
 */
export async function ensurePython(
  root: string,
  progress: (line: string) => void,
  what: PythonEnvironment = emulatorEnvironment,
): Promise<string> {
  const environment = path.join(root, what.folder);
  const pins = readPins(readFileSync(path.join(root, what.requirements), "utf8"));
  if (missingPins(environment, pins).length > 0) {
    await underLock(path.join(root, `${what.folder}.lock`), async () => {
      if (missingPins(environment, pins).length > 0) await makeEnvironment(root, what, progress);
    });
  }
  return interpreterOf(environment);
}
