/**
 * Rotates the master password of a self-managed database: its nodes read the pending value from Secrets Manager themselves
 * and the primary among them takes it and logs in with it, so that the password is in no command.
 */
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import {
  paginateListCommandInvocations,
  SendCommandCommand,
  SSMClient,
  type CommandInvocation,
} from "@aws-sdk/client-ssm";
import { clientSettings, lazily, variable } from "../common/environment";
import { rotate, sleep, until, type RotatedStore, type RotationEvent } from "../common/rotation";
import { allDone } from "./core";

/** The nodes as a store whose password is rotated. */
export function nodes(ssm: SSMClient, document: string, instanceIds: readonly string[], wait = sleep): RotatedStore {
  const rotateOnNodes = async () => {
    const { Command } = await ssm.send(
      new SendCommandCommand({ DocumentName: document, InstanceIds: [...instanceIds], TimeoutSeconds: 120 }),
    );
    await until(
      "the nodes have not answered",
      async () => {
        const invocations: CommandInvocation[] = [];
        const pages = paginateListCommandInvocations({ client: ssm }, { CommandId: Command?.CommandId });
        for await (const page of pages) invocations.push(...(page.CommandInvocations ?? []));
        return allDone(invocations);
      },
      wait,
    );
  };
  return {
    field: "password",
    length: 40,
    set: rotateOnNodes,
    test: () => Promise.resolve(), // the node logs in with the new password before it says so
  };
}

/** One step of a rotation. */
export const handler = lazily<RotationEvent, null>(() => {
  const secrets = new SecretsManagerClient(clientSettings);
  const store = nodes(new SSMClient(clientSettings), variable("DOCUMENT"), variable("INSTANCES").split(","));
  return async (event) => {
    await rotate(secrets, store, event);
    return null;
  };
});
