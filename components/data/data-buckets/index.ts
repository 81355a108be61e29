import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { slug } from "../../common/naming";
import type { TopicsAbroad } from "../../common/alarm";
import type { Cloud } from "../../common/iam";
import { throwIfAny } from "../../common/validation";
import { EncryptionKey } from "../../security/encryption-key";
import { createBucket, type MadeBucket } from "../../common/bucket";
import { replicate } from "./replication";
import { bucketKinds, checkBuckets, type BucketKind, type BucketSettings, type BucketsSettings } from "./settings";

export * from "./settings";
export { bucketAccessStatements } from "./policies";

export interface DataBucketsArgs {
  readonly cloud: Cloud;
  /** The buckets by kind. The log bucket is made whenever there is another bucket, as its access logs need a place. */
  readonly buckets: BucketsSettings;
  /** Keep buckets, objects and keys when the stack is destroyed, and refuse to delete them. @default true */
  readonly protected?: boolean;
  readonly alarmTopicArn?: pulumi.Input<string>;
  /** Topics of the replicas' Regions, where their lag is measured. @default none */
  readonly alarmTopicsAbroad?: TopicsAbroad;
}

/** What siblings need of one bucket. */
export interface DataBucket {
  readonly name: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  /** Customer key of the objects; undefined where S3's own keys encrypt. */
  readonly kmsKeyArn?: pulumi.Output<string>;
  readonly replicaArn?: pulumi.Output<string>;
  readonly replicaName?: pulumi.Output<string>;
}

/** The log bucket where none is configured. */
const defaultLogs: BucketSettings = { encryption: "s3", expireAfterDays: 400, keepOldVersionsDays: 30 };

/** `marketData` -> `market-data`. */
const dashed = (kind: BucketKind) => slug(kind.replace(/([A-Z])/g, "-$1"));

/**
 * The buckets of a platform: market data, model artifacts, the fleet's deploy bucket, backups, compliance records, logs.
 *
 * Makes for each: the bucket, versioning, encryption, a public access block, ownership by the bucket's owner, a policy that
 * refuses anything but TLS 1.2 and later (and other keys than the bucket's), a lifecycle, access logging to the log bucket;
 * where asked for, Object Lock with a default retention and a replica in another Region with alarms on its lag. One key for
 * all KMS buckets; one key and one log bucket for each Region with replicas.
 *
 * Errors: `ValidationError` for names, ages, locks and Regions that S3 would refuse or that could never take effect.
 * Cost: storage and requests; replication adds storage there, transfer, and 0.015 USD a GB for the 15-minute promise.
 */
export class DataBuckets extends pulumi.ComponentResource {
  readonly buckets: Readonly<Partial<Record<BucketKind, DataBucket>>>;
  /** Target of access logs. */
  readonly logBucketName: pulumi.Output<string>;
  /** Key of the KMS buckets; undefined where there is none. */
  readonly kmsKeyArn?: pulumi.Output<string>;

  constructor(name: string, args: DataBucketsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:data:DataBuckets", name, {}, opts);
    const settings: BucketsSettings = { ...args.buckets, logs: args.buckets.logs ?? defaultLogs };
    throwIfAny(`DataBuckets ${name}`, checkBuckets(settings, args.cloud.region));
    const keys = this.createKeys(name, args, settings);
    const made = new Map<BucketKind, MadeBucket>();
    const replicas = new Map<BucketKind, MadeBucket>();
    const buckets: Partial<Record<BucketKind, DataBucket>> = {};
    for (const kind of bucketKinds) {
      const one = settings[kind];
      if (!one) continue;
      const child = `${name}-${dashed(kind)}`;
      const kmsKeyArn = one.encryption === "kms" ? keys.get(args.cloud.region)?.arn : undefined;
      const bucket = this.createOne(child, kind, one, args, kmsKeyArn);
      made.set(kind, bucket);
      const replica = one.replicaRegion ? this.createReplica(child, kind, one, args, bucket, keys) : undefined;
      if (replica) replicas.set(kind, replica);
      buckets[kind] = {
        name: bucket.bucket.bucket,
        arn: bucket.bucket.arn,
        kmsKeyArn,
        replicaArn: replica?.bucket.arn,
        replicaName: replica?.bucket.bucket,
      };
    }
    this.logBucketName = this.logAccess(name, made);
    this.logReplicas(name, args, settings, replicas);
    this.buckets = buckets;
    this.kmsKeyArn = keys.get(args.cloud.region)?.arn;
    this.registerOutputs({ buckets, logBucketName: this.logBucketName, kmsKeyArn: this.kmsKeyArn });
  }

