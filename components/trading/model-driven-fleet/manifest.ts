import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { z } from "zod";
import { ValidationError } from "../../common/validation";
import type { Shard } from "./placement";

/** What a deployment leaves in the bucket: the models it runs. The next one, and the other shards, compare with it. */
export interface Manifest {
  readonly schemaVersion: 1;
  readonly project: string;
  readonly stack: string;
  /** Null for a stack that runs every model. */
  readonly shard: Shard | null;
  /** Keys of the models, sorted in code units. */
  readonly models: readonly string[];
}

/** What a deployment leaves in its stack's outputs about its fleet. */
export interface FleetRecord {
  readonly bucket: string;
  /** Key of the manifest in that bucket. */
  readonly manifest: string;
  /** Number of models deployed. */
  readonly models: number;
}

/** Folder of the deploy bucket that the manifests lie in, one folder a stack. */
export const manifestFolder = "fleet/";

export function manifestKey(stack: string): string {
  return `${manifestFolder}${stack}/manifest.json`;
}

const manifestSchema = z.object({
  schemaVersion: z.literal(1),
  project: z.string(),
  stack: z.string(),
  shard: z.object({ index: z.int(), count: z.int() }).nullable(),
  models: z.array(z.string()),
});

const recordSchema = z.object({ bucket: z.string(), manifest: z.string(), models: z.int() });

/**
 * Reads a manifest's text.
 * @throws ValidationError where it is none: what ran before is then unknown, and nothing may be removed
 */
export function parseManifest(text: string, where: string): Manifest {
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch {
    throw new ValidationError("Fleet manifest", [
      {
        path: where,
        problem: "is not a manifest that this program wrote",
        fix: "Restore an older version of the object; the bucket is versioned.",
      },
    ]);
  }
}

/** The fleet's record in a stack's earlier outputs; undefined where that deployment had no fleet. */
export function fleetRecordOf(outputs: Readonly<Record<string, unknown>>): FleetRecord | undefined {
  const parsed = recordSchema.safeParse(outputs.fleet);
  return parsed.success ? parsed.data : undefined;
}

/**
 * Writes the manifest beside the program, whole or not at all, and returns its path relative to the project. The path is
 * the same whatever it holds, so that a plan shows the changed instance and nothing else; the engine compares contents.
 */
export function writeManifest(manifest: Manifest, folder = ".fleet"): string {
  const file = path.posix.join(folder, manifest.stack, "manifest.json");
  mkdirSync(path.dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  try {
    writeFileSync(unfinished, `${JSON.stringify(manifest, undefined, 1)}\n`);
    renameSync(unfinished, file);
  } finally {
    rmSync(unfinished, { force: true });
  }
  return file;
}
