import { policyDocument, type Cloud, type Statement } from "../../common/iam";

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

/** What S3 needs to copy a bucket to its replica. */
export function replicationPolicy(at: {
  readonly sourceArn: string;
  readonly replicaArn: string;
  readonly region: string;
  readonly replicaRegion: string;
  /** Keys of source and replica, where they are encrypted with one. */
  readonly sourceKeyArn?: string;
  readonly replicaKeyArn?: string;
}) {
  const statements: Statement[] = [
    {
      Sid: "ReadRules",
      Effect: "Allow",
      Action: ["s3:GetReplicationConfiguration", "s3:ListBucket"],
      Resource: at.sourceArn,
    },
    {
      Sid: "ReadSource",
      Effect: "Allow",
      Action: [
        "s3:GetObjectVersionForReplication",
        "s3:GetObjectVersionAcl",
        "s3:GetObjectVersionTagging",
        "s3:GetObjectRetention",
        "s3:GetObjectLegalHold",
      ],
      Resource: `${at.sourceArn}/*`,
    },
    {
      Sid: "WriteReplica",
      Effect: "Allow",
      Action: ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
      Resource: `${at.replicaArn}/*`,
    },
  ];
  const through = (region: string) => ({ StringEquals: { "kms:ViaService": `s3.${region}.amazonaws.com` } });
  if (at.sourceKeyArn) {
    statements.push({
      Sid: "Decrypt",
      Effect: "Allow",
      Action: "kms:Decrypt",
      Resource: at.sourceKeyArn,
      Condition: through(at.region),
    });
  }
  if (at.replicaKeyArn) {
    statements.push({
      Sid: "Encrypt",
      Effect: "Allow",
      Action: ["kms:Encrypt", "kms:GenerateDataKey"],
      Resource: at.replicaKeyArn,
      Condition: through(at.replicaRegion),
    });
  }
  return policyDocument(statements);
}

/** What a service needs to read and write below a prefix of a bucket. */
export function bucketAccessStatements(at: {
  readonly bucketArn: string;
  readonly kmsKeyArn?: string;
  /** Prefix without a leading slash. @default the whole bucket */
  readonly prefix?: string;
  readonly write: boolean;
}): Statement[] {
  const prefix = at.prefix ?? "";
  const statements: Statement[] = [
    {
      Effect: "Allow",
      Action: "s3:ListBucket",
      Resource: at.bucketArn,
      ...(prefix ? { Condition: { StringLike: { "s3:prefix": [`${prefix}*`] } } } : {}),
    },
    {
      Effect: "Allow",
      Action: at.write ? ["s3:GetObject", "s3:PutObject"] : ["s3:GetObject"],
      Resource: `${at.bucketArn}/${prefix}*`,
    },
  ];
  if (at.kmsKeyArn) {
    statements.push({
      Effect: "Allow",
      Action: at.write ? ["kms:Decrypt", "kms:GenerateDataKey"] : ["kms:Decrypt"],
      Resource: at.kmsKeyArn,
    });
  }
  return statements;
}
