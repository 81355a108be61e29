import { arnOf, policyDocument, type Cloud } from "../../common/iam";
import { bucketAccessStatements } from "../data-buckets";

/** What a node may do: its part of the bucket, its two secrets, its parameter, its metrics, its own volumes. */
export function nodePolicy(at: {
  readonly cloud: Cloud;
  readonly bucketArn: string;
  readonly bucketKeyArn?: string;
  readonly prefix: string;
  readonly secretArns: readonly string[];
  readonly kmsKeyArn: string;
  readonly parameterArn: string;
  readonly volumeIds: readonly string[];
}) {
  return policyDocument([
    ...bucketAccessStatements({
      bucketArn: at.bucketArn,
      kmsKeyArn: at.bucketKeyArn,
      prefix: `${at.prefix}/`,
      write: true,
    }),
    { Sid: "ExpireBackups", Effect: "Allow", Action: "s3:DeleteObject", Resource: `${at.bucketArn}/${at.prefix}/*` },
    { Sid: "Secrets", Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: at.secretArns },
    { Sid: "Decrypt", Effect: "Allow", Action: "kms:Decrypt", Resource: at.kmsKeyArn },
    { Sid: "Tuning", Effect: "Allow", Action: "ssm:GetParameter", Resource: at.parameterArn },
    {
      Sid: "Metrics",
      Effect: "Allow",
      Action: "cloudwatch:PutMetricData",
      Resource: "*", // PutMetricData knows no resource level
      Condition: { StringEquals: { "cloudwatch:namespace": "Trading/Timescale" } },
    },
    {
      Sid: "GrowVolume",
      Effect: "Allow",
      Action: "ec2:ModifyVolume",
      Resource: at.volumeIds.map((id) => arnOf(at.cloud, "ec2", `volume/${id}`)),
    },
    { Sid: "ReadVolume", Effect: "Allow", Action: "ec2:DescribeVolumes", Resource: "*" }, // DescribeVolumes knows no resource level
  ]);
}
