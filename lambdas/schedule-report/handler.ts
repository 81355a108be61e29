import { Logger } from "@aws-lambda-powertools/logger";
import { MetricUnit, Metrics } from "@aws-lambda-powertools/metrics";
import { lazily, variable } from "../common/environment";
import { sentence, total, type Outcome } from "./core";
import type { Problems } from "../common/instances";

export interface ReportRequest {
  readonly action: "start" | "stop";
  readonly held?: number;
  readonly problems?: Problems;
  readonly earlier?: readonly Outcome[];
  readonly results?: readonly Outcome[];
}

/** Sums a run up: metrics that page, the log with every id, and the state machine's verdict. */
export function makeHandler() {
  const logger = new Logger();
  const metrics = new Metrics({ defaultDimensions: { stack: variable("STACK") } });
  return (request: ReportRequest) => {
    const { action, held = 0, problems = {}, earlier = [], results = [] } = request;
    const outcome = total([...earlier, ...results, { done: 0, problems }]);
    const text = sentence(action, outcome);
    const verb = action === "start" ? "Started" : "Stopped";
    metrics.addMetric(`Instances${verb}`, MetricUnit.Count, outcome.done);
    metrics.addMetric(`InstancesNot${verb}`, MetricUnit.Count, outcome.failed);
    metrics.addMetric("InstancesHeld", MetricUnit.Count, held);
    metrics.publishStoredMetrics();
    if (outcome.failed > 0) logger.error(text, { problems: outcome.problems });
    else logger.info(text);
    return Promise.resolve({ action, ok: outcome.failed === 0, done: outcome.done, failed: outcome.failed, text });
  };
}

export const handler = lazily(() => makeHandler());