  /** One key for each Region that holds KMS buckets. */
  private createKeys(name: string, args: DataBucketsArgs, settings: BucketsSettings): Map<string, EncryptionKey> {
    const withKms = Object.values(settings).filter(({ encryption }) => encryption === "kms");
    const home = args.cloud.region;
    const regions = new Set(withKms.flatMap(({ replicaRegion }) => [home, ...(replicaRegion ? [replicaRegion] : [])]));
    return new Map(
      [...regions].map((region) => [
        region,
        new EncryptionKey(
          region === home ? `${name}-key` : `${name}-${region}-key`,
          {
            cloud: { ...args.cloud, region },
            region: region === home ? undefined : region,
            description: region === home ? "Objects in the data buckets" : "Replicas of the data buckets",
            retain: args.protected ?? true,
          },
          { parent: this },
        ),
      ]),
    );
  }

  private createOne(
    child: string,
    kind: BucketKind,
    settings: BucketSettings,
    args: DataBucketsArgs,
    kmsKeyArn: pulumi.Output<string> | undefined,
  ): MadeBucket {
    return createBucket(
      child,
      { kind, settings, cloud: args.cloud, kmsKeyArn, protected: args.protected ?? true },
      this,
    );
  }

  private createReplica(
    child: string,
    kind: BucketKind,
    settings: BucketSettings,
    args: DataBucketsArgs,
    source: MadeBucket,
    keys: ReadonlyMap<string, EncryptionKey>,
  ): MadeBucket {
    const region = settings.replicaRegion ?? args.cloud.region;
    const kms = settings.encryption === "kms";
    const replicaKeyArn = kms ? keys.get(region)?.arn : undefined;
    const replica = createBucket(
      `${child}-replica`,
      {
        kind,
        settings: { ...settings, name: settings.name === undefined ? undefined : `${settings.name}-replica` },
        cloud: args.cloud,
        region,
        kmsKeyArn: replicaKeyArn,
        protected: args.protected ?? true,
      },
      this,
    );
    replicate(
      child,
      {
        cloud: args.cloud,
        source,
        replica,
        replicaRegion: region,
        sourceKeyArn: kms ? keys.get(args.cloud.region)?.arn : undefined,
        replicaKeyArn,
        alarmTopicArn: args.alarmTopicArn,
        replicaTopicArn: args.alarmTopicsAbroad?.[region],
      },
      this,
    );
    return replica;
  }

  /** Sends the access logs of every bucket to the log bucket. */
  private logAccess(name: string, made: ReadonlyMap<BucketKind, MadeBucket>): pulumi.Output<string> {
    const logs = made.get("logs");
    if (!logs) throw new Error("the log bucket is always made");
    for (const [kind, { bucket }] of made) {
      if (kind === "logs") continue;
      new aws.s3.BucketLogging(
        `${name}-${dashed(kind)}-logging`,
        { bucket: bucket.id, targetBucket: logs.bucket.id, targetPrefix: `s3/${dashed(kind)}/` },
        { parent: this, dependsOn: [logs.policy] },
      );
    }
    return logs.bucket.bucket;
  }

  /** Sends the access logs of replicas to a log bucket of their own Region, as S3 delivers to no other. */
  private logReplicas(
    name: string,
    args: DataBucketsArgs,
    settings: BucketsSettings,
    replicas: ReadonlyMap<BucketKind, MadeBucket>,
  ): void {
    const { name: _fixed, replicaRegion: _none, lock: _unlocked, ...ages } = settings.logs ?? defaultLogs;
    const targets = new Map<string, MadeBucket>();
    for (const [kind, { bucket }] of replicas) {
      const region = settings[kind]?.replicaRegion;
      if (region === undefined) continue;
      const target =
        targets.get(region) ??
        createBucket(
          `${name}-logs-${region}`,
          {
            kind: "logs",
            settings: { ...ages, encryption: "s3" },
            cloud: args.cloud,
            region,
            protected: args.protected ?? true,
          },
          this,
        );
      targets.set(region, target);
      new aws.s3.BucketLogging(
        `${name}-${dashed(kind)}-replica-logging`,
        { bucket: bucket.id, targetBucket: target.bucket.id, targetPrefix: `s3/${dashed(kind)}-replica/`, region },
        { parent: this, dependsOn: [target.policy] },
      );
    }
  }
}
