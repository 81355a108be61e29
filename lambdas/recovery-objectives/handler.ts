/** Measures how far back a stack could go and how long its parts were away, so that alarms can hold both to their targets. */
import { Logger } from "@aws-lambda-powertools/logger";
import { MetricUnit, Metrics } from "@aws-lambda-powertools/metrics";
import { BackupClient, ListRestoreJobsCommand } from "@aws-sdk/client-backup";
import { CloudWatchClient, GetMetricDataCommand, type Metric } from "@aws-sdk/client-cloudwatch";
import { DescribeDBInstancesCommand, RDSClient } from "@aws-sdk/client-rds";
import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { clientSettings, jsonVariable, lazily, variable } from "../common/environment";
import { age, longestOutageSeconds, type Measured, type Objective } from "./core";

export interface Dependencies {
  readonly rds: RDSClient;
  /** CloudWatch of a Region. @default the function's own */
  readonly cloudwatch: (region?: string) => CloudWatchClient;
  readonly backup: BackupClient;
  /** S3 of the Region with the replica. */
  readonly s3: (region: string) => S3Client;
  readonly now: () => Date;
}

/** Hours that outages and lags are looked back for: a day, so that each is told of within one. */
const lookBackHours = 24;

async function values(
  at: Dependencies,
  metric: Metric,
  stat: string,
  region?: string,
): Promise<{ time: Date; value: number }[]> {
  const found: { time: Date; value: number }[] = [];
  let NextToken: string | undefined;
  do {
    const answer = await at.cloudwatch(region).send(
      new GetMetricDataCommand({
        StartTime: new Date(at.now().getTime() - lookBackHours * 3_600_000),
        EndTime: at.now(),
        ScanBy: "TimestampAscending",
        MetricDataQueries: [{ Id: "m", MetricStat: { Metric: metric, Period: 60, Stat: stat } }],
        NextToken,
      }),
    );
    const [one] = answer.MetricDataResults ?? [];
    (one?.Timestamps ?? []).forEach((time, index) => found.push({ time, value: one?.Values?.[index] ?? 0 }));
    NextToken = answer.NextToken;
  } while (NextToken);
  return found;
}

const dimensions = (pairs: Readonly<Record<string, string>>) =>
  Object.entries(pairs).map(([Name, Value]) => ({ Name, Value }));

async function measureRds(at: Dependencies, { target }: Objective): Promise<Omit<Measured, "component">> {
  const { DBInstances } = await at.rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: target }));
  const seconds = age(DBInstances?.[0]?.LatestRestorableTime, at.now());
  if (seconds === undefined) throw new Error(`the database ${target} names no latest restorable time`);
  return { recoveryPointSeconds: seconds };
}

/** Seconds of WAL that are not in S3 yet; nothing reported is as bad as everything lost, and left to the alarm on silence. */
async function measureTimescale(at: Dependencies, { target }: Objective): Promise<Omit<Measured, "component">> {
  const nodes = ["a", "b"].map((Node) =>
    values(
      at,
      {
        Namespace: "Trading/Timescale",
        MetricName: "ArchiveDelaySeconds",
        Dimensions: dimensions({ Database: target, Node }),
      },
      "Maximum",
    ),
  );
  const latest = (await Promise.all(nodes)).map((series) => series.at(-1)?.value).filter((one) => one !== undefined);
  return latest.length > 0 ? { recoveryPointSeconds: Math.max(...latest) } : {};
}

/** The replica's lag, which S3 tells in its Region (no data: nothing to copy), and the time until the replica answers with what it holds. */
async function measureBucket(at: Dependencies, objective: Objective): Promise<Omit<Measured, "component">> {
  const { target, replica = "", region = "" } = objective;
  const lag = await values(
    at,
    {
      Namespace: "AWS/S3",
      MetricName: "ReplicationLatency",
      Dimensions: dimensions({ SourceBucket: target, DestinationBucket: replica, RuleId: "all" }),
    },
    "Maximum",
    region,
  );
  const start = at.now().getTime();
  await at.s3(region).send(new ListObjectsV2Command({ Bucket: replica, MaxKeys: 1 }));
  return {
    recoveryPointSeconds: lag.at(-1)?.value ?? 0,
    recoveryTimeSeconds: (at.now().getTime() - start) / 1000,
  };
}

