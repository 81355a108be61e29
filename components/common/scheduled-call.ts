import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument, serviceRole, type Cloud } from "./iam";
import type { LambdaFunction } from "./lambda-function";

export interface ScheduledCallArgs {
  readonly cloud: Cloud;
  readonly lambda: LambdaFunction;
  /** What the call does, for people. */
  readonly description: string;
  /** `rate(1 day)`, or a cron expression in UTC. */
  readonly schedule: string;
  /** What the function is called with. @default an empty object */
  readonly input?: Readonly<Record<string, unknown>>;
  /** Minutes around the time in which it may be made; 0 for at once. @default 0 */
  readonly windowMinutes?: number;
}

/** Calls a function on a schedule: the schedule, under the function's own key, and the role that may call this function only. */
export function scheduledCall(name: string, args: ScheduledCallArgs, opts: pulumi.CustomResourceOptions): void {
  const { cloud, lambda, windowMinutes = 0 } = args;
  const role = serviceRole(
    `${name}-role`,
    {
      services: ["scheduler.amazonaws.com"],
      description: args.description,
      trustConditions: { StringEquals: { "aws:SourceAccount": cloud.accountId } },
      policies: {
        call: pulumi.all([lambda.arn, lambda.keyArn]).apply(([arn, key]) =>
          policyDocument([
            { Sid: "Call", Effect: "Allow", Action: "lambda:InvokeFunction", Resource: arn },
            { Sid: "Key", Effect: "Allow", Action: ["kms:Decrypt", "kms:GenerateDataKey"], Resource: key },
          ]),
        ),
      },
    },
    opts,
  );
  new aws.scheduler.Schedule(
    name,
    {
      description: args.description,
      scheduleExpression: args.schedule,
      scheduleExpressionTimezone: "UTC",
      flexibleTimeWindow:
        windowMinutes > 0 ? { mode: "FLEXIBLE", maximumWindowInMinutes: windowMinutes } : { mode: "OFF" },
      kmsKeyArn: lambda.keyArn,
      target: {
        arn: lambda.arn,
        roleArn: role.arn,
        ...(args.input ? { input: JSON.stringify(args.input) } : {}),
      },
    },
    opts,
  );
}
