import type { Issue } from "../../common/validation";
import { checkAppSecrets, type AppSecretSettings } from "../../security/secrets";
import { checkBuckets, type BucketsSettings } from "../data-buckets/settings";
import { checkPostgres, type PostgresSettings } from "../postgres-database/settings";
import { checkRedis, type RedisSettings } from "../redis-cache/settings";
import { checkTimescale, type TimescaleSettings } from "../timescale-database/settings";

/** Stores of the platform that clients connect to. */
export const dataStores = ["postgres", "timescale", "redis"] as const;
export type DataStore = (typeof dataStores)[number];

/** The parts of a data platform in plain values; what is absent is not made. */
export interface DataPlatformSettings {
  readonly postgres?: PostgresSettings;
  readonly timescale?: Omit<TimescaleSettings, "logGroupName"> & { readonly logGroupName?: string };
  readonly redis?: RedisSettings;
  readonly buckets?: BucketsSettings;
  readonly secrets?: {
    readonly namePrefix: string;
    readonly entries: Readonly<Record<string, AppSecretSettings>>;
    readonly allowPlaceholders: boolean;
    readonly recoveryWindowDays: number;
  };
}

const below = (part: string, issues: readonly Issue[]) =>
  issues.map((issue) => ({ ...issue, path: `${part}.${issue.path}` }));

/** `secrets.betfair.fields` is written `entries.betfair.fields` in the settings. */
const secretPath = (issue: Issue) => ({ ...issue, path: issue.path.replace(/^secrets\./, "entries.") });

/** What is wrong with the parts, and with how they go together. */
export function checkDataPlatform(settings: DataPlatformSettings, region: string): Issue[] {
  const { postgres, timescale, redis, buckets, secrets } = settings;
  const issues: Issue[] = [];
  if (!postgres && !timescale && !redis && !buckets && !secrets) {
    issues.push({
      path: "",
      problem: "is on without any part",
      allowed: "postgres, timescale, redis, buckets, secrets",
      fix: "Add a part (an empty object {} takes its defaults), or remove the section.",
    });
  }
  if (postgres) issues.push(...below("postgres", checkPostgres(postgres, region)));
  if (redis) issues.push(...below("redis", checkRedis(redis)));
  if (buckets) issues.push(...below("buckets", checkBuckets(buckets, region)));
  if (timescale) {
    issues.push(...below("timescale", checkTimescale({ ...timescale, logGroupName: timescale.logGroupName ?? "" })));
    if (!buckets?.backups) {
      issues.push({
        path: "timescale",
        problem: "has no bucket to archive to",
        fix: "Add buckets.backups (an empty object {} takes its defaults).",
      });
    }
  }
  if (secrets) {
    const { namePrefix, entries, recoveryWindowDays } = secrets;
    const found = checkAppSecrets({ namePrefix, secrets: entries, recoveryWindowDays });
    issues.push(...below("secrets", found.map(secretPath)));
  }
  const named = new Map<string, string>();
  const names: [string, string | undefined][] = [
    ["postgres.secretName", postgres?.secretName],
    ["timescale.secretName", timescale?.secretName],
    ["redis.secretName", redis?.secretName],
    ...Object.keys(secrets?.entries ?? {}).map((key): [string, string] => [
      `secrets.entries.${key}`,
      `${secrets?.namePrefix ?? ""}/${key}`,
    ]),
  ];
  for (const [path, name] of names) {
    if (name === undefined) continue;
    const owner = named.get(name);
    if (owner !== undefined) {
      issues.push({ path, problem: `has the name of ${owner}`, value: name, fix: "Give each secret its own name." });
    }
    named.set(name, path);
  }
  return issues;
}
