import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { metricAlarm } from "./alarm";
import { policyDocument, serviceRole, type Cloud, type Statement } from "./iam";
import { bundleLambda, lambdaRuntime } from "./lambda-bundle";
import { throwIfAny, type Issue } from "./validation";

export interface LambdaFunctionArgs {
  readonly cloud: Cloud;
  /** Folder under `lambdas/` with a `handler.ts`. */
  readonly entry: string;
  /** What the function does, for people. */
  readonly description: string;
  /** Customer key for the log group, the environment and the dead-letter queue; `logs` must be among its users. */
  readonly keyArn: pulumi.Input<string>;
  /** What the function may do, beyond writing its log and traces. */
  readonly statements?: pulumi.Input<readonly Statement[]>;
  /** Never secrets: those are read from Secrets Manager when needed. @default {} */
  readonly environment?: Readonly<Record<string, pulumi.Input<string>>>;
  /** 1 to 900. @default 60 */
  readonly timeoutSeconds?: number;
  /** 128 to 10,240. @default 256 */
  readonly memoryMiB?: number;
  /** @default 90 */
  readonly logRetentionDays?: number;
  /** Subnets and groups where the function reaches what is only inside of the VPC. @default outside of any VPC */
  readonly vpc?: {
    readonly subnetIds: readonly pulumi.Input<string>[];
    readonly securityGroupIds: readonly pulumi.Input<string>[];
  };
  /** A queue shared with sibling functions. @default a queue of its own */
  readonly deadLetterQueueArn?: pulumi.Input<string>;
  readonly alarmTopicArn?: pulumi.Input<string>;
  /** First thing to do when the function fails; the end of its alarm's description. */
  readonly onError: string;
}

function validateLambdaFunction(name: string, args: LambdaFunctionArgs): void {
  const issues: Issue[] = [];
  const { timeoutSeconds = 60, memoryMiB = 256 } = args;
  const check = (path: string, value: number, low: number, high: number) => {
    if (Number.isInteger(value) && value >= low && value <= high) return;
    issues.push({ path, problem: "is out of range", value, allowed: `a whole number from ${low} to ${high}` });
  };
  check("timeoutSeconds", timeoutSeconds, 1, 900);
  check("memoryMiB", memoryMiB, 128, 10_240);
  throwIfAny(`LambdaFunction ${name}`, issues);
}

/**
 * One Lambda function in TypeScript, with everything that must not be forgotten.
 *
 * Makes: `aws.lambda.Function` (Node.js, arm64, X-Ray), `aws.cloudwatch.LogGroup` with key and retention, `aws.iam.Role`
 * with its own rights only, `aws.sqs.Queue` for dead letters unless one is given, `aws.cloudwatch.MetricAlarm` on errors.
 * Cost: nothing while idle but the alarm (0.10 USD a month); 0.20 USD for a million calls and the time they take.
 */
