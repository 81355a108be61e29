import { devNull } from "node:os";
import type { Report } from "../../common/report";
import { throwIfAny } from "../../common/validation";
import {
  BucketError,
  decodeKey,
  DeployBucket,
  readBucket,
  readListingFile,
  type AwsAccess,
  type Catalog,
  type CatalogModel,
} from "../model-catalog";
import { manifestFolder, manifestKey, parseManifest, writeManifest, type FleetRecord, type Manifest } from "./manifest";
import { shardOf, type Shard } from "./placement";
import { checkRemovals, type RemovalLimits } from "./removal-guard";

export interface FleetPlanArgs extends RemovalLimits {
  readonly project: string;
  readonly stack: string;
  readonly source: "bucket" | "listing";
  readonly bucket: string;
  readonly prefix: string;
  readonly listing?: string | undefined;
  /** Takes a bucket that does not exist for an empty one on the first deployment. */
  readonly allowMissingBucket: boolean;
  readonly shard?: Shard | undefined;
  /** What the last deployment of this stack said of its fleet; undefined on the first. */
  readonly previous: FleetRecord | undefined;
  readonly access: AwsAccess;
  /** Folder that the manifest is written into. @default ".fleet" */
  readonly folder?: string;
}

/** What a deployment of a fleet consists of: plain values, known before the first resource. */
export interface FleetPlan {
  /** Models that this stack runs, sorted by key. */
  readonly models: readonly CatalogModel[];
  /** For the stack's outputs. */
  readonly record: FleetRecord;
  /** The manifest to upload as `record.manifest`; undefined while the bucket does not exist. */
  readonly manifestFile: string | undefined;
}

interface Listing {
  readonly catalog: Catalog;
  readonly notes: readonly string[];
  readonly bucketExists: boolean;
}

async function readListing(args: FleetPlanArgs, bucket: DeployBucket, report: Report): Promise<Listing> {
  if (args.source === "listing" && args.listing !== undefined) {
    return { ...readListingFile(args.listing, args.prefix), bucketExists: true };
  }
  try {
    return { catalog: await readBucket(bucket, args.prefix), notes: [], bucketExists: true };
  } catch (error) {
    const missing = error instanceof BucketError && error.code === "NoSuchBucket";
    if (!missing || !args.allowMissingBucket || args.previous !== undefined) throw error;
    report.warn(
      `The bucket ${args.bucket} does not exist yet: the fleet starts empty. Deploy again once it holds models.`,
    );
    const source = `s3://${args.bucket}/${args.prefix}`;
    return { catalog: { source, accepted: [], rejected: [] }, notes: [], bucketExists: false };
  }
}

/** A listing without any model is most often one of the wrong place. One that was left out on purpose says so itself. */
function warnOfEmpty({ catalog, bucketExists }: Listing, report: Report): void {
  if (catalog.accepted.length > 0 || !bucketExists || catalog.source === devNull) return;
  report.warn(
    `${catalog.source} names no model that can be deployed: the fleet has no instance, and those that run would be removed`,
  );
}

/** Models that the last deployment left running; where only their number is known, that. */
interface Deployed {
  readonly manifest: Manifest | undefined;
  readonly count: number;
}

async function readDeployed(args: FleetPlanArgs, bucketExists: boolean, report: Report): Promise<Deployed> {
  const { previous } = args;
  // An offline plan knows no last deployment and touches no network.
  if (previous === undefined && (args.source === "listing" || !bucketExists)) return { manifest: undefined, count: 0 };
  const where = previous ?? { bucket: args.bucket, manifest: manifestKey(args.stack) };
  const bucket = new DeployBucket(where.bucket, args.access);
  try {
    const text = await bucket.text(where.manifest);
    if (text !== undefined) {
      const manifest = parseManifest(text, `s3://${where.bucket}/${where.manifest}`);
      return { manifest, count: manifest.models.length };
    }
  } catch (error) {
    // The fleet has moved to another bucket, and the old one is gone with its manifest.
    const moved = where.bucket !== args.bucket;
    if (!(moved && error instanceof BucketError && error.code === "NoSuchBucket")) throw error;
  } finally {
    bucket.close();
  }
  if (previous !== undefined && previous.models > 0) {
    report.warn(
      `The manifest s3://${where.bucket}/${where.manifest} is gone: only the number of models deployed (${previous.models}) is known.`,
    );
  }
  return { manifest: undefined, count: previous?.models ?? 0 };
}

