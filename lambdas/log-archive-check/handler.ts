/** Each day: did what CloudWatch Logs took in yesterday reach the archive? */
import { Logger } from "@aws-lambda-powertools/logger";
import { MetricUnit, Metrics } from "@aws-lambda-powertools/metrics";
import { CloudWatchClient, GetMetricDataCommand, type MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { clientSettings, jsonVariable, lazily, variable } from "../common/environment";
import { dayBefore, gapOf, type Gap, type GroupFigures } from "./core";

export interface Dependencies {
  readonly cloudwatch: CloudWatchClient;
  readonly s3: S3Client;
  readonly now: () => Date;
}

/** Queries that GetMetricData takes at once. */
const queryLimit = 500;

type Day = ReturnType<typeof dayBefore>;

/** A day's sums, in the order of what was asked. */
async function sums(
  at: Dependencies,
  day: Day,
  asked: readonly [namespace: string, metric: string, Record<string, string>][],
) {
  const found = new Map<string, number>();
  const queries = asked.map(([Namespace, MetricName, dimensions], index): MetricDataQuery => ({
    Id: `q${index}`,
    MetricStat: {
      Metric: {
        Namespace,
        MetricName,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      },
      Period: 86_400,
      Stat: "Sum",
    },
  }));
  for (let start = 0; start < queries.length; start += queryLimit) {
    let NextToken: string | undefined;
    do {
      const page = await at.cloudwatch.send(
        new GetMetricDataCommand({
          StartTime: day.from,
          EndTime: day.to,
          MetricDataQueries: queries.slice(start, start + queryLimit),
          NextToken,
        }),
      );
      for (const { Id = "", Values = [] } of page.MetricDataResults ?? [])
        found.set(
          Id,
          Values.reduce((sum, one) => sum + one, found.get(Id) ?? 0),
        );
      NextToken = page.NextToken;
    } while (NextToken);
  }
  return asked.map((_, index) => found.get(`q${index}`) ?? 0);
}

/** Compares yesterday's figures and publishes the gap. */
export function makeHandler(at: Dependencies) {
  const logger = new Logger();
  const metrics = new Metrics({ defaultDimensions: { stack: variable("STACK") } });
  return async (): Promise<Gap> => {
    const day = dayBefore(at.now());
    const names = jsonVariable<string[]>("GROUPS");
    const stream = variable("STREAM");
    const ingested = await sums(
      at,
      day,
      names.map((group) => ["AWS/Logs", "IncomingLogEvents", { LogGroupName: group }]),
    );
    // By the kind of destination where CloudWatch Logs counts so, else of all that the group sends on: a figure that is only
    // to be had the other way must not look like a whole day lost.
    const byDestination = await sums(
      at,
      day,
      names.map((group) => ["AWS/Logs", "ForwardedLogEvents", { LogGroupName: group, DestinationType: "Firehose" }]),
    );
    const byGroup = await sums(
      at,
      day,
      names.map((group) => ["AWS/Logs", "ForwardedLogEvents", { LogGroupName: group }]),
    );
    const forwarded = byDestination.map((events, index) => (events > 0 ? events : (byGroup[index] ?? 0)));
    const ofStream = { DeliveryStreamName: stream };
    const [records = 0, delivered = 0] = await sums(at, day, [
      ["AWS/Firehose", "IncomingRecords", ofStream],
      ["AWS/Firehose", "DeliveryToS3.Records", ofStream],
    ]);
    const listed = await at.s3.send(
      new ListObjectsV2Command({
        Bucket: variable("BUCKET"),
        Prefix: `${variable("PREFIX")}day=${day.name}/`,
        MaxKeys: 1,
      }),
    );
    const groups = names.map((group, index): GroupFigures => ({
      group,
      ingested: ingested[index] ?? 0,
      forwarded: forwarded[index] ?? 0,
    }));
    const gap = gapOf(groups, { records, delivered, objects: listed.KeyCount ?? 0 });
    metrics.addMetric("ArchiveGapPercent", MetricUnit.Percent, gap.percent);
    metrics.publishStoredMetrics();
    logger[gap.findings.length > 0 ? "warn" : "info"](`${day.name}: ${gap.percent} % missing`, { ...gap });
    return gap;
  };
}

export const handler = lazily<unknown, unknown>(() =>
  makeHandler({
    cloudwatch: new CloudWatchClient(clientSettings),
    s3: new S3Client(clientSettings),
    now: () => new Date(),
  }),
);
