import { PutRecordBatchCommand, type FirehoseClient } from "@aws-sdk/client-firehose";
import type { Logger } from "winston";

/** Firehose bills every record by 5 KB begun and takes 1,000 KiB at most: many lines share one. */
const recordBytes = 256 * 1024;
/** Firehose takes 500 records and 4 MiB a call; 15 full records stay below. */
const batchRecords = 15;
const longestPauseMilliseconds = 10_000;

interface Parcel {
  readonly lines: number;
  readonly data: Buffer;
}

export interface DeliveryOptions {
  readonly client: Pick<FirehoseClient, "send">;
  readonly streamName: string;
  /** Bytes that may wait in memory; beyond them the oldest are given up, and counted. */
  readonly bufferBytes: number;
  readonly lingerMilliseconds?: number;
  readonly log: Logger;
  readonly onLost: (lines: number) => void;
}

/**
 * Puts lines into a Firehose delivery stream, at least once: a parcel leaves memory when Firehose has confirmed it, one
 * whose answer was lost is sent again.
 */
export class Delivery {
  #open: string[] = [];
  #openBytes = 0;
  #queue: Parcel[] = [];
  #sending: readonly Parcel[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #stop = new AbortController();

  constructor(private readonly options: DeliveryOptions) {}

  get waitingBytes(): number {
    return this.#waitingBytes + this.#openBytes;
  }

  get #waitingLines(): number {
    return [...this.#sending, ...this.#queue].reduce((sum, { lines }) => sum + lines, this.#open.length);
  }

  add(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#openBytes + bytes > recordBytes) this.#seal();
    this.#open.push(line);
    this.#openBytes += bytes;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#seal();
    }, this.options.lingerMilliseconds ?? 1000);
  }

  /** Sends what waits, until the time is up; answers how many lines could not be sent. */
  async drain(limitMilliseconds: number): Promise<number> {
    clearTimeout(this.#timer);
    this.#seal();
    const timer = setTimeout(() => this.#stop.abort(), limitMilliseconds);
    while (this.#running) await this.#running;
    clearTimeout(timer);
    const left = this.#waitingLines;
    if (left > 0) this.options.onLost(left);
    return left;
  }

  #seal(): void {
    if (this.#open.length > 0) {
      const data = Buffer.from(this.#open.join(""));
      this.#queue.push({ lines: this.#open.length, data });
      this.#waitingBytes += data.length;
      this.#open = [];
      this.#openBytes = 0;
    }
    this.#trim();
    if (this.#queue.length > 0) this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  #trim(): void {
    let lost = 0;
    while (this.#waitingBytes > this.options.bufferBytes) {
      const oldest = this.#queue.shift();
      if (!oldest) break; // what is being sent is not given up
      this.#waitingBytes -= oldest.data.length;
      lost += oldest.lines;
    }
    if (lost === 0) return;
    this.options.onLost(lost);
    this.options.log.error("ticks given up: the delivery stream takes none, and the memory for them is full", { lost });
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (this.#queue.length > 0 && !this.#stop.signal.aborted) {
      this.#sending = this.#queue.splice(0, batchRecords);
      const failed = await this.#send(this.#sending);
      const sent = this.#sending.filter((parcel) => !failed.includes(parcel));
      this.#waitingBytes -= sent.reduce((sum, { data }) => sum + data.length, 0);
      this.#queue.unshift(...failed);
      this.#sending = [];
      failures = failed.length === 0 ? 0 : failures + 1;
      if (failures > 0) await this.#pause(Math.min(longestPauseMilliseconds, 100 * 2 ** failures));
    }
  }

  /** The parcels that Firehose did not take. */
  async #send(parcels: readonly Parcel[]): Promise<readonly Parcel[]> {
    const { client, streamName, log } = this.options;
    try {
      const answer = await client.send(
        new PutRecordBatchCommand({
          DeliveryStreamName: streamName,
          Records: parcels.map(({ data }) => ({ Data: data })),
        }),
        { abortSignal: this.#stop.signal },
      );
      if (!answer.FailedPutCount) return [];
      const failed = parcels.filter((_, index) => answer.RequestResponses?.[index]?.ErrorCode !== undefined);
      log.warn("the delivery stream refused records; again", {
        records: failed.length,
        reason: answer.RequestResponses?.find(({ ErrorCode }) => ErrorCode)?.ErrorCode,
      });
      return failed;
    } catch (error) {
      const { name, message } = error as Error;
      log.warn("the delivery stream does not answer; again", { reason: `${name}: ${message}` });
      return parcels;
    }
  }

  #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#stop;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      signal.addEventListener("abort", done);
    });
  }
}
