import { Logger } from "@aws-lambda-powertools/logger";
import {
  paginateDescribeInstanceInformation,
  paginateListCommandInvocations,
  SendCommandCommand,
  SSMClient,
  type CommandInvocation,
} from "@aws-sdk/client-ssm";
import { clientSettings, lazily, variable } from "../common/environment";
import { addProblem, bisect, type Problems } from "../common/instances";
import { advance, type Draining } from "./core";

/** A new batch, or one that waits for its commands. */
export type DrainRequest = { readonly action: "stop"; readonly ids: string[] } | Draining;

/** Seconds that Run Command waits for an agent to take a command; 30 is the least it allows. */
const deliverySeconds = 120;

/** Seconds over the hook's own limit before a silent command counts as timed out. */
const graceSeconds = 60;

async function onlineAmong(ssm: SSMClient, ids: readonly string[]): Promise<Set<string>> {
  const online = new Set<string>();
  const filters = [{ Key: "InstanceIds", Values: [...ids] }];
  for await (const page of paginateDescribeInstanceInformation({ client: ssm, pageSize: 50 }, { Filters: filters })) {
    for (const { InstanceId, PingStatus } of page.InstanceInformationList ?? []) {
      if (InstanceId && PingStatus === "Online") online.add(InstanceId);
    }
  }
  return online;
}

async function send(ssm: SSMClient, ids: readonly string[], now: number): Promise<Draining> {
  const seconds = Number(variable("DRAIN_SECONDS"));
  const online = await onlineAmong(ssm, ids);
  const problems: Problems = {};
  addProblem(
    problems,
    "agent-offline",
    ids.filter((id) => !online.has(id)),
  );
  const reachable = ids.filter((id) => online.has(id));
  const commandIds: string[] = [];
  const failed = await bisect(reachable, async (some) => {
    const { Command } = await ssm.send(
      new SendCommandCommand({
        DocumentName: variable("DRAIN_DOCUMENT"),
        InstanceIds: some,
        TimeoutSeconds: deliverySeconds,
        Parameters: { Seconds: [String(seconds)] },
        Comment: `Drain before the stop of stack ${variable("STACK")}`,
      }),
    );
    if (Command?.CommandId) commandIds.push(Command.CommandId);
  });
  addProblem(
    problems,
    "not-delivered",
    failed.map(({ id }) => id),
  );
  const bad = new Set(failed.map(({ id }) => id));
  const waiting = reachable.filter((id) => !bad.has(id));
  const deadline = now + (seconds + deliverySeconds + graceSeconds) * 1000;
  const finished = waiting.length === 0;
  return { action: "stop", ids: [...ids], commandIds, waiting, drained: [], problems, deadline, finished };
}

async function invocationsOf(ssm: SSMClient, commandIds: readonly string[]): Promise<CommandInvocation[]> {
  const invocations: CommandInvocation[] = [];
  for (const CommandId of commandIds) {
    for await (const page of paginateListCommandInvocations(
      { client: ssm, pageSize: 50 },
      { CommandId, Details: true },
    )) {
      invocations.push(...(page.CommandInvocations ?? []));
    }
  }
  return invocations;
}

/** First call: sends the drain command. Further calls with its answer: see what became of it. */
export function makeHandler(ssm: SSMClient, clock: () => number = Date.now) {
  const logger = new Logger();
  return async (request: DrainRequest): Promise<Draining> => {
    const batch =
      "commandIds" in request
        ? advance(request, await invocationsOf(ssm, request.commandIds), clock())
        : await send(ssm, request.ids, clock());
    logger.info("draining", { drained: batch.drained.length, waiting: batch.waiting.length, problems: batch.problems });
    return batch;
  };
}

export const handler = lazily(() => makeHandler(new SSMClient(clientSettings)));
