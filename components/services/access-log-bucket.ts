import * as pulumi from "@pulumi/pulumi";
import { createBucket } from "../common/bucket";
import type { Cloud, Statement } from "../common/iam";

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

/** Each writer under this account's prefix on this account's behalf. */
export function logWriterStatements(
  bucketArn: string,
  args: Pick<AccessLogBucketArgs, "cloud" | "writers">,
): Statement[] {
  return args.writers.map((writer) => ({
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
}

/**
 * A bucket for access logs. It is encrypted with S3's own keys: load balancers cannot write to a bucket under a customer
 * key, and one bucket for each kind would not make the logs any safer.
 *
 * Makes: `aws.s3.Bucket` with versioning, encryption, public access block, ownership, lifecycle and policy (TLS 1.2 and up).
 * Cost: 0.023 USD a GB and month.
 */
export class AccessLogBucket extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  /** Settled once the policy stands: what writes to the bucket depends on it. */
  readonly ready: pulumi.Resource;

  constructor(name: string, args: AccessLogBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:services:AccessLogBucket", name, {}, opts);
    const { bucket, policy } = createBucket(
      name,
      {
        kind: "access-logs",
        settings: { encryption: "s3", expireAfterDays: args.retentionDays, keepOldVersionsDays: 7 },
        cloud: args.cloud,
        protected: false,
        forceDestroy: args.forceDestroy ?? false,
        statements: (arn) => logWriterStatements(arn, args),
      },
      this,
    );
    this.ready = policy;
    this.bucket = bucket.bucket;
    this.arn = bucket.arn;
    this.registerOutputs({ bucket: this.bucket, arn: this.arn });
  }
}
