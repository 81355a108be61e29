import { policyDocument, type Statement } from "../../common/iam";

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
