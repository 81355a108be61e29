import { Logger } from "@aws-lambda-powertools/logger";
import { EC2Client, StartInstancesCommand, StopInstancesCommand } from "@aws-sdk/client-ec2";
import { clientSettings, jsonVariable, lazily } from "../common/environment";
import { addProblem, bisect, findInstances, idOf, isHeld, type Problems, type Selector } from "../common/instances";
import type { Draining } from "../fleet-drain/core";
import { afterStart, stillRunning } from "./core";

/** A drained batch to stop, or ids to start. */
export type PowerRequest = Draining | StartRequest;

export interface StartRequest {
  readonly action: "start";
  readonly ids: readonly string[];
  readonly attempt?: number;
  readonly done?: number;
  readonly problems?: Problems;
}

export interface PowerResult {
  readonly action: "start" | "stop";
  readonly done: number;
  readonly problems: Problems;
  /** Ids to try again, after a while. */
  readonly ids: readonly string[];
  readonly attempt: number;
  readonly finished: boolean;
}

/** Stops what was drained and is still this stack's, running and not held; looked up again right before. */
async function stop(ec2: EC2Client, selector: Selector, batch: Draining): Promise<PowerResult> {
  const running = await findInstances(ec2, selector, ["running"], batch.ids);
  const drained = new Set(batch.drained);
  const targets = running.filter((instance) => drained.has(idOf(instance)) && !isHeld(instance)).map(idOf);
  const problems = stillRunning(batch.problems, new Set(running.map(idOf)));
  const failed = await bisect(targets, async (some) => {
    await ec2.send(new StopInstancesCommand({ InstanceIds: some }));
  });
  addProblem(
    problems,
    "refused",
    failed.map(({ id }) => id),
  );
  return { action: "stop", done: targets.length - failed.length, problems, ids: [], attempt: 1, finished: true };
}

async function start(ec2: EC2Client, selector: Selector, request: StartRequest): Promise<PowerResult> {
  const attempt = (request.attempt ?? 0) + 1;
  const problems: Problems = { ...request.problems };
  const stopped = await findInstances(ec2, selector, ["stopped"], request.ids);
  const targets = stopped.filter((instance) => !isHeld(instance)).map(idOf);
  const failed = await bisect(targets, async (some) => {
    await ec2.send(new StartInstancesCommand({ InstanceIds: some }));
  });
  const ids = afterStart(failed, attempt, problems);
  const done = (request.done ?? 0) + targets.length - failed.length;
  return { action: "start", done, problems, ids, attempt, finished: ids.length === 0 };
}

export function makeHandler(ec2: EC2Client) {
  const logger = new Logger();
  return async (request: PowerRequest): Promise<PowerResult> => {
    const selector = jsonVariable<Selector>("SELECTOR");
    const result = await (request.action === "stop" ? stop(ec2, selector, request) : start(ec2, selector, request));
    logger.info("switched", { ...result });
    return result;
  };
}

export const handler = lazily(() => makeHandler(new EC2Client(clientSettings)));
