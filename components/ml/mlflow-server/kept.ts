import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { EncryptionKey } from "../../security/encryption-key";
import { GeneratedSecret } from "../../security/generated-secret";
import type { MlflowServerArgs } from ".";

/** Everything that outlives a host and that it is told of. */
export interface Kept {
  readonly key: EncryptionKey;
  readonly admin: GeneratedSecret;
  readonly tls: aws.secretsmanager.Secret;
  readonly users: Readonly<Record<string, GeneratedSecret>>;
  readonly caParameter: aws.ssm.Parameter;
  readonly zone: aws.route53.Zone;
}

/** Name of the parameter with the certificate that clients trust. */
export const caParameterName = (name: string, { project, stack }: Pick<MlflowServerArgs, "project" | "stack">) =>
  `/${project}/${stack}/${name}/certificate`;

/** Makes the key, secrets, parameter and zone. */
export function createKept(name: string, args: MlflowServerArgs, opts: pulumi.CustomResourceOptions): Kept {
  const key = new EncryptionKey(
    `${name}-key`,
    { cloud: args.cloud, description: "MLflow's secrets, volumes and logs", usedBy: ["logs", "autoscaling"] },
    opts,
  );
  const recoveryWindowDays = args.protected ? 30 : 0;
  const shared = { kmsKeyArn: key.arn, recoveryWindowDays };
  const session = aws.secretsmanager.getRandomPasswordOutput({ passwordLength: 40, excludePunctuation: true }, opts);
  const admin = new GeneratedSecret(
    `${name}-admin`,
    {
      ...shared,
      description: "MLflow's administrator, and the key of its sessions",
      fields: { username: "admin", sessionKey: session.randomPassword },
    },
    opts,
  );
  const names = [...(args.publish ? ["publisher"] : []), ...args.users];
  const users = names.map((user): [string, GeneratedSecret] => [
    user,
    new GeneratedSecret(
      `${name}-user-${user}`,
      { ...shared, description: `MLflow's user ${user}`, fields: { username: user } },
      opts,
    ),
  ]);
  const tls = new aws.secretsmanager.Secret(
    `${name}-tls`,
    {
      description: "Certificate of the MLflow server and its key; the host makes and renews it",
      kmsKeyId: key.arn,
      recoveryWindowInDays: recoveryWindowDays,
      tags: { Name: `${name}-tls` },
    },
    opts,
  );
  const caParameter = new aws.ssm.Parameter(
    `${name}-certificate`,
    {
      name: caParameterName(name, args),
      description: "Certificate that clients of the MLflow server trust",
      type: "String",
      value: "The host has not started yet.",
    },
    { ...opts, ignoreChanges: ["value", "insecureValue"] },
  );
  const zone = new aws.route53.Zone(
    `${name}-zone`,
    {
      name: args.domain,
      comment: "Name of the MLflow server; its host writes the record",
      vpcs: [{ vpcId: args.network.vpcId }],
      forceDestroy: true,
    },
    opts,
  );
  return { key, admin, tls, users: Object.fromEntries(users), caParameter, zone };
}
