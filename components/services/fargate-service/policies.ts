/** What a service's two roles may do. */
import * as pulumi from "@pulumi/pulumi";
import { policyDocument, type Statement } from "../../common/iam";
import { pullStatements } from "../pull-statements";
import type { FargateServiceArgs } from ".";

/** ARN of a secret without the field. */
const secretArn = (reference: string) => reference.split("#")[0] ?? reference;

/** Starting a task: pull the image, write the log, read the secrets that are injected. */
export function executionPolicy(args: FargateServiceArgs, logGroupArn: pulumi.Input<string>) {
  const { repositoryArns = [], secrets = {}, decryptKeyArns = [] } = args;
  return pulumi
    .all([logGroupArn, repositoryArns, Object.values(secrets), decryptKeyArns])
    .apply(([logs, repositories, references, keys]) => {
      const statements: Statement[] = [
        {
          Sid: "Log",
          Effect: "Allow",
          Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
          Resource: `${logs}:*`,
        },
      ];
      if (repositories.length > 0) statements.push(...pullStatements(repositories));
      if (references.length > 0)
        statements.push({
          Sid: "Secrets",
          Effect: "Allow",
          Action: "secretsmanager:GetSecretValue",
          Resource: [...new Set(references.map(secretArn))],
        });
      if (keys.length > 0)
        statements.push({ Sid: "Decrypt", Effect: "Allow", Action: "kms:Decrypt", Resource: [...new Set(keys)] });
      return policyDocument(statements);
    });
}

/** What the application itself may do, and the session channel where shells are let in. */
export function taskPolicy(args: FargateServiceArgs): Record<string, pulumi.Output<ReturnType<typeof policyDocument>>> {
  const policies: Record<string, pulumi.Output<ReturnType<typeof policyDocument>>> = {};
  if (args.statements && args.statements.length > 0)
    policies.app = pulumi.all([...args.statements]).apply((own) => policyDocument(own as Statement[]));
  if (args.executeCommand)
    policies.sessions = pulumi.output(
      policyDocument([
        {
          Sid: "Sessions",
          Effect: "Allow",
          Action: [
            "ssmmessages:CreateControlChannel",
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
          ],
          Resource: "*", // Session Manager's message gateway knows no resource level
        },
      ]),
    );
  return policies;
}
