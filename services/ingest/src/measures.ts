import { PutMetricDataCommand, type CloudWatchClient, type StandardUnit } from "@aws-sdk/client-cloudwatch";
import type { Logger } from "winston";

const none = { TicksReceived: 0, TicksLost: 0, SlowReaders: 0, GapSeconds: 0 };
type Count = keyof typeof none;

/** What the server counts between two reports. */
export class Measures {
  #counts = { ...none };

  constructor(
    private readonly options: {
      readonly client: Pick<CloudWatchClient, "send">;
      readonly namespace: string;
      readonly stack: string;
      /** What is measured at the moment of the report. */
      readonly gauges: () => Readonly<Record<"LastTickAgeSeconds" | "Readers" | "BytesWaiting", number>>;
      readonly log: Logger;
    },
  ) {}

  count(name: Count, by = 1): void {
    this.#counts[name] += by;
  }

  /** Sends one report; counts that CloudWatch does not take are in the next one. */
  async report(): Promise<void> {
    const { client, namespace, stack, gauges, log } = this.options;
    const counts = this.#counts;
    const values = { ...gauges(), ...counts };
    this.#counts = { ...none };
    const unit = (name: string): StandardUnit =>
      name.endsWith("Seconds") ? "Seconds" : name.startsWith("Bytes") ? "Bytes" : "Count";
    try {
      await client.send(
        new PutMetricDataCommand({
          Namespace: namespace,
          MetricData: Object.entries(values).map(([MetricName, Value]) => ({
            MetricName,
            Value,
            Unit: unit(MetricName),
            Dimensions: [{ Name: "stack", Value: stack }],
          })),
        }),
      );
    } catch (error) {
      for (const [name, value] of Object.entries(counts)) this.count(name as Count, value);
      log.warn("CloudWatch does not take metrics", { reason: (error as Error).message });
    }
  }
}
