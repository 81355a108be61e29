import type { BucketSettings } from "../../common/bucket";
import type { Issue } from "../../common/validation";

export type { BucketSettings } from "../../common/bucket";

/** What a bucket is for; the kind decides its defaults and, for `logs`, its policy. */
export const bucketKinds = ["marketData", "modelArtifacts", "modelDeploy", "backups", "compliance", "logs"] as const;
export type BucketKind = (typeof bucketKinds)[number];

/** The buckets that a stack makes, by kind. */
export type BucketsSettings = Readonly<Partial<Record<BucketKind, BucketSettings>>>;

/** SEC rule 17a-4 asks broker-dealers to keep records for six years: six years and the two leap days they can hold. */
export const secRule17a4Days = 6 * 365 + 2;

/** Smallest age at which S3 moves an object to a class, and the least stay in the class before, in days. */
const minimumArchiveStayDays = 90;

/** Retention of Object Lock that AWS takes at most: 100 years. */
const maximumLockDays = 36_500;

function checkName(path: string, name: string): Issue[] {
  if (/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(name)) return [];
  return [
    {
      path,
      problem: name.includes(".")
        ? "has a dot, which the TLS certificate of S3 does not cover"
        : "is not an S3 bucket name",
      value: name,
      allowed: "3 to 63 lower-case letters, digits and dashes",
      fix: "Choose another name; bucket names are global, so prefix it with the organisation.",
    },
  ];
}

function checkAges(path: string, bucket: BucketSettings): Issue[] {
  const issues: Issue[] = [];
  const { archiveAfterDays: archive, deepArchiveAfterDays: deep, expireAfterDays: expire } = bucket;
  const tiering = bucket.intelligentTieringAfterDays;
  for (const [field, age] of [
    ["archiveAfterDays", archive],
    ["deepArchiveAfterDays", deep],
  ] as const) {
    if (tiering === undefined || age === undefined) continue;
    issues.push({
      path: `${path}.${field}`,
      problem: "stands beside intelligentTieringAfterDays; objects under Intelligent-Tiering move by themselves",
      value: age,
      fix: "Keep one of the two.",
    });
  }
  if (archive !== undefined && deep !== undefined && deep < archive + minimumArchiveStayDays) {
    issues.push({
      path: `${path}.deepArchiveAfterDays`,
      problem: `is less than ${minimumArchiveStayDays} days after archiveAfterDays (${archive}), the least time that Glacier Instant Retrieval charges for`,
      value: deep,
      allowed: `at least ${archive + minimumArchiveStayDays}`,
    });
  }
  const last = Math.max(tiering ?? 0, archive ?? 0, deep ?? 0);
  if (expire !== undefined && expire <= last) {
    issues.push({
      path: `${path}.expireAfterDays`,
      problem: `is not after the last change of storage class (${last} days)`,
      value: expire,
      allowed: `more than ${last}`,
    });
  }
  return issues;
}

function checkLock(path: string, bucket: BucketSettings): Issue[] {
  const issues: Issue[] = [];
  if (!bucket.lock) return issues;
  const days = bucket.lock.retentionDays;
  if (!Number.isInteger(days) || days < 1 || days > maximumLockDays) {
    issues.push({
      path: `${path}.lock.retentionDays`,
      problem: "is no retention of Object Lock",
      value: days,
      allowed: `a whole number from 1 to ${maximumLockDays}`,
      fix: `SEC rule 17a-4 asks for ${secRule17a4Days} days (6 years).`,
    });
  } else if (bucket.expireAfterDays !== undefined && bucket.expireAfterDays < days) {
    issues.push({
      path: `${path}.expireAfterDays`,
      problem: `is before the end of the lock (${days} days): S3 could not delete what expires`,
      value: bucket.expireAfterDays,
      allowed: `at least ${days}, or left out`,
    });
  }
  return issues;
}

function checkLogs(path: string, bucket: BucketSettings): Issue[] {
  const issues: Issue[] = [];
  if (bucket.encryption !== "s3") {
    issues.push({
      path: `${path}.encryption`,
      problem: "cannot be kms: S3 and load balancers deliver access logs only to a bucket with SSE-S3",
      value: bucket.encryption,
      allowed: "s3",
    });
  }
  if (bucket.lock) {
    issues.push({
      path: `${path}.lock`,
      problem: "cannot be set on the log bucket: S3 delivers no access logs to a bucket with a default retention",
      fix: "Keep locked records in the compliance bucket.",
    });
  }
  return issues;
}

/** All that S3 would refuse, or worse accept, in the buckets of a stack in `region`. */
export function checkBuckets(buckets: BucketsSettings, region: string): Issue[] {
  const issues: Issue[] = [];
  const owners = new Map<string, string>();
  for (const kind of bucketKinds) {
    const bucket = buckets[kind];
    if (!bucket) continue;
    if (bucket.name !== undefined) {
      issues.push(...checkName(`${kind}.name`, bucket.name));
      const owner = owners.get(bucket.name);
      if (owner) {
        issues.push({
          path: `${kind}.name`,
          problem: `is also the name of the bucket ${owner}`,
          value: bucket.name,
          fix: "Give each bucket its own name, or leave the name out.",
        });
      }
      owners.set(bucket.name, kind);
    }
    issues.push(...checkAges(kind, bucket), ...checkLock(kind, bucket));
    if (kind === "logs") issues.push(...checkLogs(kind, bucket));
    if (bucket.replicaRegion === region) {
      issues.push({
        path: `${kind}.replicaRegion`,
        problem: "is the Region of the bucket itself: a replica there survives no loss of the Region",
        value: bucket.replicaRegion,
        fix: "Name another Region, such as us-west-2 for us-east-1.",
      });
    }
  }
  return issues;
}
