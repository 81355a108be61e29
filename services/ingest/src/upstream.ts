import { streaming } from "@alpacahq/alpaca-trade-api";
import { momentCodec } from "./ticks";

export interface UpstreamOptions {
  readonly keyId: string;
  readonly secret: string;
  readonly feed: "iex" | "sip";
  readonly url?: string | undefined;
  readonly symbols: readonly string[];
  readonly initialReconnectMilliseconds?: number;
}

export interface UpstreamEvents {
  /** Messages that are no answers: market data. */
  readonly data: (frames: readonly unknown[]) => void;
  /** Alpaca has confirmed the subscription: from here on nothing is missing. */
  readonly subscribed: () => void;
  readonly disconnected: () => void;
  /** Trouble that may pass; the client tries again by itself. */
  readonly trouble: (message: string) => void;
  /** The key was refused: trying again with it is in vain. */
  readonly refused: (message: string) => void;
}

/** What to do about errors of Alpaca's stream, by their code. */
const advice: Readonly<Record<number, string>> = {
  402: "the key in Secrets Manager is wrong or revoked; put a valid one there, the server reads it when it starts",
  405: "name fewer symbols in ingest.symbols, or take a plan with more",
  406: "another server holds the key's one stream; stop it",
  409: "the plan lacks this feed: set ingest.feed to iex, or take a plan with sip",
};
const refusals = new Set([401, 402, 404]);
const answers = new Set(["success", "subscription"]);

/** Alpaca's own stream client, with its messages taken before it drops digits of identifiers and times. */
class RawStream extends streaming.StockDataStream {
  constructor(
    options: streaming.StockDataStreamOptions,
    private readonly events: UpstreamEvents,
  ) {
    super(options);
    this.extensionCodec = momentCodec;
  }

  protected override handleMessage(message: unknown): void {
    if (!Array.isArray(message)) {
      super.handleMessage(message); // says what is wrong with it
      return;
    }
    const own: unknown[] = [];
    const data: unknown[] = [];
    for (const frame of message as ({ T?: string; code?: number; msg?: string } | null)[]) {
      if (frame?.T === "error") this.#fail(frame.code ?? 0, frame.msg ?? "no reason given");
      else if (typeof frame?.T !== "string" || answers.has(frame.T)) own.push(frame);
      else data.push(frame);
    }
    if (data.length > 0) this.events.data(data);
    if (own.length > 0) super.handleMessage(own);
  }

  #fail(code: number, text: string): void {
    const todo = advice[code];
    const message = `Alpaca answers ${code} ${text}${todo === undefined ? "" : `: ${todo}`}`;
    if (refusals.has(code)) {
      this.disconnect();
      this.events.refused(message);
    } else this.events.trouble(message);
  }
}

/** Opens the one stream that a key may have; it reconnects and subscribes again until it is closed. */
export function openUpstream(options: UpstreamOptions, events: UpstreamEvents): { readonly close: () => void } {
  const stream = new RawStream(
    {
      credentials: { keyId: options.keyId, secret: options.secret },
      feed: options.feed,
      ...(options.url === undefined ? {} : { url: options.url }),
      maxReconnectAttempts: streaming.UNLIMITED_RECONNECT_ATTEMPTS,
      initialReconnectMs: options.initialReconnectMilliseconds ?? 500,
      maxReconnectMs: 15_000,
    },
    events,
  );
  const symbols = [...options.symbols];
  stream.subscribeForTrades(symbols);
  stream.subscribeForQuotes(symbols);
  stream.subscribeForBars(symbols);
  stream.on(streaming.EVENT.SUBSCRIPTION, events.subscribed);
  stream.onDisconnect(events.disconnected);
  stream.onError((message) => events.trouble(message));
  stream.connect();
  return { close: () => stream.disconnect() };
}
