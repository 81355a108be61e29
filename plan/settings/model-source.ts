/** Where a plan reads its model listing: the option, or else the file that the stack's configuration names. */
import { devNull } from "node:os";
import * as path from "node:path";
import { UsageError } from "../failure";
import { givenFile } from "./given-file";
import type { StackConfig } from "./stack-config";

type Fleet = Record<string, unknown>;

/** The fleet's settings; undefined where the stack has none, or something that its schema will refuse. */
function fleetOf(settings: StackConfig, key: string): Fleet | undefined {
  const text = settings.config[key];
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Fleet) : undefined;
  } catch {
    return undefined;
  }
}

/** Bucket and prefix of `s3://bucket/prefix`. */
function s3Location(models: string): { bucket: string; prefix: string | undefined } {
  const [, bucket, rest] = /^s3:\/\/([^/]+)(?:\/+(.*?))?\/*$/s.exec(models) ?? [];
  if (!bucket) throw new UsageError(`--models ${models}: names no bucket\n  allowed: a file, or s3://bucket/prefix`);
  return { bucket, prefix: rest ? `${rest}/` : undefined };
}

const listingFile = (given: string, root: string) =>
  givenFile("--models", given, root, "allowed: a file with one object key a line, or s3://bucket/prefix");

/**
 * The configuration with the fleet's listing in it. Without the option the bucket itself is never asked: a plan needs no
 * network unless it is told to use one.
 * @throws UsageError where the option names nothing that can be read, or the stack has no fleet.
 */
export function withModels(settings: StackConfig, models: string | undefined, root: string): StackConfig {
  const key = `${settings.project}:fleet`;
  const fleet = fleetOf(settings, key);
  const changed = (fields: Fleet, ...warnings: string[]): StackConfig => ({
    ...settings,
    config: { ...settings.config, [key]: JSON.stringify({ ...fleet, ...fields }) },
    warnings: [...settings.warnings, ...warnings],
  });
  if (settings.config[key] === undefined || fleet?.enabled === false || settings.config[key] === "false") {
    if (models === undefined) return settings;
    throw new UsageError(
      `--models ${models}: stack ${settings.stack} has no fleet\n  fix: add ${key}: {} to its file, or leave --models out`,
    );
  }
  if (!fleet) return settings;
  if (models?.startsWith("s3://")) {
    const { bucket, prefix } = s3Location(models);
    return changed({ source: "bucket", bucket, ...(prefix && { prefix }), allowMissingBucket: false });
  }
  if (models !== undefined) return changed({ source: "listing", listing: listingFile(models, root) });
  if (typeof fleet.listing === "string") {
    return changed({ source: "listing", listing: path.resolve(root, fleet.listing) });
  }
  return changed(
    { source: "listing", listing: devNull },
    "No model listing: the fleet is planned empty. Name one with --models FILE or s3://bucket/prefix, or as fleet.listing",
  );
}
