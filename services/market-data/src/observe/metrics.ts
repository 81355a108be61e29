import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import { Metrics as Emf, MetricUnit } from "@aws-lambda-powertools/metrics";

export type Dimensions = Readonly<Record<string, string>>;
type Unit = (typeof MetricUnit)[keyof typeof MetricUnit];

interface Series {
  readonly dimensions: Dimensions;
  readonly counts: Map<string, number>;
  readonly gauges: Map<string, { value: number; unit: Unit }>;
  readonly times: Map<string, RecordableHistogram>;
}

/** Distinct series kept at most: a dimension fed by outside text must not grow the bill. */
const seriesLimit = 500;

/**
 * Metrics kept in memory and written every interval as CloudWatch embedded-metric-format lines, one a dimension set.
 * Times become Count, P50, P99 and Max, computed here over the interval: a line a request would cost more than the
 * service does. Percentiles of several instances cannot be added up: alarm on Maximum of the P99 metric.
 */
export class Metrics {
  readonly #series = new Map<string, Series>();
  readonly #collectors: (() => void | Promise<void>)[] = [];
  readonly #emf: Emf;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    namespace: string,
    stage: string,
    private readonly write: (line: string) => void = (line) => process.stdout.write(line),
  ) {
    this.#emf = new Emf({ namespace, serviceName: "market-data", defaultDimensions: { stage } });
  }

  count(name: string, dimensions: Dimensions = {}, by = 1): void {
    const { counts } = this.#find(dimensions);
    counts.set(name, (counts.get(name) ?? 0) + by);
  }

  gauge(name: string, value: number, dimensions: Dimensions = {}, unit: Unit = MetricUnit.Count): void {
    this.#find(dimensions).gauges.set(name, { value, unit });
  }

  /** Milliseconds, kept to the microsecond. */
  time(name: string, milliseconds: number, dimensions: Dimensions = {}): void {
    const { times } = this.#find(dimensions);
    let histogram = times.get(name);
    if (histogram === undefined) times.set(name, (histogram = createHistogram()));
    histogram.record(Math.max(1, Math.round(milliseconds * 1000)));
  }

  /** Runs before every write, to set gauges. */
  collect(collector: () => void | Promise<void>): void {
    this.#collectors.push(collector);
  }

  start(intervalSeconds: number): void {
    this.#timer = setInterval(() => void this.flush(), intervalSeconds * 1000);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  async flush(): Promise<void> {
    await Promise.allSettled(this.#collectors.map(async (collector) => collector()));
    const all = [...this.#series.values()];
    this.#series.clear();
    for (const series of all) this.#emit(series);
  }

  #find(dimensions: Dimensions): Series {
    const key = JSON.stringify(dimensions);
    let series = this.#series.get(key);
    if (series === undefined) {
      if (this.#series.size >= seriesLimit && key !== "{}") return this.#find({});
      series = { dimensions, counts: new Map(), gauges: new Map(), times: new Map() };
      this.#series.set(key, series);
    }
    return series;
  }

  #emit({ dimensions, counts, gauges, times }: Series): void {
    const emf = this.#emf;
    emf.addDimensions({ ...dimensions });
    for (const [name, value] of counts) emf.addMetric(name, MetricUnit.Count, value);
    for (const [name, { value, unit }] of gauges) emf.addMetric(name, unit, value);
    for (const [name, histogram] of times) {
      emf.addMetric(`${name}Count`, MetricUnit.Count, histogram.count);
      emf.addMetric(`${name}P50`, MetricUnit.Milliseconds, histogram.percentile(50) / 1000);
      emf.addMetric(`${name}P99`, MetricUnit.Milliseconds, histogram.percentile(99) / 1000);
      emf.addMetric(`${name}Max`, MetricUnit.Milliseconds, histogram.max / 1000);
    }
    this.write(`${JSON.stringify(emf.serializeMetrics())}\n`);
    emf.clearMetrics();
    emf.clearDimensions();
  }
}