/** Models that other stacks of this bucket run, by the stack that does. Read only where shards are or were in play. */
async function readOtherStacks(args: FleetPlanArgs, bucket: DeployBucket): Promise<ReadonlyMap<string, string>> {
  const running = new Map<string, string>();
  let token: string | undefined;
  do {
    const page = await bucket.page({ prefix: manifestFolder, token });
    const keys = (page.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [decodeKey(Key)]));
    for (const key of keys.filter((one) => one.endsWith("/manifest.json") && one !== manifestKey(args.stack))) {
      const text = await bucket.text(key);
      if (text === undefined) continue;
      const manifest = parseManifest(text, `s3://${args.bucket}/${key}`);
      if (manifest.project !== args.project) continue;
      for (const model of manifest.models) running.set(model, manifest.stack);
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
  return running;
}

const count = (n: number, what = "model") => `${n} ${what}${n === 1 ? "" : "s"}`;

/** A few keys by name, for people. */
function some(keys: readonly string[]): string {
  const shown = keys.slice(0, 3).map((key) => JSON.stringify(key));
  return shown.join(", ") + (keys.length > shown.length ? `, and ${keys.length - shown.length} more` : "");
}

/** What a deployment changes, in sentences: what comes, what goes, and which shard it goes to. */
export function describeChanges(
  before: Manifest | undefined,
  models: readonly CatalogModel[],
  listed: ReadonlySet<string>,
  shard: Shard | undefined,
): { added: string[]; removed: string[]; notes: string[] } {
  const now = new Set(models.map(({ key }) => key));
  const was = new Set(before?.models ?? []);
  const added = models.flatMap(({ key }) => (was.has(key) ? [] : [key]));
  const gone = [...was].filter((key) => !now.has(key));
  const removed = gone.filter((key) => !listed.has(key));
  const moved = new Map<number, string[]>();
  for (const key of gone.filter((one) => listed.has(one))) {
    const target = shardOf(key, shard?.count ?? 1);
    moved.set(target, [...(moved.get(target) ?? []), key]);
  }
  const notes: string[] = [];
  if (before && added.length > 0) notes.push(`${count(added.length)} added: ${some(added)}`);
  if (removed.length > 0) notes.push(`${count(removed.length)} removed: ${some(removed)}`);
  for (const [target, keys] of [...moved].sort(([a], [b]) => a - b)) {
    notes.push(`${count(keys.length)} moved to shard ${target} of ${shard?.count ?? 1}: ${some(keys)}`);
  }
  return { added, removed: gone, notes };
}

/** Models of this stack's shard, without those that another stack still runs: no model ever trades twice. */
async function selectModels(
  args: FleetPlanArgs,
  { catalog, bucketExists }: Listing,
  deployed: Deployed,
  bucket: DeployBucket,
): Promise<{ models: readonly CatalogModel[]; notes: readonly string[] }> {
  const { shard } = args;
  const own = shard
    ? catalog.accepted.filter(({ key }) => shardOf(key, shard.count) === shard.index)
    : catalog.accepted;
  const notes: string[] = [];
  if (shard) {
    const others = catalog.accepted.length - own.length;
    notes.push(`Shard ${shard.index} of ${shard.count} runs ${count(own.length)}; ${others} are other shards'`);
  }
  const sharded = shard !== undefined || (deployed.manifest?.shard ?? null) !== null;
  const online = args.source === "bucket" || args.previous !== undefined;
  if (!sharded || !online || !bucketExists) return { models: own, notes };

  const before = new Set(deployed.manifest?.models ?? []);
  const elsewhere = await readOtherStacks(args, bucket);
  const held = own.filter(({ key }) => !before.has(key) && elsewhere.has(key));
  if (held.length === 0) return { models: own, notes };
  const stacks = [...new Set(held.map(({ key }) => elsewhere.get(key) ?? ""))].sort();
  notes.push(
    `${count(held.length)} wait for the stacks that still run them (${stacks.join(", ")}): deploy those, then this one again`,
  );
  const waiting = new Set(held);
  return { models: own.filter((model) => !waiting.has(model)), notes };
}

/**
 * Finds the models that a deployment runs: lists them, keeps this shard's, compares with the last deployment and refuses
 * what would remove too much. Writes the manifest file, and nothing else.
 * @throws BucketError where the bucket cannot be read to the end; ValidationError where too much would be removed
 */
export async function planFleet(args: FleetPlanArgs, report: Report): Promise<FleetPlan> {
  const bucket = new DeployBucket(args.bucket, args.access);
  try {
    const listing = await readListing(args, bucket, report);
    const { catalog, bucketExists } = listing;
    warnOfEmpty(listing, report);
    const deployed = await readDeployed(args, bucketExists, report);
    const { models, notes } = await selectModels(args, listing, deployed, bucket);
    const listed = new Set(catalog.accepted.map(({ key }) => key));
    const changes = describeChanges(deployed.manifest, models, listed, args.shard);
    report.models({ ...catalog, accepted: models, notes: [...listing.notes, ...notes, ...changes.notes] });

    // Without a manifest only the numbers can be compared.
    const removed = deployed.manifest ? changes.removed.length : Math.max(0, deployed.count - models.length);
    throwIfAny(
      "Fleet",
      checkRemovals({ deployed: deployed.count, removed, listed: listed.size, source: catalog.source }, args),
    );
    const manifest: Manifest = {
      schemaVersion: 1,
      project: args.project,
      stack: args.stack,
      shard: args.shard ?? null,
      models: models.map(({ key }) => key),
    };
    return {
      models,
      record: { bucket: args.bucket, manifest: manifestKey(args.stack), models: models.length },
      manifestFile: bucketExists ? writeManifest(manifest, args.folder) : undefined,
    };
  } finally {
    bucket.close();
  }
}
