import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { LambdaFunction } from "./lambda-function";

/** Lets a rule call a function. */
export function callBy(
  name: string,
  rule: aws.cloudwatch.EventRule,
  lambda: LambdaFunction,
  parent: pulumi.Resource,
): void {
  new aws.cloudwatch.EventTarget(`${name}-target`, { rule: rule.name, arn: lambda.arn }, { parent });
  new aws.lambda.Permission(
    `${name}-permission`,
    { function: lambda.name, action: "lambda:InvokeFunction", principal: "events.amazonaws.com", sourceArn: rule.arn },
    { parent },
  );
}
