/** What the host and the publisher may do. */
import { arnOf, policyDocument, type Cloud, type Statement } from "../../common/iam";

/** A bucket, a prefix in it, and its key where it has one. */
export interface BucketPart {
  readonly arn: string;
  /** Ends in a slash. */
  readonly prefix: string;
  readonly kmsKeyArn?: string | undefined;
}

const throughS3 = (cloud: Cloud) => ({ StringEquals: { "kms:ViaService": `s3.${cloud.region}.amazonaws.com` } });

function readPart(sid: string, { arn, prefix }: BucketPart): Statement[] {
  return [
    {
      Sid: `${sid}List`,
      Effect: "Allow",
      Action: "s3:ListBucket",
      Resource: arn,
      Condition: { StringLike: { "s3:prefix": [`${prefix}*`, prefix.replace(/\/$/, "")] } },
    },
    { Sid: `${sid}Read`, Effect: "Allow", Action: "s3:GetObject", Resource: `${arn}/${prefix}*` },
  ];
}

/** What the host is given access to. */
export interface HostAccess {
  readonly artifacts: BucketPart;
  readonly secretArns: readonly string[];
  readonly tlsSecretArn: string;
  readonly keyArns: readonly string[];
  readonly caParameterArn: string;
  readonly databaseArn: string;
  readonly zoneArn: string;
  readonly recordName: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** The host: its part of its bucket, its secrets, its name, its database's snapshots, its own health; nothing else. */
export function hostPolicy(cloud: Cloud, access: HostAccess) {
  const { artifacts, tlsSecretArn, tags } = access;
  const statements: Statement[] = [
    ...readPart("Artifacts", artifacts),
    {
      Sid: "ArtifactsWrite",
      Effect: "Allow",
      Action: ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
      Resource: `${artifacts.arn}/${artifacts.prefix}*`,
    },
    {
      Sid: "Secrets",
      Effect: "Allow",
      Action: "secretsmanager:GetSecretValue",
      Resource: [...access.secretArns, tlsSecretArn],
    },
    { Sid: "KeepCertificate", Effect: "Allow", Action: "secretsmanager:PutSecretValue", Resource: tlsSecretArn },
    { Sid: "TellCertificate", Effect: "Allow", Action: "ssm:PutParameter", Resource: access.caParameterArn },
    {
      Sid: "SecretKeys",
      Effect: "Allow",
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      Resource: access.keyArns,
      Condition: { StringEquals: { "kms:ViaService": `secretsmanager.${cloud.region}.amazonaws.com` } },
    },
    {
      Sid: "SnapshotBeforeUpgrade",
      Effect: "Allow",
      Action: ["rds:CreateDBSnapshot", "rds:DescribeDBSnapshots"],
      Resource: [
        access.databaseArn,
        arnOf(cloud, "rds", `snapshot:${access.databaseArn.split(":").at(-1) ?? ""}-before-*`),
      ],
    },
    {
      Sid: "TakeName",
      Effect: "Allow",
      Action: "route53:ChangeResourceRecordSets",
      Resource: access.zoneArn,
      Condition: {
        "ForAllValues:StringEquals": {
          "route53:ChangeResourceRecordSetsNormalizedRecordNames": [access.recordName],
          "route53:ChangeResourceRecordSetsRecordTypes": ["A"],
        },
      },
    },
    {
      Sid: "GiveUp",
      Effect: "Allow",
      Action: "autoscaling:SetInstanceHealth",
      Resource: arnOf(cloud, "autoscaling", "autoScalingGroup:*:autoScalingGroupName/*"),
      Condition: {
        StringEquals: Object.fromEntries(
          ["project", "stack", "component"].map((tag) => [`aws:ResourceTag/${tag}`, tags[tag] ?? ""]),
        ),
      },
    },
  ];
  if (artifacts.kmsKeyArn !== undefined) {
    statements.push({
      Sid: "ArtifactKey",
      Effect: "Allow",
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      Resource: artifacts.kmsKeyArn,
      Condition: throughS3(cloud),
    });
  }
  return policyDocument(statements);
}

/** What the publisher is given access to. */
export interface PublisherAccess {
  readonly artifacts: BucketPart;
  /** Deploy bucket, and the prefix of models in it. */
  readonly deploy: BucketPart;
  /** Key of the list of what was published. */
  readonly recordKey: string;
  readonly secretArn: string;
  readonly secretKeyArn: string;
  readonly caParameterArn: string;
}

/** The publisher: reads artifacts, writes and removes models in the deploy bucket, and its own list. */
export function publisherStatements(cloud: Cloud, access: PublisherAccess): Statement[] {
  const { artifacts, deploy } = access;
  const record = `${deploy.arn}/${access.recordKey}`;
  const keys = [artifacts.kmsKeyArn, deploy.kmsKeyArn].filter((arn) => arn !== undefined);
  return [
    ...readPart("Artifacts", artifacts),
    ...readPart("Models", deploy),
    {
      Sid: "ModelsWrite",
      Effect: "Allow",
      Action: ["s3:PutObject", "s3:DeleteObject"],
      Resource: `${deploy.arn}/${deploy.prefix}*`,
    },
    // Without the right to list, S3 answers 403 for the list that is not there yet.
    {
      Sid: "RecordList",
      Effect: "Allow",
      Action: "s3:ListBucket",
      Resource: deploy.arn,
      Condition: { StringEquals: { "s3:prefix": access.recordKey } },
    },
    { Sid: "Record", Effect: "Allow", Action: ["s3:GetObject", "s3:PutObject"], Resource: record },
    { Sid: "Credentials", Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: access.secretArn },
    {
      Sid: "CredentialsKey",
      Effect: "Allow",
      Action: "kms:Decrypt",
      Resource: access.secretKeyArn,
      Condition: { StringEquals: { "kms:ViaService": `secretsmanager.${cloud.region}.amazonaws.com` } },
    },
    { Sid: "Certificate", Effect: "Allow", Action: "ssm:GetParameter", Resource: access.caParameterArn },
    ...(keys.length > 0
      ? [
          {
            Sid: "ObjectKeys",
            Effect: "Allow",
            Action: ["kms:Decrypt", "kms:GenerateDataKey"],
            Resource: [...new Set(keys)],
            Condition: throughS3(cloud),
          } as const,
        ]
      : []),
  ];
}
