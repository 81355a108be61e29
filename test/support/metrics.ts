/** What functions publish as metrics in CloudWatch's embedded format: one line of their output each. */

export interface PublishedMetric {
  readonly namespace: string;
  readonly name: string;
  /** Dimensions with their values, which an alarm has to name all. */
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
}

interface EmbeddedMetric extends Record<string, unknown> {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string }[];
    }[];
  };
}

/** Metrics of one line; none where it is another kind of output. */
function metricsOf(line: string): PublishedMetric[] {
  if (!line.includes("CloudWatchMetrics")) return [];
  const record = JSON.parse(line) as EmbeddedMetric;
  return record._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
    Metrics.map(({ Name }) => ({
      namespace: Namespace,
      name: Name,
      dimensions: Object.fromEntries((Dimensions[0] ?? []).map((key) => [key, String(record[key])])),
      value: Number(record[Name]),
    })),
  );
}

/** Runs a function's handler and returns what it published, whether it failed or not. */
export async function publishedBy(
  service: string,
  namespace: string,
  run: () => Promise<unknown>,
): Promise<{ metrics: PublishedMetric[]; error?: Error }> {
  const before = { ...process.env };
  Object.assign(process.env, {
    POWERTOOLS_DEV: "true", // writes through the console, which can be listened to
    POWERTOOLS_SERVICE_NAME: service,
    POWERTOOLS_METRICS_NAMESPACE: namespace,
    POWERTOOLS_METRICS_DISABLED: "false",
  });
  const { log } = console;
  const metrics: PublishedMetric[] = [];
  console.log = (line: unknown) => void metrics.push(...metricsOf(String(line)));
  try {
    await run();
    return { metrics };
  } catch (error) {
    return { metrics, error: error as Error };
  } finally {
    console.log = log;
    for (const key of Object.keys(process.env)) if (!(key in before)) Reflect.deleteProperty(process.env, key);
    Object.assign(process.env, before);
  }
}
