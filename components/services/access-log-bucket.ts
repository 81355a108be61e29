import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument, type Cloud, type Statement } from "../common/iam";

export interface AccessLogBucketArgs {
  readonly cloud: Cloud;
  /**
   * Who writes: `elasticloadbalancing` a load balancer, `delivery` CloudFront's and other vended logs, `s3` another
   * bucket's server access log.
   */
  readonly writers: readonly ("elasticloadbalancing" | "delivery" | "s3")[];
  /** Days until a log expires. */
  readonly retentionDays: number;
  /** Delete the bucket with what is in it: for stages whose logs nobody will ask for. @default false */
  readonly forceDestroy?: boolean;
}

const principals = {
  elasticloadbalancing: "logdelivery.elasticloadbalancing.amazonaws.com",
  delivery: "delivery.logs.amazonaws.com",
  s3: "logging.s3.amazonaws.com",
} as const;

/** The bucket's policy: TLS only, and each writer under this account's prefix on this account's behalf. */
export function logBucketPolicy(bucketArn: string, args: Pick<AccessLogBucketArgs, "cloud" | "writers">) {
  const writers = args.writers.map((writer): Statement => ({
    Sid: `Write${writer}`,
    Effect: "Allow",
    Principal: { Service: principals[writer] },
    Action: "s3:PutObject",
    Resource: writer === "s3" ? `${bucketArn}/*` : `${bucketArn}/*AWSLogs/${args.cloud.accountId}/*`,
    // The load balancers' log delivery does not say on whose behalf it writes; its path holds the account.
    ...(writer === "elasticloadbalancing"
      ? {}
      : { Condition: { StringEquals: { "aws:SourceAccount": args.cloud.accountId } } }),
  }));
  return policyDocument([
    {
      Sid: "TlsOnly",
      Effect: "Deny",
      Principal: "*",
      Action: "s3:*",
      Resource: [bucketArn, `${bucketArn}/*`],
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    },
    ...writers,
  ]);
}

/**
 * A bucket for access logs. It is encrypted with S3's own keys: load balancers cannot write to a bucket under a customer
 * key, and one bucket for each kind would not make the logs any safer.
 *
 * Makes: `aws.s3.Bucket` with versioning, encryption, public access block, ownership, lifecycle and policy.
 * Cost: 0.023 USD a GB and month.
 */
export class AccessLogBucket extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  /** Settled once the policy stands: what writes to the bucket depends on it. */
  readonly ready: pulumi.Resource;

  constructor(name: string, args: AccessLogBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:services:AccessLogBucket", name, {}, opts);
    const child = { parent: this };
    const bucket = new aws.s3.Bucket(`${name}-bucket`, { forceDestroy: args.forceDestroy ?? false }, child);
    new aws.s3.BucketVersioning(
      `${name}-versioning`,
      { bucket: bucket.id, versioningConfiguration: { status: "Enabled" } },
      child,
    );
    new aws.s3.BucketServerSideEncryptionConfiguration(
      `${name}-encryption`,
      { bucket: bucket.id, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }] },
      child,
    );
    const closed = new aws.s3.BucketPublicAccessBlock(
      `${name}-public-access`,
      {
        bucket: bucket.id,
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
      child,
    );
    new aws.s3.BucketOwnershipControls(
      `${name}-ownership`,
      { bucket: bucket.id, rule: { objectOwnership: "BucketOwnerEnforced" } },
      child,
    );
    new aws.s3.BucketLifecycleConfiguration(
      `${name}-lifecycle`,
      {
        bucket: bucket.id,
        rules: [
          {
            id: "expire",
            status: "Enabled",
            filter: {},
            expiration: { days: args.retentionDays },
            noncurrentVersionExpiration: { noncurrentDays: 7 },
            abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
          },
        ],
      },
      child,
    );
    this.ready = new aws.s3.BucketPolicy(
      `${name}-policy`,
      { bucket: bucket.id, policy: bucket.arn.apply((arn) => JSON.stringify(logBucketPolicy(arn, args))) },
      { parent: this, dependsOn: closed }, // both at once are an API conflict
    );
    this.bucket = bucket.bucket;
    this.arn = bucket.arn;
    this.registerOutputs({ bucket: this.bucket, arn: this.arn });
  }
}
