import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { EvaluationError } from "../plan/failure";
import { isBuiltPlugin, mendBuiltPlugin } from "./built-plugin";

/** Something that the sandbox needs is not on this machine; the message says how to get it. */
export class MissingError extends EvaluationError {
  override readonly name = "MissingError";
}

/** What is there. */
export interface Engine {
  /** Folder of the `pulumi` found; put first on the PATH, for npm puts its own folders before it. */
  readonly binFolder: string;
  readonly version: string;
  /** Resource plugins, as `aws-7.48.0`. */
  readonly plugins: readonly string[];
}

interface Plugin {
  readonly name: string;
  readonly kind: string;
  readonly version: string;
}

/** Finds a program on the PATH, outside `node_modules`. */
function findProgram(name: string): string | undefined {
  const names = process.platform === "win32" ? [`${name}.exe`, `${name}.cmd`] : [name];
  const folders = (process.env.PATH ?? "").split(path.delimiter).filter((folder) => !folder.includes("node_modules"));
  for (const folder of folders) {
    for (const candidate of names) {
      const file = path.join(folder, candidate);
      if (spawnSync(file, ["version"], { stdio: "ignore" }).status === 0) return file;
    }
  }
  return undefined;
}

/** Version of an installed npm package of the program. */
function packageVersion(root: string, name: string): string {
  const file = path.join(root, "node_modules", ...name.split("/"), "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

/**
 * Looks up the Pulumi CLI. Null where there is none.
 */
export function findEngine(): Engine | undefined {
  const program = findProgram("pulumi");
  if (!program) return undefined;
  const ask = (...args: string[]) =>
    spawnSync(program, args, { encoding: "utf8", env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "1" } });
  const listed = ask("plugin", "ls", "--json").stdout;
  const plugins = (JSON.parse(listed || "[]") as Plugin[])
    .filter(({ kind }) => kind === "resource")
    .map(({ name, version }) => `${name}-${version}`);
  return { binFolder: path.dirname(program), version: ask("version").stdout.trim(), plugins };
}

/** The plugin that the program's version of `@pulumi/aws` asks for, as `aws-7.48.0`. */
export function neededAwsPlugin(root: string): string {
  return `aws-${packageVersion(root, "@pulumi/aws")}`;
}

/** Whether the aws plugin that the program needs is one that this machine built itself. */
export function usesBuiltPlugin(root: string): boolean {
  return isBuiltPlugin(neededAwsPlugin(root));
}

/**
 * The engine with its aws plugin, which is fetched where Pulumi's downloads can be reached.
 * @throws MissingError naming what is missing and how to get it.
 */
export function requireEngine(root: string, progress: (line: string) => void): Engine {
  const engine = findEngine();
  if (!engine) {
    throw new MissingError(
      "The Pulumi CLI is missing: there is no `pulumi` on the PATH.\n" +
        "  fix: install it (https://www.pulumi.com/docs/install/) and open a new terminal. The offline planner, `npm run plan`, needs none.",
    );
  }
  const needed = neededAwsPlugin(root);
  if (engine.plugins.includes(needed)) {
    mendBuiltPlugin(needed);
    return engine;
  }
  const version = needed.slice("aws-".length);
  progress(`Fetching Pulumi's aws plugin ${version} (once, some 200 MB) ...`);
  const program = path.join(engine.binFolder, "pulumi");
  const fetched = spawnSync(program, ["plugin", "install", "resource", "aws", version], { encoding: "utf8" });
  if (fetched.status !== 0) {
    const said = `${fetched.stdout}\n${fetched.stderr}`.trim().split("\n").slice(-5).join("\n  ");
    throw new MissingError(
      `Pulumi's aws plugin ${version} is missing and could not be fetched.\n  ${said}\n` +
        "  fix: Pulumi fetches its plugins by itself where it reaches get.pulumi.com or GitHub (HTTPS_PROXY is honoured); by hand it is\n" +
        `       pulumi plugin install resource aws ${version}\n` +
        "       A plugin built elsewhere goes into ~/.pulumi/plugins.",
    );
  }
  return { ...engine, plugins: [...engine.plugins, needed] };
}
