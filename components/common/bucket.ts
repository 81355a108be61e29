import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument, type Cloud, type Statement } from "./iam";
import { keyStatements, logDeliveryStatements, tlsOnlyStatements } from "./bucket-statements";

/** Write-once retention by S3 Object Lock. */
export interface LockSettings {
  /** `COMPLIANCE`: nobody, the root user included, can shorten it or delete before its end. `GOVERNANCE`: a right can. */
  readonly mode: "COMPLIANCE" | "GOVERNANCE";
  readonly retentionDays: number;
}

/** One bucket in plain values. */
export interface BucketSettings {
  /** Physical name where a requirement fixes it. @default Pulumi's own name */
  readonly name?: string;
  /** `kms`: the platform's customer key; `s3`: keys of S3 (SSE-S3). */
  readonly encryption: "kms" | "s3";
  /** Objects move to S3 Intelligent-Tiering at this age. @default never */
  readonly intelligentTieringAfterDays?: number;
  /** Objects move to Glacier Instant Retrieval at this age. @default never */
  readonly archiveAfterDays?: number;
  /** Objects move to Glacier Deep Archive at this age. @default never */
  readonly deepArchiveAfterDays?: number;
  /** Objects expire at this age. @default never */
  readonly expireAfterDays?: number;
  /** Former versions are kept this long. */
  readonly keepOldVersionsDays: number;
  /** Region of a replica that every new object is copied to. @default none */
  readonly replicaRegion?: string;
  readonly lock?: LockSettings;
}

/** What one bucket, or its replica, is made of. */
export interface BucketParts {
  /** What it holds, the value of its `data-class` tag; access logs are delivered to the kind `logs`. */
  readonly kind: string;
  readonly settings: BucketSettings;
  readonly cloud: Cloud;
  /** Region where it is not the stack's. */
  readonly region?: string;
  /** Key for `encryption: kms`. */
  readonly kmsKeyArn?: pulumi.Output<string>;
  /** Keep the bucket and its objects whatever happens to the stack. */
  readonly protected: boolean;
  /** Delete the bucket with what is in it. @default unless it is protected */
  readonly forceDestroy?: boolean;
  /** Further statements of its policy, such as the services that deliver into it. @default none */
  readonly statements?: (bucketArn: string) => readonly Statement[];
}

/** A bucket that has everything but its policy. */
export interface ClosedBucket {
  readonly bucket: aws.s3.Bucket;
  readonly versioning: aws.s3.BucketVersioning;
  readonly access: aws.s3.BucketPublicAccessBlock;
}

/** A bucket with what its companions have to wait for. */
export interface MadeBucket {
  readonly bucket: aws.s3.Bucket;
  readonly versioning: aws.s3.BucketVersioning;
  readonly policy: aws.s3.BucketPolicy;
}

/** Days after which parts of an upload that never ended are thrown away. */
const abandonedUploadDays = 7;

function policyOf(parts: BucketParts, bucketArn: string, kmsKeyArn: string | undefined) {
  const statements: Statement[] = tlsOnlyStatements(bucketArn);
  if (kmsKeyArn) statements.push(...keyStatements(bucketArn, kmsKeyArn));
  if (parts.kind === "logs") statements.push(...logDeliveryStatements(bucketArn, parts.cloud));
  if (parts.statements) statements.push(...parts.statements(bucketArn));
  return policyDocument(statements);
}

/** Changes of storage class by age, in the order S3 wants. */
export function transitionsOf(settings: BucketSettings): { days: number; storageClass: string }[] {
  return [
    { days: settings.intelligentTieringAfterDays, storageClass: "INTELLIGENT_TIERING" },
    { days: settings.archiveAfterDays, storageClass: "GLACIER_IR" },
    { days: settings.deepArchiveAfterDays, storageClass: "DEEP_ARCHIVE" },
  ].filter((transition): transition is { days: number; storageClass: string } => transition.days !== undefined);
}

