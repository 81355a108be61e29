import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import type { Logger } from "winston";
import { channels, pack, packedArray, unpack, type Channel, type Tick } from "./ticks";

/** Bytes that may wait for one reader; a reader this far behind trades on old prices and is cut off. */
const slowBytes = 8 * 1024 * 1024;
const pingMilliseconds = 15_000;

export interface Health {
  readonly ok: boolean;
  readonly [fact: string]: unknown;
}

type Message = Readonly<Record<string, unknown>>;

/** Alpaca's own codes and words, so that its clients understand them. */
const failure = (code: number, msg: string): Message => ({ T: "error", code, msg });

interface Reader {
  readonly socket: WebSocket;
  /** Whether it speaks MessagePack, as Alpaca's clients ask for by their content type; else JSON. */
  readonly packed: boolean;
  readonly wants: Readonly<Record<Channel, Set<string>>>;
  authenticated: boolean;
  alive: boolean;
}

/**
 * Serves Alpaca's own stream protocol, so that any of Alpaca's clients reads here with another address and nothing else
 * changed. Whoever can reach the port may read: security groups decide that, and the key a reader gives is not looked at.
 */
export class Readers {
  readonly #http: Server;
  readonly #websockets: WebSocketServer;
  readonly #readers = new Set<Reader>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: {
      /** What is taken from Alpaca; `*` is everything. */
      readonly symbols: readonly string[];
      readonly health: () => Health;
      readonly onSlow: () => void;
      readonly log: Logger;
    },
  ) {
    this.#http = createServer((request, response) => this.#answer(request, response));
    this.#websockets = new WebSocketServer({ server: this.#http, maxPayload: 256 * 1024, perMessageDeflate: false });
    this.#websockets.on("connection", (socket, request) => this.#welcome(socket, request));
  }

  get count(): number {
    return this.#readers.size;
  }

  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#websockets.once("error", reject); // the HTTP server's errors come out here
      this.#http.listen(port, host, resolve);
    });
    this.#timer = setInterval(() => this.#ping(), pingMilliseconds);
    return (this.#http.address() as AddressInfo).port;
  }

  publish(ticks: readonly Tick[]): void {
    for (const reader of this.#readers) {
      const wanted = ticks.filter(({ channel, symbol }) => {
        const symbols = reader.wants[channel];
        return symbols.has("*") || symbols.has(symbol);
      });
      if (wanted.length === 0) continue;
      if (reader.socket.bufferedAmount > slowBytes) this.#cutOff(reader);
      else reader.socket.send(reader.packed ? packedArray(wanted) : `[${wanted.map(({ json }) => json).join(",")}]`);
    }
  }

  /** Tells every reader that the server goes, and waits a moment for their goodbyes. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const { socket } of this.#readers) socket.close(1001, "the server goes; connect again");
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#readers.forEach(({ socket }) => socket.terminate()), 1000);
      this.#http.close(() => {
        clearTimeout(timer);
        resolve();
      });
      this.#http.closeIdleConnections();
    });
    this.#websockets.close();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const headers = { "content-type": "application/json" };
    if (request.url !== "/health") {
      response.writeHead(404, headers).end('{"error":"only /health is here"}');
      return;
    }
    const health = this.options.health();
    response.writeHead(health.ok ? 200 : 503, headers).end(JSON.stringify(health));
  }

  #welcome(socket: WebSocket, request: IncomingMessage): void {
    const reader: Reader = {
      socket,
      packed: request.headers["content-type"] === "application/msgpack",
      wants: { trades: new Set(), quotes: new Set(), bars: new Set() },
      authenticated: false,
      alive: true,
    };
    this.#readers.add(reader);
    socket.on("pong", () => (reader.alive = true));
    socket.on("message", (data: Buffer, binary) => this.#hear(reader, data, binary));
    socket.on("error", ({ message }) => this.options.log.info("a reader's connection failed", { reason: message }));
    socket.on("close", () => this.#readers.delete(reader));
    this.#say(reader, { T: "success", msg: "connected" });
  }

  #hear(reader: Reader, data: Buffer, binary: boolean): void {
    let message: Message;
    try {
      message = (binary ? unpack(data) : JSON.parse(data.toString())) as Message;
    } catch {
      message = {};
    }
    for (const answer of this.#answersTo(reader, message)) this.#say(reader, answer);
  }

  #answersTo(reader: Reader, { action, ...wishes }: Message): readonly Message[] {
    switch (action) {
      case "auth":
        if (reader.authenticated) return [failure(403, "already authenticated")];
        reader.authenticated = true;
        return [{ T: "success", msg: "authenticated" }];
      case "subscribe":
      case "unsubscribe":
        if (!reader.authenticated) return [failure(401, "not authenticated")];
        return this.#subscribe(reader, wishes, action === "subscribe");
      default:
        return [failure(400, "invalid syntax")];
    }
  }

  #subscribe({ wants }: Reader, wishes: Message, add: boolean): readonly Message[] {
    for (const [channel, symbols] of Object.entries(wishes)) {
      if (!Array.isArray(symbols) || symbols.some((symbol) => typeof symbol !== "string")) {
        return [failure(400, "invalid syntax")];
      }
      if (symbols.length > 0 && !channels.includes(channel as Channel)) {
        const here = `${channel}; here are ${channels.join(", ")}`;
        return [failure(410, `invalid subscribe action for this feed: ${here}`)];
      }
    }
    const taken = new Set(["*", ...this.options.symbols]);
    const missing = new Set<string>();
    for (const channel of channels) {
      for (const symbol of (wishes[channel] ?? []) as string[]) {
        if (!add) wants[channel].delete(symbol);
        else if (taken.has(symbol) || this.options.symbols.includes("*")) wants[channel].add(symbol);
        else missing.add(symbol);
      }
    }
    const now = Object.fromEntries(channels.map((channel) => [channel, [...wants[channel]]]));
    const confirmed = { T: "subscription", ...now };
    if (missing.size === 0) return [confirmed];
    return [failure(409, `insufficient subscription: ${[...missing].join(", ")} not in ingest.symbols`), confirmed];
  }

  #say(reader: Reader, message: Message): void {
    reader.socket.send(reader.packed ? pack([message]) : JSON.stringify([message]));
  }

  #cutOff(reader: Reader): void {
    this.options.onSlow();
    this.options.log.warn("a reader is too slow and was cut off", { waitingBytes: reader.socket.bufferedAmount });
    this.#readers.delete(reader);
    reader.socket.terminate();
  }

  #ping(): void {
    for (const reader of this.#readers) {
      if (!reader.alive) reader.socket.terminate();
      reader.alive = false;
      reader.socket.ping();
    }
  }
}
