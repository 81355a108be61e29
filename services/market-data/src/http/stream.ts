import type { FastifyInstance } from "fastify";
import { RateLimiterMemory } from "rate-limiter-flexible";
import type { WebSocket } from "@fastify/websocket";
import { z } from "zod";
import type { Feed } from "../feed/feed";
import type { Metrics } from "../observe/metrics";
import type { Quote } from "../providers/provider";
import { symbolSchema } from "./schemas";

const flushMilliseconds = 100;
const heartbeatMilliseconds = 20_000;
const symbolsPerClient = 100;
/** A client that does not read gets fewer, newer quotes; one that has not read for this much is let go. */
const slowBytes = 64 * 1024;
const stuckBytes = 1024 * 1024;

const messageSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("subscribe"), symbols: z.array(symbolSchema).min(1).max(symbolsPerClient) }),
  z.strictObject({ type: z.literal("unsubscribe"), symbols: z.array(z.string()).min(1).max(symbolsPerClient) }),
]);

/**
 * `GET /v1/stream`: the client subscribes, the server sends `{"type":"quotes","quotes":[...]}` at most ten times a
 * second with the newest quote of each symbol that moved. A draining server says `{"type":"bye"}` and closes with
 * 1012, for the client to connect again elsewhere.
 */
export class Streams {
  readonly #clients = new Set<StreamClient>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #messages = new RateLimiterMemory({ points: 30, duration: 10 });
  #unlisten: (() => void) | undefined;

  constructor(
    private readonly feed: Feed,
    private readonly metrics: Metrics,
    private readonly clientLimit = 5000,
  ) {
    metrics.collect(() => metrics.gauge("StreamClients", this.#clients.size));
  }

  start(): void {
    this.#unlisten = this.feed.onQuote((quote) => {
      for (const client of this.#clients) client.offer(quote);
    });
    this.#timers.push(
      setInterval(() => this.#clients.forEach((client) => client.flush(this.metrics)), flushMilliseconds),
    );
    this.#timers.push(setInterval(() => this.#clients.forEach((client) => client.beat()), heartbeatMilliseconds));
  }

  register(app: FastifyInstance): void {
    app.get(
      "/v1/stream",
      {
        websocket: true,
        config: { limit: "stream" },
        schema: { hide: true },
      },
      (socket, request) => this.#accept(socket, request.id),
    );
  }

  /** Says goodbye to everyone; the rest of draining need not wait for them. */
  stop(): void {
    this.#timers.forEach((timer) => clearInterval(timer));
    this.#unlisten?.();
    for (const client of this.#clients) client.goodbye();
  }

  #accept(socket: WebSocket, id: string): void {
    if (this.#clients.size >= this.clientLimit) {
      socket.close(1013, "too many clients");
      return;
    }
    const client = new StreamClient(socket, this.feed);
    this.#clients.add(client);
    socket.on("message", (data: Buffer) => {
      this.#messages.consume(id).then(
        () => client.hear(data),
        () => socket.close(1008, "too many messages"),
      );
    });
    socket.on("close", () => {
      this.#clients.delete(client);
      client.leave();
      void this.#messages.delete(id);
    });
    socket.on("error", () => socket.terminate());
  }
}

class StreamClient {
  readonly #symbols = new Set<string>();
  readonly #pending = new Map<string, Quote>();
  #alive = true;

  constructor(
    private readonly socket: WebSocket,
    private readonly feed: Feed,
  ) {
    socket.on("pong", () => (this.#alive = true));
  }

  hear(data: Buffer): void {
    const message = messageSchema.safeParse(parse(data));
    if (!message.success) {
      this.#say({ type: "error", detail: "not a message of this protocol" });
      return;
    }
    const { type, symbols } = message.data;
    if (type === "unsubscribe") {
      const known = symbols.filter((symbol) => this.#symbols.delete(symbol));
      known.forEach((symbol) => this.#pending.delete(symbol));
      this.feed.unwant(known);
    } else {
      const added = [...new Set(symbols)].filter((symbol) => !this.#symbols.has(symbol));
      if (this.#symbols.size + added.length > symbolsPerClient) {
        this.#say({ type: "error", detail: `at most ${symbolsPerClient} symbols a client` });
        return;
      }
      for (const symbol of added) {
        this.#symbols.add(symbol);
        const latest = this.feed.latest(symbol);
        if (latest !== undefined) this.#pending.set(symbol, latest);
      }
      this.feed.want(added);
    }
    this.#say({ type: "subscribed", symbols: [...this.#symbols].sort() });
  }

  offer(quote: Quote): void {
    if (this.#symbols.has(quote.symbol)) this.#pending.set(quote.symbol, quote);
  }

  flush(metrics: Metrics): void {
    if (this.#pending.size === 0) return;
    if (this.socket.bufferedAmount > stuckBytes) {
      metrics.count("StreamClientsStuck");
      this.socket.terminate();
      return;
    }
    if (this.socket.bufferedAmount > slowBytes) return;
    const quotes = [...this.#pending.values()].map((quote) => ({ ...quote, at: new Date(quote.at).toISOString() }));
    this.#pending.clear();
    this.#say({ type: "quotes", quotes });
  }

  beat(): void {
    if (this.#alive) this.socket.ping();
    else this.socket.terminate();
    this.#alive = false;
  }

  goodbye(): void {
    this.#say({ type: "bye" });
    this.socket.close(1012, "draining");
  }

  leave(): void {
    this.feed.unwant([...this.#symbols]);
    this.#symbols.clear();
  }

  #say(message: object): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(JSON.stringify(message));
  }
}

function parse(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString("utf8"));
  } catch {
    return undefined;
  }
}
