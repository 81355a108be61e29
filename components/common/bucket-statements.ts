import type { Cloud, Statement } from "./iam";

/** Refuses plain HTTP and TLS below 1.2 to everybody. */
export function tlsOnlyStatements(bucketArn: string): Statement[] {
  const both = [bucketArn, `${bucketArn}/*`];
  return [
    {
      Sid: "TlsOnly",
      Effect: "Deny",
      Principal: { AWS: "*" },
      Action: "s3:*", // a refusal: it has to cover every action
      Resource: both,
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    },
    {
      Sid: "Tls12OrLater",
      Effect: "Deny",
      Principal: { AWS: "*" },
      Action: "s3:*", // a refusal: it has to cover every action
      Resource: both,
      Condition: { NumericLessThan: { "s3:TlsVersion": "1.2" } },
    },
  ];
}

/** Refuses uploads that name another key than the bucket's; uploads that name none take the bucket's default. */
export function keyStatements(bucketArn: string, kmsKeyArn: string): Statement[] {
  return [
    {
      Sid: "OnlyTheBucketsKey",
      Effect: "Deny",
      Principal: { AWS: "*" },
      Action: "s3:PutObject",
      Resource: `${bucketArn}/*`,
      Condition: {
        StringNotEqualsIfExists: { "s3:x-amz-server-side-encryption-aws-kms-key-id": kmsKeyArn },
        Null: { "s3:x-amz-server-side-encryption-aws-kms-key-id": "false" },
      },
    },
  ];
}

/** Lets S3 and load balancers of this account deliver their access logs. */
export function logDeliveryStatements(bucketArn: string, cloud: Cloud): Statement[] {
  const ours = { StringEquals: { "aws:SourceAccount": cloud.accountId } };
  return [
    {
      Sid: "S3AccessLogs",
      Effect: "Allow",
      Principal: { Service: "logging.s3.amazonaws.com" },
      Action: "s3:PutObject",
      Resource: `${bucketArn}/*`,
      Condition: ours,
    },
    {
      Sid: "LoadBalancerAccessLogs",
      Effect: "Allow",
      Principal: { Service: "logdelivery.elasticloadbalancing.amazonaws.com" },
      Action: "s3:PutObject",
      Resource: `${bucketArn}/*/AWSLogs/${cloud.accountId}/*`,
      Condition: ours,
    },
  ];
}

/** What a job or an instance may do with buckets of data. */
export interface BucketAccess {
  /** Buckets that are read. */
  readonly read: readonly string[];
  /** The bucket that is read and written. */
  readonly write: string;
  /** Prefixes of that bucket that are written. */
  readonly prefixes: readonly string[];
  /** Keys of all of them. */
  readonly keys: readonly string[];
  readonly region: string;
}

/** Reads some buckets, and writes below prefixes of one; the keys are used through S3 alone. */
export function bucketAccessStatements({ read, write, prefixes, keys, region }: BucketAccess): Statement[] {
  const buckets = [...read, write];
  const statements: Statement[] = [
    { Sid: "List", Effect: "Allow", Action: "s3:ListBucket", Resource: buckets },
    { Sid: "Read", Effect: "Allow", Action: "s3:GetObject", Resource: buckets.map((arn) => `${arn}/*`) },
    {
      Sid: "Write",
      Effect: "Allow",
      Action: ["s3:PutObject", "s3:AbortMultipartUpload"],
      Resource: prefixes.map((prefix) => `${write}/${prefix}*`),
    },
  ];
  if (keys.length === 0) return statements;
  const key: Statement = {
    Sid: "Keys",
    Effect: "Allow",
    Action: ["kms:Decrypt", "kms:GenerateDataKey"],
    Resource: [...new Set(keys)],
    Condition: { StringEquals: { "kms:ViaService": `s3.${region}.amazonaws.com` } },
  };
  return [...statements, key];
}
