import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { RedisConnection } from "../cache/redis";
import type { Market } from "../market";
import type { Log } from "../observe/log";
import type { Metrics } from "../observe/metrics";
import type { Provider, Quote, QuoteStream } from "../providers/provider";
import type { Session } from "../store/session";
import type { Recorder } from "./recorder";

const channels = { quotes: "md:feed:quotes", wanted: "md:feed:wanted" } as const;
const quoteSchema = z.object({
  symbol: z.string(),
  bid: z.number(),
  bidSize: z.number(),
  ask: z.number(),
  askSize: z.number(),
  at: z.number(),
  source: z.string(),
});
const wantedSchema = z.object({ instance: z.string(), symbols: z.array(z.string()).max(2000) });

const wantedMilliseconds = 2000;
const wantedLifeMilliseconds = 10_000;
const pollMilliseconds = 1000;
const silenceMilliseconds = 3000;

/**
 * Live quotes for this instance's clients. One instance leads (it holds the database's lock): it streams from the
 * provider, records, and publishes on Redis; the others listen. A follower that hears nothing, because Redis or the
 * leader is away, asks for quotes once a second instead.
 */
export class Feed {
  readonly #instance = randomUUID();
  readonly #own = new Map<string, number>();
  readonly #wanted = new Map<string, { symbols: readonly string[]; until: number }>();
  readonly #listeners = new Set<(quote: Quote) => void>();
  readonly #latest = new Map<string, Quote>();
  readonly #timers: NodeJS.Timeout[] = [];
  #stream: { readonly handle: QuoteStream; readonly id: string } | undefined;
  #number = 0;
  #heardAt = 0;
  #polling = false;

  constructor(
    private readonly parts: {
      readonly provider: Provider | undefined;
      readonly always: readonly string[];
      readonly session: Session;
      readonly redis: RedisConnection;
      readonly recorder: Recorder;
      readonly market: Market;
      readonly log: Log;
      readonly metrics: Metrics;
    },
  ) {}

  start(): void {
    const { session, redis, log, metrics } = this.parts;
    session.on("leader", () => this.#lead());
    session.on("follower", () => this.#unlead());
    if (session.isLeader) this.#lead();
    this.#listen();
    redis.onReady(() => this.#sayWanted());
    this.#timers.push(setInterval(() => this.#sayWanted(), wantedMilliseconds));
    this.#timers.push(setInterval(() => void this.#pollIfSilent(), pollMilliseconds));
    metrics.collect(() => metrics.gauge("FeedLeader", session.isLeader ? 1 : 0));
    log.debug("feed started", { instance: this.#instance });
  }

  /** Calls back for every quote of any symbol that some client of this instance wants. */
  onQuote(listener: (quote: Quote) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The last quote heard; a new subscriber starts with it. */
  latest(symbol: string): Quote | undefined {
    return this.#latest.get(symbol);
  }

  want(symbols: readonly string[]): void {
    for (const symbol of symbols) this.#own.set(symbol, (this.#own.get(symbol) ?? 0) + 1);
    this.#sayWanted();
  }

  unwant(symbols: readonly string[]): void {
    for (const symbol of symbols) {
      const left = (this.#own.get(symbol) ?? 1) - 1;
      if (left > 0) this.#own.set(symbol, left);
      else {
        this.#own.delete(symbol);
        this.#latest.delete(symbol);
      }
    }
  }

  stop(): void {
    this.#timers.forEach((timer) => clearInterval(timer));
    this.#unlead();
    this.#listeners.clear();
  }

  #lead(): void {
    const { provider, recorder, redis, log, metrics } = this.parts;
    if (provider?.stream === undefined || this.#stream !== undefined) return;
    const id = randomUUID();
    this.#number = 0;
    const onQuote = (quote: Quote) => {
      if (this.#stream?.id !== id) return;
      recorder.add({ ...quote, streamId: id, number: (this.#number += 1) });
      metrics.count("FeedQuotes");
      this.#deliver(quote);
      if (redis.isReady())
        void redis.publish(channels.quotes, JSON.stringify(quote)).catch(() => metrics.count("FeedPublishFailures"));
    };
    const onError = (error: unknown) => {
      metrics.count("FeedErrors");
      log.warn("the provider's stream has trouble", { error });
    };
    this.#stream = { handle: provider.stream(onQuote, onError), id };
    this.#syncStream();
  }

  #unlead(): void {
    this.#stream?.handle.close();
    this.#stream = undefined;
  }

  #syncStream(): void {
    const now = Date.now();
    for (const [instance, { until }] of this.#wanted) if (until < now) this.#wanted.delete(instance);
    const all = [
      ...this.parts.always,
      ...this.#own.keys(),
      ...[...this.#wanted.values()].flatMap(({ symbols }) => symbols),
    ];
    this.#stream?.handle.setSymbols([...new Set(all)].sort());
  }

  #sayWanted(): void {
    const { redis } = this.parts;
    this.#syncStream();
    if (!redis.isReady()) return;
    // A quiet market is not a dead leader: followers hear a beat.
    if (this.#stream !== undefined) return void redis.publish(channels.quotes, "{}").catch(() => undefined);
    const message = JSON.stringify({ instance: this.#instance, symbols: [...this.#own.keys()].slice(0, 2000) });
    void redis.publish(channels.wanted, message).catch(() => undefined);
  }

  #listen(): void {
    const { redis, log } = this.parts;
    const subscribe = async () => {
      await redis.subscribe(channels.quotes, (text) => {
        if (this.#stream !== undefined) return; // own messages
        this.#heardAt = Date.now();
        const quote = quoteSchema.safeParse(parse(text));
        if (!quote.success) return;
        this.#deliver(quote.data);
      });
      await redis.subscribe(channels.wanted, (text) => {
        const wanted = wantedSchema.safeParse(parse(text));
        if (!wanted.success || wanted.data.instance === this.#instance) return;
        this.#wanted.set(wanted.data.instance, {
          symbols: wanted.data.symbols,
          until: Date.now() + wantedLifeMilliseconds,
        });
        this.#syncStream();
      });
    };
    // Without Redis at the start: again when it comes. After that the client renews its subscriptions itself.
    let done = false;
    const attempt = () => {
      if (done) return;
      subscribe().then(
        () => (done = true),
        (error: unknown) => log.debug("not subscribed yet", { error }),
      );
    };
    attempt();
    redis.onReady(attempt);
  }

  async #pollIfSilent(): Promise<void> {
    if (this.#stream !== undefined || this.#polling || this.#own.size === 0) return;
    if (Date.now() - this.#heardAt < silenceMilliseconds) return;
    this.#polling = true;
    try {
      const answers = await Promise.allSettled([...this.#own.keys()].map((symbol) => this.parts.market.quote(symbol)));
      for (const answer of answers) {
        if (answer.status === "fulfilled" && answer.value.quote !== null) this.#deliver(answer.value.quote);
      }
      this.parts.metrics.count("FeedPolls");
    } finally {
      this.#polling = false;
    }
  }

  /** Late ones are dropped: what a client sees of a symbol never goes back in time. */
  #deliver(quote: Quote): void {
    const before = this.#latest.get(quote.symbol);
    if (before !== undefined && before.at > quote.at) return;
    if (this.#own.has(quote.symbol)) this.#latest.set(quote.symbol, quote);
    for (const listener of this.#listeners) listener(quote);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
