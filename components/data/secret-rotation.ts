import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Cloud, Statement } from "../common/iam";
import { LambdaFunction } from "../common/lambda-function";
import type { GeneratedSecret } from "../security/generated-secret";

export interface SecretRotationArgs {
  readonly cloud: Cloud;
  /** Folder under `lambdas/`. */
  readonly entry: "rotate-database-password" | "rotate-redis-token" | "rotate-node-password";
  /** What is rotated, for people. */
  readonly what: string;
  readonly secret: GeneratedSecret;
  /** Key of the secret and of the function; CloudWatch Logs must be among its users. */
  readonly keyArn: pulumi.Input<string>;
  readonly everyDays: number;
  readonly environment: Readonly<Record<string, pulumi.Input<string>>>;
  /** What the function may do to the store. */
  readonly statements: pulumi.Input<readonly Statement[]>;
  readonly logRetentionDays: number;
  readonly alarmTopicArn?: pulumi.Input<string>;
}

/** Longest run of a Lambda function: stores take minutes to change a password. */
const timeoutSeconds = 900;

/**
 * Rotation of a generated secret by a function of this project. The first rotation comes after the period, not at once.
 *
 * Makes: `LambdaFunction`, the right of Secrets Manager to call it, `aws.secretsmanager.SecretRotation`.
 * Cost: the function's alarms.
 */
export class SecretRotation extends pulumi.ComponentResource {
  constructor(name: string, args: SecretRotationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:data:SecretRotation", name, {}, opts);
    const { cloud, secret } = args;
    const child = { parent: this };
    const statements = pulumi.all([secret.arn, args.statements]).apply(([arn, store]): Statement[] => [
      {
        Sid: "RotateSecret",
        Effect: "Allow",
        Action: [
          "secretsmanager:DescribeSecret",
          "secretsmanager:GetSecretValue",
          "secretsmanager:PutSecretValue",
          "secretsmanager:UpdateSecretVersionStage",
        ],
        Resource: arn,
      },
      {
        Sid: "DrawValue",
        Effect: "Allow",
        Action: "secretsmanager:GetRandomPassword",
        Resource: "*", // GetRandomPassword knows no resource level
      },
      ...(store as readonly Statement[]),
    ]);
    const lambda = new LambdaFunction(
      `${name}-function`,
      {
        cloud,
        entry: args.entry,
        description: `Rotates ${args.what}`,
        keyArn: args.keyArn,
        statements,
        environment: args.environment,
        timeoutSeconds,
        logRetentionDays: args.logRetentionDays,
        alarmTopicArn: args.alarmTopicArn,
        onError: `First: read its log; the present value of ${args.what} stays valid until a rotation succeeds, and Secrets Manager tries again.`,
      },
      child,
    );
    const permission = new aws.lambda.Permission(
      `${name}-permission`,
      {
        function: lambda.name,
        action: "lambda:InvokeFunction",
        principal: "secretsmanager.amazonaws.com",
        sourceAccount: cloud.accountId,
        sourceArn: secret.arn,
      },
      child,
    );
    new aws.secretsmanager.SecretRotation(
      `${name}-schedule`,
      {
        secretId: secret.arn,
        rotationLambdaArn: lambda.arn,
        rotateImmediately: false,
        rotationRules: { automaticallyAfterDays: args.everyDays },
      },
      { parent: this, dependsOn: [permission, secret] },
    );
    this.registerOutputs({});
  }
}
