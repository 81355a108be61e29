import { parseKey } from "../common/model-key";

/** A version of a registered model that carries the alias. */
export interface AliasedVersion {
  readonly name: string;
  readonly version: string;
  /** Tags of the model, and over them those of the version. */
  readonly tags: Readonly<Record<string, string>>;
}

/** A version and the key that it is deployed under. */
export interface Deployable extends AliasedVersion {
  readonly key: string;
}

/** A version that cannot be deployed, and why. */
export interface Rejected {
  readonly name: string;
  readonly version: string;
  readonly reason: string;
}

/** What the publisher wrote last: versions by key. */
export type PublishRecord = Readonly<Record<string, { readonly name: string; readonly version: string }>>;

const neededTags = ["type", "symbol", "outer", "inner"] as const;

/** The key of a version in the fleet's layout, or why there is none. The tag `model` names it, else its registered name. */
export function keyOf(version: AliasedVersion, prefix: string): { key: string } | { reason: string } {
  const { tags } = version;
  const missing = neededTags.filter((tag) => !tags[tag]?.trim());
  if (missing.length > 0) return { reason: `has no tag ${missing.join(", ")}` };
  const [type = "", symbol = "", outer = "", inner = ""] = neededTags.map((tag) => tags[tag]?.trim());
  const model = tags.model?.trim() ?? version.name;
  // A slash in a tag would make another model's key, or none.
  for (const [tag, value] of Object.entries({ type, symbol, model })) {
    if (value.includes("/")) return { reason: `has a slash in ${tag === "model" ? "its name" : `the tag ${tag}`}` };
  }
  const key = `${prefix}${type}/${symbol}/${model}-outer_${outer}_inner_${inner}`;
  const parsed = parseKey(key, prefix);
  if (parsed.kind === "rejected") return { reason: `makes the key ${JSON.stringify(key)}, which ${parsed.reason}` };
  return { key };
}

/** Sorts versions into what can be deployed and what cannot; of two for one key neither, as nobody knows which is meant. */
export function sortVersions(versions: readonly AliasedVersion[], prefix: string) {
  const byKey = new Map<string, AliasedVersion[]>();
  const rejected: Rejected[] = [];
  for (const version of versions) {
    const found = keyOf(version, prefix);
    if ("reason" in found) rejected.push({ name: version.name, version: version.version, reason: found.reason });
    else byKey.set(found.key, [...(byKey.get(found.key) ?? []), version]);
  }
  const deployable: Deployable[] = [];
  for (const [key, [first, ...others]] of byKey) {
    if (first && others.length === 0) deployable.push({ ...first, key });
    else {
      for (const { name, version } of [...(first ? [first] : []), ...others])
        rejected.push({ name, version, reason: `has the same key as another model: ${key}` });
    }
  }
  return { deployable, rejected };
}

/** What has to happen in the deploy bucket. */
export interface Changes {
  readonly publish: readonly Deployable[];
  /** Keys that were published before and that no alias asks for any more. */
  readonly remove: readonly string[];
  readonly unchanged: number;
}

/**
 * Compares with what was published before. A key whose version is rejected now stays as it is: a mistake in a tag must not
 * take a trading model away.
 * @throws Error where nothing is left of what was there: that is a registry that was lost, not a decision.
 */
export function planChanges(
  deployable: readonly Deployable[],
  rejected: readonly Rejected[],
  record: PublishRecord,
): Changes {
  const wanted = new Map(deployable.map((one) => [one.key, one]));
  const kept = new Set(rejected.map(({ name }) => name));
  const before = Object.entries(record);
  if (before.length > 0 && deployable.length === 0 && rejected.length === 0) {
    throw new Error(
      `No model carries the alias any more, and ${before.length} were published: nothing is removed. Remove the list of published models to let them go.`,
    );
  }
  const publish = deployable.filter(({ key, name, version }) => {
    const last = record[key];
    return last?.name !== name || last.version !== version;
  });
  const remove = before.filter(([key, { name }]) => !wanted.has(key) && !kept.has(name)).map(([key]) => key);
  return { publish, remove, unchanged: deployable.length - publish.length };
}

/** The list after the changes. */
export function recordAfter(
  record: PublishRecord,
  published: readonly Deployable[],
  removed: readonly string[],
): PublishRecord {
  const gone = new Set(removed);
  const next = Object.fromEntries(Object.entries(record).filter(([key]) => !gone.has(key)));
  for (const { key, name, version } of published) next[key] = { name, version };
  return next;
}

/** Where artifacts of an address lie in S3; only the server's own. */
export function artifactPlace(uri: string, artifacts: string): { bucket: string; prefix: string } {
  const [, bucket = "", root = ""] = /^s3:\/\/([^/]+)\/(.*)$/.exec(artifacts) ?? [];
  const proxied = /^mlflow-artifacts:(?:\/\/[^/]*)?\/(.+)$/.exec(uri)?.[1];
  if (proxied === undefined || proxied.split("/").includes("..")) {
    throw new Error(`The artifacts at ${uri} do not lie in the server's own bucket`);
  }
  return { bucket, prefix: `${root}${proxied.replace(/\/+$/, "")}/` };
}