async function measureService(at: Dependencies, objective: Objective): Promise<Omit<Measured, "component">> {
  const { target, cluster = "", tasks = 1 } = objective;
  const running = await values(
    at,
    {
      Namespace: "ECS/ContainerInsights",
      MetricName: "RunningTaskCount",
      Dimensions: dimensions({ ClusterName: cluster, ServiceName: target }),
    },
    "Minimum",
  );
  const series = running.map(({ time, value }) => ({ time, running: value }));
  return { recoveryTimeSeconds: longestOutageSeconds(series, tasks) };
}

const measures = { rds: measureRds, timescale: measureTimescale, bucket: measureBucket, service: measureService };

/** Hours since a restore test of the plan last passed; undefined where none has in the past month. */
async function restoreTestAgeHours(at: Dependencies, planArn: string): Promise<number | undefined> {
  const since = new Date(at.now().getTime() - 31 * 86_400_000);
  let newest: Date | undefined;
  let NextToken: string | undefined;
  do {
    const page = await at.backup.send(
      new ListRestoreJobsCommand({
        ByRestoreTestingPlanArn: planArn,
        ByStatus: "COMPLETED",
        ByCreatedAfter: since,
        NextToken,
      }),
    );
    for (const { ValidationStatus, CompletionDate } of page.RestoreJobs ?? []) {
      if (ValidationStatus === "SUCCESSFUL" && CompletionDate && (!newest || CompletionDate > newest))
        newest = CompletionDate;
    }
    NextToken = page.NextToken;
  } while (NextToken);
  const seconds = age(newest, at.now());
  return seconds === undefined ? undefined : seconds / 3600;
}

/** Hours told where no restore test has passed in a month: more than any month has. */
const noTestHours = 31 * 24;

/** Measures every objective; one that cannot be measured fails the run after the others were published. */
export function makeHandler(at: Dependencies) {
  const logger = new Logger();
  const metrics = new Metrics();
  const publish = (component: string, name: string, unit: "Seconds" | "None", value: number) => {
    const one = metrics.singleMetric();
    one.addDimensions({ Stack: variable("STACK"), Component: component });
    one.addMetric(name, unit === "None" ? MetricUnit.NoUnit : MetricUnit.Seconds, value);
  };
  return async (): Promise<Measured[]> => {
    const objectives = jsonVariable<Objective[]>("OBJECTIVES");
    const settled = await Promise.allSettled(
      objectives.map(async (objective): Promise<Measured> => ({
        component: objective.component,
        ...(await measures[objective.kind](at, objective)),
      })),
    );
    const failures: string[] = [];
    const measured: Measured[] = [];
    settled.forEach((result, index) => {
      const component = objectives[index]?.component ?? "";
      if (result.status === "rejected") failures.push(`${component}: ${(result.reason as Error).message}`);
      else measured.push(result.value);
    });
    for (const { component, recoveryPointSeconds, recoveryTimeSeconds } of measured) {
      if (recoveryPointSeconds !== undefined)
        publish(component, "RecoveryPointSeconds", "Seconds", recoveryPointSeconds);
      if (recoveryTimeSeconds !== undefined) publish(component, "RecoveryTimeSeconds", "Seconds", recoveryTimeSeconds);
    }
    const planArn = process.env.PLAN_ARN;
    if (planArn)
      publish("database", "RestoreTestAgeHours", "None", (await restoreTestAgeHours(at, planArn)) ?? noTestHours);
    logger.info("measured", { measured });
    if (failures.length > 0) throw new Error(`not measured: ${failures.join("; ")}`);
    return measured;
  };
}

/** One client a Region. */
function byRegion<T>(make: (settings: typeof clientSettings & { region?: string }) => T): (region?: string) => T {
  const clients = new Map<string | undefined, T>();
  return (region) => {
    const client = clients.get(region) ?? make({ ...clientSettings, ...(region === undefined ? {} : { region }) });
    clients.set(region, client);
    return client;
  };
}

export const handler = lazily<unknown, unknown>(() =>
  makeHandler({
    rds: new RDSClient(clientSettings),
    cloudwatch: byRegion((settings) => new CloudWatchClient(settings)),
    backup: new BackupClient(clientSettings),
    s3: byRegion((settings) => new S3Client(settings)),
    now: () => new Date(),
  }),
);
