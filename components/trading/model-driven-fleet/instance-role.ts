import type * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { arnOf, instanceProfile, policyDocument, type Cloud, type Statement } from "../../common/iam";
import { ecrRepository } from "./instance-settings";

export interface FleetRoleArgs {
  readonly cloud: Cloud;
  readonly bucket: string;
  readonly prefix: string;
  readonly logGroup: string;
  /** Full names of the container images. */
  readonly images: readonly string[];
  readonly bucketKeyArn?: string | undefined;
  readonly brokerSecretArn?: string | undefined;
  readonly brokerSecretKeyArn?: string | undefined;
}

/** Leave to decrypt with one key, only through the service that holds what it encrypts. */
function decryptThrough(cloud: Cloud, sid: string, service: string, keyArn: string): Statement {
  return {
    Sid: sid,
    Effect: "Allow",
    Action: "kms:Decrypt",
    Resource: keyArn,
    Condition: { StringEquals: { "kms:ViaService": `${service}.${cloud.region}.amazonaws.com` } },
  };
}

/** What an instance may do, where the bucket's key is known already: read the models of its own bucket's prefix, pull its image, write its log, read its secret. */
export function fleetPolicy(args: FleetRoleArgs) {
  const { cloud } = args;
  const bucketArn = `arn:${cloud.partition}:s3:::${args.bucket}`;
  const logGroupArn = arnOf(cloud, "logs", `log-group:${args.logGroup}`);
  const repositories = [...new Set(args.images)].sort().flatMap((image) => {
    const found = ecrRepository(image);
    return found
      ? [`arn:${cloud.partition}:ecr:${found.region}:${found.accountId}:repository/${found.repository}`]
      : [];
  });
  const statements: Statement[] = [
    { Sid: "ReadModels", Effect: "Allow", Action: "s3:GetObject", Resource: `${bucketArn}/${args.prefix}*` },
    {
      Sid: "ListModels",
      Effect: "Allow",
      Action: "s3:ListBucket",
      Resource: bucketArn,
      Condition: { StringLike: { "s3:prefix": `${args.prefix}*` } },
    },
    {
      Sid: "WriteLog",
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
      Resource: `${logGroupArn}:*`,
    },
  ];
  if (repositories.length > 0) {
    statements.push(
      {
        Sid: "PullImage",
        Effect: "Allow",
        Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"],
        Resource: [...new Set(repositories)],
      },
      // ECR's log-in knows no resource level; what may be pulled is said above.
      { Sid: "LogInToRegistry", Effect: "Allow", Action: "ecr:GetAuthorizationToken", Resource: "*" },
    );
  }
  if (args.bucketKeyArn) statements.push(decryptThrough(cloud, "DecryptModels", "s3", args.bucketKeyArn));
  if (args.brokerSecretArn) {
    statements.push({
      Sid: "ReadBrokerSecret",
      Effect: "Allow",
      Action: "secretsmanager:GetSecretValue",
      Resource: args.brokerSecretArn,
    });
  }
  if (args.brokerSecretKeyArn) {
    statements.push(decryptThrough(cloud, "DecryptBrokerSecret", "secretsmanager", args.brokerSecretKeyArn));
  }
  return policyDocument(statements);
}

/** The one role and profile of all instances of a fleet. */
export function createFleetRole(
  name: string,
  args: Omit<FleetRoleArgs, "bucketKeyArn"> & { readonly bucketKeyArn?: pulumi.Input<string> | undefined },
  opts: pulumi.CustomResourceOptions,
): { role: aws.iam.Role; profile: aws.iam.InstanceProfile } {
  const { bucketKeyArn, ...rest } = args;
  const trading =
    bucketKeyArn === undefined
      ? fleetPolicy(rest)
      : pulumi.output(bucketKeyArn).apply((arn) => fleetPolicy({ ...rest, bucketKeyArn: arn }));
  return instanceProfile(
    name,
    args.cloud,
    {
      description: `Instances of ${name}: read ${args.bucket}/${args.prefix} and trade`,
      policies: { trading },
    },
    opts,
  );
}
