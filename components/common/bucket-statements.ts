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
