import type { Log } from "../observe/log";
import type { Metrics } from "../observe/metrics";
import type { NumberedQuote, Store } from "../store/store";

const batchSize = 1000;
const pauseMilliseconds = 100;
/** About a minute of a busy stream; beyond it the oldest are given up, and counted. */
const waitingLimit = 200_000;

/**
 * Writes every streamed quote to PostgreSQL, in order and in batches. A batch is taken off the queue once it is
 * committed; one whose answer was lost is sent again and meets its own keys.
 */
export class Recorder {
  #waiting: NumberedQuote[] = [];
  #running = false;
  #stopped = false;

  constructor(
    private readonly store: Pick<Store, "recordQuotes">,
    private readonly log: Log,
    private readonly metrics: Metrics,
    private readonly limit = waitingLimit,
  ) {
    metrics.collect(() => metrics.gauge("QuotesWaiting", this.#waiting.length));
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  add(quote: NumberedQuote): void {
    this.#waiting.push(quote);
    if (this.#waiting.length > this.limit) {
      const given = this.#waiting.splice(0, this.#waiting.length - this.limit);
      this.metrics.count("QuotesLost", {}, given.length);
    }
    if (!this.#running) void this.#run();
  }

  /** Writes what waits, until the time is up; what could not be written is counted and said. */
  async drain(limitMilliseconds: number): Promise<number> {
    const deadline = Date.now() + limitMilliseconds;
    while (this.#waiting.length > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    this.#stopped = true;
    const left = this.#waiting.length;
    if (left > 0) {
      this.metrics.count("QuotesLost", {}, left);
      this.log.error("quotes could not be written before the end", { left });
    }
    return left;
  }

  async #run(): Promise<void> {
    this.#running = true;
    let failures = 0;
    while (this.#waiting.length > 0 && !this.#stopped) {
      await new Promise((resolve) =>
        setTimeout(resolve, failures === 0 ? pauseMilliseconds : Math.min(5000, 100 * 2 ** failures)),
      );
      const batch = this.#waiting.slice(0, batchSize);
      try {
        await this.store.recordQuotes(batch);
        failures = 0;
        this.metrics.count("QuotesRecorded", {}, batch.length);
        // By identity: the limit may have cut the queue's head meanwhile.
        const last = batch.at(-1);
        this.#waiting.splice(0, last === undefined ? 0 : this.#waiting.indexOf(last) + 1);
      } catch (error) {
        failures += 1;
        this.metrics.count("QuoteBatchFailures");
        if (failures === 1)
          this.log.warn("quotes wait: the database does not take them", { error, waiting: this.#waiting.length });
      }
    }
    this.#running = false;
  }
}
