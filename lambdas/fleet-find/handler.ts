import { Logger } from "@aws-lambda-powertools/logger";
import { EC2Client } from "@aws-sdk/client-ec2";
import { clientSettings, jsonVariable, lazily } from "../common/environment";
import { findInstances, type Problems, type Selector } from "../common/instances";
import { sortOut, statesFor } from "./core";

/** The state machine's state, as far as this function reads it. */
export interface FindRequest {
  readonly action: "start" | "stop";
  readonly pass: number;
  /** Ids of the last pass that were changing state; on later passes nothing else is looked at. */
  readonly coming?: readonly string[];
  /** What the earlier passes came to. */
  readonly results?: readonly BatchResult[];
  readonly earlier?: readonly BatchResult[];
  readonly problems?: Problems;
}

/** What one batch came to. */
export interface BatchResult {
  readonly done: number;
  readonly problems: Problems;
}

export function makeHandler(ec2: EC2Client) {
  const logger = new Logger();
  return async (request: FindRequest) => {
    const { action } = request;
    const { ready, coming } = statesFor[action];
    const only = request.pass > 0 ? (request.coming ?? []) : undefined;
    const instances = await findInstances(ec2, jsonVariable<Selector>("SELECTOR"), [ready, coming], only);
    const found = sortOut(action, request.pass + 1, instances);
    logger.info("found", { action, pass: found.pass, batches: found.batches.length, coming: found.coming.length });
    return { ...found, earlier: [...(request.earlier ?? []), ...(request.results ?? [])], results: [] };
  };
}

export const handler = lazily(() => makeHandler(new EC2Client(clientSettings)));