export class LambdaFunction extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  readonly roleArn: pulumi.Output<string>;
  readonly logGroupName: pulumi.Output<string>;
  /** The key that its log, its dead letters and its settings are under. */
  readonly keyArn: pulumi.Output<string>;

  constructor(name: string, args: LambdaFunctionArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:common:LambdaFunction", name, {}, opts);
    validateLambdaFunction(name, args);
    this.keyArn = pulumi.output(args.keyArn);
    const parent = { parent: this };
    const logs = new aws.cloudwatch.LogGroup(
      `${name}-logs`,
      { retentionInDays: args.logRetentionDays ?? 90, kmsKeyId: args.keyArn },
      parent,
    );
    const deadLetterArn =
      args.deadLetterQueueArn ?? deadLetterQueue(`${name}-dead-letters`, args.keyArn, args.alarmTopicArn, parent).arn;
    const role = serviceRole(
      `${name}-role`,
      {
        services: ["lambda.amazonaws.com"],
        description: args.description,
        policies: { own: ownPolicy(args, logs.arn, deadLetterArn) },
        // Its network interfaces are Lambda's to make; AWS keeps the rights for that in a policy of its own.
        managedPolicyArns: args.vpc
          ? [`arn:${args.cloud.partition}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole`]
          : [],
      },
      parent,
    );
    const bundle = bundleLambda(args.entry);
    const lambda = new aws.lambda.Function(
      `${name}-function`,
      {
        description: args.description,
        runtime: lambdaRuntime,
        architectures: ["arm64"],
        handler: "index.handler",
        code: new pulumi.asset.AssetArchive({ "index.js": new pulumi.asset.FileAsset(bundle.file) }),
        sourceCodeHash: bundle.hash,
        role: role.arn,
        timeout: args.timeoutSeconds ?? 60,
        memorySize: args.memoryMiB ?? 256,
        environment: { variables: { ...args.environment } },
        kmsKeyArn: args.keyArn,
        tracingConfig: { mode: "Active" },
        deadLetterConfig: { targetArn: deadLetterArn },
        loggingConfig: { logFormat: "JSON", logGroup: logs.name },
        ...(args.vpc && {
          vpcConfig: { subnetIds: [...args.vpc.subnetIds], securityGroupIds: [...args.vpc.securityGroupIds] },
        }),
      },
      parent,
    );
    metricAlarm(
      `${name}-errors`,
      {
        description: `The function ${name} failed. ${args.onError}`,
        namespace: "AWS/Lambda",
        metric: "Errors",
        dimensions: { FunctionName: lambda.name },
        statistic: "Sum",
        threshold: 0,
        periods: 1,
        alarmTopicArn: args.alarmTopicArn,
      },
      parent,
    );
    this.arn = lambda.arn;
    this.name = lambda.name;
    this.roleArn = role.arn;
    this.logGroupName = logs.name;
    const { arn, name: functionName, roleArn, logGroupName, keyArn } = this;
    this.registerOutputs({ arn, name: functionName, roleArn, logGroupName, keyArn });
  }
}

function ownPolicy(args: LambdaFunctionArgs, logGroupArn: pulumi.Input<string>, deadLetterArn: pulumi.Input<string>) {
  return pulumi
    .all([logGroupArn, deadLetterArn, args.keyArn, args.statements ?? []])
    .apply(([logs, queue, key, statements]) =>
      policyDocument([
        { Sid: "Log", Effect: "Allow", Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: `${logs}:*` },
        { Sid: "DeadLetter", Effect: "Allow", Action: "sqs:SendMessage", Resource: queue },
        { Sid: "Key", Effect: "Allow", Action: ["kms:Decrypt", "kms:GenerateDataKey"], Resource: key },
        {
          Sid: "Trace",
          Effect: "Allow",
          Action: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
          Resource: "*", // X-Ray's PutTraceSegments and PutTelemetryRecords know no resource level
        },
        ...(statements as readonly Statement[]),
      ]),
    );
}

/** An encrypted queue for calls that failed, kept 14 days, and the alarm for the first of them. */
export function deadLetterQueue(
  name: string,
  keyArn: pulumi.Input<string>,
  alarmTopicArn: pulumi.Input<string> | undefined,
  opts: pulumi.CustomResourceOptions,
): aws.sqs.Queue {
  const queue = new aws.sqs.Queue(
    name,
    { messageRetentionSeconds: 14 * 86_400, kmsMasterKeyId: keyArn, kmsDataKeyReusePeriodSeconds: 300 },
    opts,
  );
  metricAlarm(
    `${name}-alarm`,
    {
      description: `A call was given up and lies in the queue ${name}. First: read the message's attributes for the error, then send it again once the cause is gone.`,
      namespace: "AWS/SQS",
      metric: "ApproximateNumberOfMessagesVisible",
      dimensions: { QueueName: queue.name },
      statistic: "Maximum",
      threshold: 0,
      periods: 1,
      alarmTopicArn,
    },
    opts,
  );
  return queue;
}
