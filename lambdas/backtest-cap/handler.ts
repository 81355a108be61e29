import { Logger } from "@aws-lambda-powertools/logger";
import { BatchClient, DescribeJobQueuesCommand, UpdateJobQueueCommand } from "@aws-sdk/client-batch";
import { clientSettings, lazily, variable } from "../common/environment";
import { decide, type CapEvent } from "./core";

/**
 * Closes the job queue when the budget is spent, and opens it with the new month. Jobs that run go on to their end, which
 * their own time limit brings; new ones are refused.
 */
export function makeHandler(batch: BatchClient) {
  const logger = new Logger();
  return async (event: CapEvent) => {
    const action = decide(event, variable("TOPIC"));
    if ("ignore" in action) {
      logger.warn("event left alone", action);
      return { changed: false };
    }
    const jobQueue = variable("QUEUE");
    const { jobQueues = [] } = await batch.send(new DescribeJobQueuesCommand({ jobQueues: [jobQueue] }));
    const [queue] = jobQueues;
    if (!queue) throw new Error(`There is no job queue ${jobQueue}`);
    if (queue.state === action.state) return { changed: false };
    await batch.send(new UpdateJobQueueCommand({ jobQueue, state: action.state }));
    logger.warn(action.state === "DISABLED" ? "queue closed" : "queue opened", { jobQueue, why: action.why });
    return { changed: true, state: action.state };
  };
}

export const handler = lazily(() => makeHandler(new BatchClient(clientSettings)));
