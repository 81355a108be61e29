/** Bundles of the Lambda functions: one JavaScript file each, made once and kept until a source or a dependency changes. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import type { BuildOptions } from "esbuild";

/** The newest runtime that AWS supports for long; bundles are written for it. */
export const lambdaRuntime = "nodejs24.x";

const options: BuildOptions = {
  bundle: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  minify: true,
  keepNames: true, // error names are what state machines retry on
  legalComments: "none",
  charset: "utf8",
  metafile: true,
  write: false,
  logLevel: "silent",
};

/** The folder of `Pulumi.yaml`. */
function projectRoot(): string {
  let folder = __dirname;
  while (!existsSync(path.join(folder, "Pulumi.yaml")) && path.dirname(folder) !== folder)
    folder = path.dirname(folder);
  return folder;
}

let sourcesHash: string | undefined;

/** One hash over everything a bundle can be made of: the functions' sources, the pinned dependencies, the options. */
function hashSources(root: string): string {
  if (sourcesHash !== undefined) return sourcesHash;
  const hash = createHash("sha256").update(JSON.stringify(options));
  hash.update(readFileSync(path.join(root, "package-lock.json")));
  const files = readdirSync(path.join(root, "lambdas"), { recursive: true, encoding: "utf8" });
  for (const file of files.filter((name) => name.endsWith(".ts")).sort()) {
    hash.update(file).update("\0");
    hash.update(readFileSync(path.join(root, "lambdas", file)));
  }
  sourcesHash = hash.digest("hex");
  return sourcesHash;
}

/** A bundle's file, for an asset. */
export interface LambdaBundle {
  /** Path below the project's folder. */
  readonly file: string;
  /** Base64 SHA-256 of the contents: equal sources give an equal hash on every machine. */
  readonly hash: string;
}

/**
 * The bundle of `lambdas/<entry>/handler.ts`. Kept in `.cache/lambdas/`, so that only the first run after a change pays
 * for esbuild (some 0.2 s a function).
 * @throws when the folder has no handler, or reaches into sources outside `lambdas/`, which the cache would not notice
 */
export function bundleLambda(entry: string): LambdaBundle {
  const root = projectRoot();
  const folder = path.join(".cache", "lambdas", `${entry}-${hashSources(root).slice(0, 16)}`);
  const file = path.join(folder, "index.js");
  const full = path.join(root, file);
  if (!existsSync(full)) build(root, entry, full);
  const hash = createHash("sha256").update(readFileSync(full)).digest("base64");
  return { file, hash };
}

function build(root: string, entry: string, file: string): void {
  const source = path.join("lambdas", entry, "handler.ts");
  if (!existsSync(path.join(root, source))) throw new Error(`There is no Lambda function ${source}`);
  // Loaded here only: whoever finds every bundle in the cache does not wait for esbuild.
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded lazily and synchronously
  const { buildSync } = require("esbuild") as typeof import("esbuild");
  const result = buildSync({ ...options, absWorkingDir: root, entryPoints: [source], outfile: "index.js" });
  const stray = Object.keys(result.metafile?.inputs ?? {}).filter(
    (input) => !input.startsWith("lambdas/") && !input.includes("node_modules/"),
  );
  if (stray.length > 0) throw new Error(`${source} reaches outside lambdas/: ${stray.join(", ")}`);
  const output = result.outputFiles?.[0];
  if (!output) throw new Error(`esbuild wrote nothing for ${source}`);
  // Written beside and renamed, so that processes that bundle at the same time never read half a file.
  mkdirSync(path.dirname(file), { recursive: true });
  const beside = `${file}.${process.pid}`;
  writeFileSync(beside, output.contents);
  renameSync(beside, file);
}