/** Encrypts a bucket, and closes it to the public and to ACLs; its policy waits for what comes back. */
function encryptAndClose(name: string, parts: BucketParts, bucket: aws.s3.Bucket, opts: pulumi.CustomResourceOptions) {
  const { region, kmsKeyArn } = parts;
  const kms = parts.settings.encryption === "kms";
  new aws.s3.BucketServerSideEncryptionConfiguration(
    `${name}-encryption`,
    {
      bucket: bucket.id,
      rules: [
        {
          applyServerSideEncryptionByDefault: kms
            ? { sseAlgorithm: "aws:kms", kmsMasterKeyId: kmsKeyArn }
            : { sseAlgorithm: "AES256" },
          bucketKeyEnabled: kms,
        },
      ],
      region,
    },
    opts,
  );
  const access = new aws.s3.BucketPublicAccessBlock(
    `${name}-public-access`,
    {
      bucket: bucket.id,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
      region,
    },
    opts,
  );
  new aws.s3.BucketOwnershipControls(
    `${name}-ownership`,
    { bucket: bucket.id, rule: { objectOwnership: "BucketOwnerEnforced" }, region },
    opts,
  );
  return access;
}

/** The policy of a bucket; S3 refuses two changes of a bucket's access at once. */
export function createBucketPolicy(
  name: string,
  closed: ClosedBucket,
  policy: pulumi.Input<ReturnType<typeof policyDocument>>,
  parent: pulumi.Resource,
  region?: string,
): aws.s3.BucketPolicy {
  return new aws.s3.BucketPolicy(
    `${name}-policy`,
    { bucket: closed.bucket.id, policy: pulumi.jsonStringify(policy), region },
    { parent, dependsOn: [closed.access] },
  );
}

function ageObjects(
  name: string,
  parts: BucketParts,
  made: Pick<MadeBucket, "bucket" | "versioning">,
  opts: pulumi.CustomResourceOptions,
) {
  const { settings, region } = parts;
  const objects = transitionsOf(settings);
  new aws.s3.BucketLifecycleConfiguration(
    `${name}-lifecycle`,
    {
      bucket: made.bucket.id,
      rules: [
        {
          id: "objects",
          status: "Enabled",
          filter: { prefix: "" },
          ...(objects.length > 0 ? { transitions: objects } : {}),
          ...(settings.expireAfterDays === undefined ? {} : { expiration: { days: settings.expireAfterDays } }),
          noncurrentVersionExpiration: { noncurrentDays: settings.keepOldVersionsDays },
          abortIncompleteMultipartUpload: { daysAfterInitiation: abandonedUploadDays },
        },
      ],
      region,
    },
    { ...opts, dependsOn: [made.versioning] },
  );
  if (settings.lock) {
    const { mode, retentionDays } = settings.lock;
    new aws.s3.BucketObjectLockConfiguration(
      `${name}-lock`,
      {
        bucket: made.bucket.id,
        objectLockEnabled: "Enabled",
        rule: { defaultRetention: { mode, days: retentionDays } },
        region,
      },
      { ...opts, dependsOn: [made.versioning] },
    );
  }
}

/** Makes a bucket whose policy has to name what does not exist yet: `createBucketPolicy` comes after. */
export function createClosedBucket(
  name: string,
  parts: Omit<BucketParts, "statements">,
  parent: pulumi.Resource,
): ClosedBucket {
  const { settings, region } = parts;
  const opts = { parent };
  const kept = { parent, protect: parts.protected, retainOnDelete: parts.protected };
  const bucket = new aws.s3.Bucket(
    `${name}-bucket`,
    {
      bucket: settings.name,
      objectLockEnabled: settings.lock !== undefined,
      forceDestroy: parts.forceDestroy ?? !parts.protected,
      region,
      tags: { Name: name, "data-class": parts.kind },
    },
    kept,
  );
  const versioning = new aws.s3.BucketVersioning(
    `${name}-versioning`,
    { bucket: bucket.id, versioningConfiguration: { status: "Enabled" }, region },
    opts,
  );
  const access = encryptAndClose(name, parts, bucket, opts);
  ageObjects(name, parts, { bucket, versioning }, opts);
  return { bucket, versioning, access };
}

/** Makes one bucket with everything that belongs to it; logging and replication come after, as they join two buckets. */
export function createBucket(name: string, parts: BucketParts, parent: pulumi.Resource): MadeBucket {
  const closed = createClosedBucket(name, parts, parent);
  const key = parts.settings.encryption === "kms" ? parts.kmsKeyArn : undefined;
  const document = pulumi.all([closed.bucket.arn, key]).apply(([arn, keyArn]) => policyOf(parts, arn, keyArn));
  const policy = createBucketPolicy(name, closed, document, parent, parts.region);
  return { bucket: closed.bucket, versioning: closed.versioning, policy };
}
