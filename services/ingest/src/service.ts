import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { FirehoseClient } from "@aws-sdk/client-firehose";
import winston, { type Logger } from "winston";
import { tickAgeSeconds } from "./age";
import type { Settings } from "./config";
import { Delivery } from "./delivery";
import { Measures } from "./measures";
import { Readers } from "./readers";
import { gapLine, Tick } from "./ticks";
import { openUpstream } from "./upstream";

/** Tests put their own parts in. */
export interface Doors {
  readonly firehose?: Pick<FirehoseClient, "send">;
  readonly cloudwatch?: Pick<CloudWatchClient, "send">;
  readonly log?: Logger;
  readonly clock?: () => number;
  readonly initialReconnectMilliseconds?: number;
  readonly lingerMilliseconds?: number;
}

export interface Service {
  readonly port: number;
  /** Ends when Alpaca refuses the key; the caller drains and ends the process, whose successor reads the key anew. */
  readonly refused: Promise<string>;
  /** Lets go of Alpaca's stream and the readers, sends what waits. Answers the ticks that could not be sent. */
  readonly drain: () => Promise<number>;
}

export function createLog(stack: string): Logger {
  return winston.createLogger({
    defaultMeta: { service: "ingest", stack },
    format: winston.format.combine(winston.format.timestamp(), winston.format.json()),
    // The rule takes the transports, typed once more in winston's own types, for strangers.
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
    transports: [new winston.transports.Console()],
  });
}

/** One stream from Alpaca in; readers, raw ticks to Firehose and metrics out. */
export const startService = (settings: Settings, doors: Doors = {}): Promise<Service> =>
  new Ingest(settings, doors).start();

class Ingest {
  readonly #clock: () => number;
  readonly #log: Logger;
  readonly #delivery: Delivery;
  readonly #readers: Readers;
  readonly #measures: Measures;
  #lastTickAt: number | undefined;
  #live = false;
  #started = false;

  constructor(
    private readonly settings: Settings,
    private readonly doors: Doors,
  ) {
    const region = settings.AWS_DEFAULT_REGION;
    const log = doors.log ?? createLog(settings.INGEST_STACK);
    this.#clock = doors.clock ?? Date.now;
    this.#log = log;
    this.#measures = new Measures({
      client: doors.cloudwatch ?? new CloudWatchClient({ region }),
      namespace: settings.INGEST_NAMESPACE,
      stack: settings.INGEST_STACK,
      gauges: () => ({
        LastTickAgeSeconds: this.#age(),
        Readers: this.#readers.count,
        BytesWaiting: this.#delivery.waitingBytes,
      }),
      log,
    });
    this.#delivery = new Delivery({
      client: doors.firehose ?? new FirehoseClient({ region }),
      streamName: settings.INGEST_DELIVERY_STREAM,
      bufferBytes: settings.INGEST_BUFFER_MIB * 1024 * 1024,
      lingerMilliseconds: doors.lingerMilliseconds,
      log,
      onLost: (lines) => this.#measures.count("TicksLost", lines),
    });
    this.#readers = new Readers({
      symbols: settings.INGEST_SYMBOLS,
      health: () => ({ ok: this.#live, lastTickAgeSeconds: this.#age(), readers: this.#readers.count }),
      onSlow: () => this.#measures.count("SlowReaders"),
      log,
    });
  }

  async start(): Promise<Service> {
    const { settings } = this;
    const port = await this.#readers.listen(settings.INGEST_HOST, settings.INGEST_PORT);
    let refuse: (message: string) => void = () => undefined;
    const refused = new Promise<string>((resolve) => (refuse = resolve));
    const upstream = this.#connect(refuse);
    const timer = setInterval(() => void this.#measures.report(), settings.INGEST_METRICS_SECONDS * 1000);
    this.#log.info("ready for readers", { port });
    let running: Promise<number> | undefined;
    const drain = () => {
      clearInterval(timer);
      return (running ??= this.#drain(upstream));
    };
    return { port, refused, drain };
  }

  #connect(refuse: (message: string) => void) {
    const { settings, doors } = this;
    return openUpstream(
      {
        keyId: settings.ALPACA_KEY_ID,
        secret: settings.ALPACA_SECRET_KEY,
        feed: settings.INGEST_FEED,
        url: settings.INGEST_UPSTREAM_URL,
        symbols: settings.INGEST_SYMBOLS,
        initialReconnectMilliseconds: doors.initialReconnectMilliseconds,
      },
      {
        data: (frames) => this.#take(frames),
        subscribed: () => this.#subscribed(),
        disconnected: () => {
          if (this.#live) this.#log.warn("the stream broke; ticks until it is back are not recorded");
          this.#live = false;
        },
        trouble: (message) => this.#log.warn("the stream has trouble", { message }),
        refused: (message) => {
          this.#log.error("the stream was refused", { message });
          refuse(message);
        },
      },
    );
  }

  #age(): number {
    return tickAgeSeconds(new Date(this.#clock()), this.#lastTickAt, this.settings.INGEST_CALENDAR);
  }

  #take(frames: readonly unknown[]): void {
    const now = this.#clock();
    const ticks = frames.flatMap((frame) => Tick.of(frame, now) ?? []);
    if (ticks.length === 0) return;
    this.#lastTickAt = now;
    this.#measures.count("TicksReceived", ticks.length);
    this.#readers.publish(ticks); // readers first: they trade on it
    for (const { line } of ticks) this.#delivery.add(line);
  }

  /** Alpaca sends nothing again: what it sent between the last tick and now is missing, and that is written down. */
  #subscribed(): void {
    if (this.#live) return;
    const now = this.#clock();
    const last = this.#lastTickAt;
    const from = last === undefined ? null : new Date(last).toISOString();
    const why = this.#started ? "reconnected" : "started";
    this.#delivery.add(gapLine({ from, to: new Date(now).toISOString(), why }));
    if (this.#started && last !== undefined) this.#measures.count("GapSeconds", (now - last) / 1000);
    this.#live = true;
    this.#started = true;
    this.#log.info("the stream runs", { why, from, symbols: this.settings.INGEST_SYMBOLS.length });
  }

  async #drain(upstream: { readonly close: () => void }): Promise<number> {
    this.#log.info("draining", { readers: this.#readers.count, bytesWaiting: this.#delivery.waitingBytes });
    upstream.close(); // first: the successor may have the key's one stream
    const limit = this.settings.INGEST_DRAIN_SECONDS * 1000;
    const [lost] = await Promise.all([this.#delivery.drain(limit), this.#readers.close()]);
    await Promise.race([this.#measures.report(), new Promise((resolve) => setTimeout(resolve, 2000).unref())]);
    this.#log.info("drained", { lost });
    return lost;
  }
}
