import { Logger } from "@aws-lambda-powertools/logger";
import { MetricUnit, Metrics } from "@aws-lambda-powertools/metrics";
import { ConditionalCheckFailedException, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { clientSettings, jsonVariable, lazily, variable } from "../common/environment";
import type { WindowSettings } from "../common/running-windows";
import { decide, type Request } from "./core";

/** Seconds that a lock's row is kept. */
const lockSeconds = 7 * 86_400;

/** Takes the lock for an execution; an execution that already holds it gets it again, as Lambda calls are repeated. */
async function take(dynamo: DynamoDBClient, table: string, key: string, execution: string, now: Date) {
  try {
    await dynamo.send(
      new PutItemCommand({
        TableName: table,
        Item: {
          key: { S: key },
          execution: { S: execution },
          expires: { N: String(Math.floor(now.getTime() / 1000) + lockSeconds) },
        },
        ConditionExpression: "attribute_not_exists(#key) OR #execution = :execution",
        ExpressionAttributeNames: { "#key": "key", "#execution": "execution" },
        ExpressionAttributeValues: { ":execution": { S: execution } },
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

export function makeHandler(dynamo: DynamoDBClient, clock: () => Date = () => new Date()) {
  const logger = new Logger();
  const metrics = new Metrics({ defaultDimensions: { stack: variable("STACK") } });
  return async (request: Request) => {
    const now = clock();
    const decision = decide(jsonVariable<WindowSettings>("WINDOWS"), request, now);
    metrics.addMetric("CalendarStale", MetricUnit.Count, decision.stale ? 1 : 0);
    metrics.publishStoredMetrics();
    const mine = !decision.act || (await take(dynamo, variable("LOCK_TABLE"), decision.lock, request.execution, now));
    const act = decision.act && mine;
    const reason = mine ? decision.reason : "another execution acts for this time already";
    logger.info("decided", { ...decision, act, reason });
    return { action: request.action, act, reason, pass: 0, results: [] };
  };
}

export const handler = lazily(() => makeHandler(new DynamoDBClient(clientSettings)));
