import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  S3Client,
  type DeleteMarkerEntry,
  type ListObjectVersionsCommandOutput,
  type ObjectVersion,
} from "@aws-sdk/client-s3";
import pLimit from "p-limit";
import { manifestKey, parseManifest } from "../../components/trading/model-driven-fleet";
import { EvaluationError } from "../common/command";

/** A client for deploy buckets; an emulated AWS addresses them by path. */
export function bucketClient(region: string, profile: string | undefined): S3Client {
  const emulated = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  return new S3Client({ region, ...(profile ? { profile } : {}), forcePathStyle: emulated !== undefined });
}

interface Versions {
  readonly objects: readonly ObjectVersion[];
  readonly markers: readonly DeleteMarkerEntry[];
}

async function versionsOf(s3: S3Client, Bucket: string, Prefix: string): Promise<Versions> {
  const objects: ObjectVersion[] = [];
  const markers: DeleteMarkerEntry[] = [];
  try {
    let next: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | undefined = {};
    while (next) {
      const page: ListObjectVersionsCommandOutput = await s3.send(
        new ListObjectVersionsCommand({ Bucket, Prefix, ...next }),
      );
      objects.push(...(page.Versions ?? []));
      markers.push(...(page.DeleteMarkers ?? []));
      next = page.IsTruncated
        ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
        : undefined;
    }
  } catch (error) {
    const { name, message } = error as Error;
    throw new EvaluationError(`Versions of s3://${Bucket}/${Prefix} cannot be listed: ${name}: ${message}`);
  }
  return { objects, markers };
}

/** Models that a deployment left running, newest manifest not younger than a time; undefined where none was kept. */
export async function modelsAt(s3: S3Client, bucket: string, stack: string, at?: Date): Promise<string[] | undefined> {
  const Key = manifestKey(stack);
  const { objects } = await versionsOf(s3, bucket, Key);
  const kept = objects
    .filter((one) => one.Key === Key && (at === undefined || (one.LastModified?.getTime() ?? 0) <= at.getTime()))
    .sort((a, b) => (b.LastModified?.getTime() ?? 0) - (a.LastModified?.getTime() ?? 0));
  // Of two in the same second S3 lists the younger first, and sorting keeps that.
  const [version] = kept;
  if (!version) return undefined;
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key, VersionId: version.VersionId }));
  return [...parseManifest((await Body?.transformToString("utf-8")) ?? "", `s3://${bucket}/${Key}`).models];
}

/** What happened to the artifacts of models that come back. */
export interface Restored {
  /** Keys of the models' objects, as the bucket then lists them; a model of which nothing is left by its own key. */
  readonly listing: readonly string[];
  /** Objects whose deletion was taken back. */
  readonly objects: readonly string[];
  /** Models of which nothing is left: the bucket kept no version. */
  readonly lost: readonly string[];
}

/** Requests under way at a time. */
const concurrency = 16;

/** True for the object itself, or one in the model's folder. */
const isOf = (model: string, key: string | undefined) => key === model || key?.startsWith(`${model}/`) === true;

/**
 * Takes back deletions of models' artifacts that were made after a time, as a bucket with versions allows. `dryRun` only
 * tells.
 */
export async function restoreArtifacts(
  s3: S3Client,
  bucket: string,
  models: readonly string[],
  after: Date,
  dryRun: boolean,
): Promise<Restored> {
  const limit = pLimit(concurrency);
  const one = async (model: string) => {
    const { objects, markers } = await versionsOf(s3, bucket, model);
    const deleted = markers.filter(
      ({ Key, IsLatest, LastModified }) =>
        isOf(model, Key) && IsLatest === true && LastModified !== undefined && LastModified >= after,
    );
    const there = objects.filter(({ Key, IsLatest }) => isOf(model, Key) && IsLatest === true);
    for (const { Key = "", VersionId } of deleted) {
      if (!dryRun) await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId }));
    }
    const restored = deleted.map(({ Key = "" }) => Key);
    return { model, restored, keys: [...there.map(({ Key = "" }) => Key), ...restored] };
  };
  const all = await Promise.all(models.map((model) => limit(() => one(model))));
  return {
    listing: all.flatMap(({ model, keys }) => (keys.length > 0 ? keys : [model])),
    objects: all.flatMap(({ restored }) => restored),
    lost: all.filter(({ keys }) => keys.length === 0).map(({ model }) => model),
  };
}
