import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { decode, encode } from "@msgpack/msgpack";
import { WebSocketServer, type WebSocket } from "ws";
import { alpaca } from "../src/providers/alpaca";
import { massive } from "../src/providers/massive";
import { recorded } from "../src/providers/recorded";
import type { Quote } from "../src/providers/provider";
import { UpstreamError } from "../src/resilience";
import { recordingFile } from "./support/service";
import { until } from "./support/servers";

/** An upstream on this machine: answers by path, keeps what it was asked, speaks websocket. */
class FakeUpstream {
  readonly asked: { url: URL; headers: IncomingMessage["headers"] }[] = [];
  answers: Record<string, unknown> = {};
  status = 200;
  readonly sockets: WebSocket[] = [];
  readonly heard: unknown[] = [];
  onOpen: (socket: WebSocket) => void = () => undefined;
  onMessage: (socket: WebSocket, message: Record<string, unknown>) => void = () => undefined;
  readonly #server: Server;
  readonly #websockets: WebSocketServer;

  constructor() {
    this.#server = createServer((request: IncomingMessage, response: ServerResponse) => {
      const url = new URL(request.url ?? "/", "http://upstream");
      this.asked.push({ url, headers: request.headers });
      const found = this.answers[url.pathname];
      const next = Array.isArray(found) ? (found as unknown[]).shift() : found;
      response.writeHead(next === undefined ? 404 : this.status, { "content-type": "application/json" });
      response.end(JSON.stringify(next ?? { message: "not found" }));
    });
    this.#websockets = new WebSocketServer({ server: this.#server });
    this.#websockets.on("connection", (socket) => {
      this.sockets.push(socket);
      this.onOpen(socket);
      socket.on("message", (data: Buffer, binary) => {
        const message = (binary ? decode(data) : JSON.parse(data.toString())) as Record<string, unknown>;
        this.heard.push(message);
        this.onMessage(socket, message);
      });
    });
  }

  async start(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    for (const socket of this.sockets) socket.terminate();
    this.#websockets.close();
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

const never = new AbortController().signal;
const isUpstream = (status: number | undefined, retryable: boolean) => (error: unknown) => {
  assert.ok(error instanceof UpstreamError);
  assert.deepEqual([error.status, error.retryable], [status, retryable]);
  assert.doesNotMatch(JSON.stringify([error.message, error.cause]), /the-key/);
  return true;
};

describe("providers", () => {
  let upstream: FakeUpstream;
  let port: number;
  beforeEach(async () => {
    upstream = new FakeUpstream();
    port = await upstream.start();
  });
  afterEach(() => upstream.stop());

  describe("massive", () => {
    const make = (portNumber = port) =>
      massive({
        apiKey: "the-key-1",
        restUrl: `http://127.0.0.1:${portNumber}`,
        streamUrl: `ws://127.0.0.1:${portNumber}`,
      });

    it("reads quotes, bars and symbols through the official client", async () => {
      upstream.answers = {
        "/v2/snapshot/locale/us/markets/stocks/tickers": {
          tickers: [
            { ticker: "AAPL", lastQuote: { p: 227.5, s: 3, P: 227.52, S: 4, t: 1_767_623_400_123_000_000 } },
            { ticker: "HALT" },
          ],
        },
        "/v2/aggs/ticker/AAPL/range/5/minute/1767571200000/1767657600000": {
          results: [{ t: 1_767_623_400_000, o: 1, h: 3, l: 0.5, c: 2, v: 1000, vw: 1.7, n: 12 }],
        },
        "/v3/reference/tickers": {
          results: [
            {
              ticker: "AAPL",
              name: "Apple Inc.",
              market: "stocks",
              locale: "us",
              primary_exchange: "XNAS",
              currency_name: "usd",
              active: true,
            },
          ],
        },
      };
      const provider = make();
      assert.deepEqual(await provider.quotes(["AAPL", "HALT"], never), [
        { symbol: "AAPL", bid: 227.5, bidSize: 3, ask: 227.52, askSize: 4, at: 1_767_623_400_123, source: "massive" },
      ]);
      const bars = await provider.bars(
        { symbol: "AAPL", timeframe: "5Min", from: 1_767_571_200_000, to: 1_767_657_600_000 },
        never,
      );
      assert.deepEqual(bars, [{ at: 1_767_623_400_000, open: 1, high: 3, low: 0.5, close: 2, volume: 1000 }]);
      assert.deepEqual(await provider.symbols?.("A", never), [
        { symbol: "AAPL", name: "Apple Inc.", market: "stocks", exchange: "XNAS", currency: "usd", active: true },
      ]);
      const list = upstream.asked.at(-1);
      assert.equal(list?.url.searchParams.get("ticker.gt"), "A");
      assert.ok(
        upstream.asked.every(({ url, headers }) => `${url.search}${JSON.stringify(headers)}`.includes("the-key-1")),
      );
    });

    it("says which failures are worth another try, and never shows the key", async () => {
      const provider = make();
      await assert.rejects(Promise.resolve(provider.quotes(["AAPL"], never)), isUpstream(404, false));
      upstream.answers = { "/v2/snapshot/locale/us/markets/stocks/tickers": { status: "ERROR" } };
      upstream.status = 429;
      await assert.rejects(Promise.resolve(provider.quotes(["AAPL"], never)), isUpstream(429, true));
      upstream.status = 503;
      await assert.rejects(Promise.resolve(provider.quotes(["AAPL"], never)), isUpstream(503, true));
      upstream.stop();
      await assert.rejects(Promise.resolve(provider.quotes(["AAPL"], never)), isUpstream(undefined, true));
    });

    it("streams: authenticates, subscribes, reconnects and subscribes again", async () => {
      upstream.onMessage = (socket, { action }) => {
        if (action === "auth") socket.send(JSON.stringify([{ ev: "status", status: "auth_success", message: "ok" }]));
      };
      const quotes: Quote[] = [];
      const errors: unknown[] = [];
      const stream = make().stream?.(
        (quote) => quotes.push(quote),
        (error) => errors.push(error),
      );
      stream?.setSymbols(["AAPL", "MSFT"]);
      const subscribed = () =>
        upstream.heard.filter((message) => (message as { action: string }).action === "subscribe");
      await until("subscribed", () => subscribed().length === 1);
      assert.deepEqual(upstream.heard, [
        { action: "auth", params: "the-key-1" },
        { action: "subscribe", params: "Q.AAPL,Q.MSFT" },
      ]);
      upstream.sockets[0]?.send(
        JSON.stringify([
          { ev: "Q", sym: "AAPL", bx: 4, bp: 1, bs: 2, ax: 7, ap: 3, as: 4, c: 0, t: 5, z: 3 },
          { ev: "T", sym: "AAPL" },
        ]),
      );
      await until("a quote", () => quotes.length === 1);
      assert.deepEqual(quotes, [{ symbol: "AAPL", bid: 1, bidSize: 2, ask: 3, askSize: 4, at: 5, source: "massive" }]);
      upstream.sockets[0]?.send("no json");
      await until("an error", () => errors.length > 0);
      stream?.setSymbols(["MSFT"]);
      await until(
        "unsubscribed",
        () => JSON.stringify(upstream.heard.at(-1)) === '{"action":"unsubscribe","params":"Q.AAPL"}',
      );
      upstream.sockets[0]?.terminate();
      await until(
        "subscribed again",
        () => JSON.stringify(upstream.heard.at(-1)) === '{"action":"subscribe","params":"Q.MSFT"}',
      );
      stream?.close();
    });
  });

  describe("alpaca", () => {
    const make = () =>
      alpaca({
        keyId: "the-key-1",
        secret: "the-key-2",
        feed: "iex",
        dataUrl: `http://127.0.0.1:${port}`,
        streamUrl: `ws://127.0.0.1:${port}`,
      });

    it("reads quotes, and bars page after page", async () => {
      const bar = (t: string) => ({ t, o: 1, h: 3, l: 0.5, c: 2, v: 1000, n: 1, vw: 2 });
      upstream.answers = {
        "/v2/stocks/quotes/latest": {
          quotes: {
            AAPL: {
              t: "2026-01-05T14:30:00.123456789Z",
              ax: "V",
              ap: 3,
              as: 4,
              bx: "V",
              bp: 1,
              bs: 2,
              c: ["R"],
              z: "C",
            },
          },
        },
        "/v2/stocks/bars": [
          { bars: { AAPL: [bar("2026-01-05T14:30:00Z")] }, next_page_token: "two" },
          { bars: { AAPL: [bar("2026-01-05T14:35:00Z")] }, next_page_token: null },
        ],
      };
      const provider = make();
      assert.deepEqual(await provider.quotes(["AAPL", "NOPE"], never), [
        {
          symbol: "AAPL",
          bid: 1,
          bidSize: 2,
          ask: 3,
          askSize: 4,
          at: Date.UTC(2026, 0, 5, 14, 30, 0, 123),
          source: "alpaca",
        },
      ]);
      const query = {
        symbol: "AAPL",
        timeframe: "5Min",
        from: Date.UTC(2026, 0, 5),
        to: Date.UTC(2026, 0, 6),
      } as const;
      const bars = await provider.bars(query, never);
      assert.deepEqual(
        bars.map(({ at }) => at),
        [Date.UTC(2026, 0, 5, 14, 30), Date.UTC(2026, 0, 5, 14, 35)],
      );
      assert.equal(upstream.asked.at(-1)?.url.searchParams.get("page_token"), "two");
      assert.equal(upstream.asked[0]?.headers["apca-api-key-id"], "the-key-1");
    });

    it("says which failures are worth another try, and never shows the key", async () => {
      const provider = make();
      upstream.answers = { "/v2/stocks/quotes/latest": { message: "too many requests" } };
      upstream.status = 429;
      await assert.rejects(Promise.resolve(provider.quotes(["AAPL"], never)), isUpstream(429, true));
      assert.equal(upstream.asked.length, 1, "the client does not retry by itself");
      upstream.status = 403;
      await assert.rejects(Promise.resolve(provider.quotes(["AAPL"], never)), isUpstream(403, false));
    });

    /** Alpaca's stream, by its published protocol in MessagePack. */
    const asAlpaca = (refuse?: { readonly code: number; readonly msg: string }) => {
      upstream.onOpen = (socket) => socket.send(encode([{ T: "success", msg: "connected" }]));
      upstream.onMessage = (socket, { action, ...rest }) => {
        const answer = refuse ? { T: "error", ...refuse } : { T: "success", msg: "authenticated" };
        const subscription = { T: "subscription", ...(action === "subscribe" ? rest : {}) };
        socket.send(encode([action === "auth" ? answer : subscription]));
      };
    };
    const open = () => {
      const quotes: Quote[] = [];
      const errors: unknown[] = [];
      const stream = make().stream?.(
        (quote) => quotes.push(quote),
        (error) => errors.push(error),
      );
      return { quotes, errors, stream };
    };
    const asked = (action: string) =>
      upstream.heard.filter((message) => (message as { action: string }).action === action);

    it("streams: authenticates, subscribes to what is wanted, and gives quotes on", async () => {
      asAlpaca();
      const { quotes, errors, stream } = open();
      stream?.setSymbols(["AAPL", "MSFT"]);
      await until("subscribed", () => asked("subscribe").length === 1);
      assert.deepEqual(upstream.heard, [
        { action: "auth", key: "the-key-1", secret: "the-key-2" },
        { action: "subscribe", quotes: ["AAPL", "MSFT"] },
      ]);
      const at = new Date(Date.UTC(2026, 0, 5, 14, 30, 0, 123));
      const quote = { T: "q", S: "AAPL", bx: "V", bp: 1, bs: 2, ax: "V", ap: 3, as: 4, c: ["R"], t: at, z: "C" };
      upstream.sockets[0]?.send(encode([quote, { T: "t", S: "AAPL", i: 1, p: 2, s: 1, t: at }]));
      await until("a quote", () => quotes.length === 1);
      assert.deepEqual(quotes, [
        { symbol: "AAPL", bid: 1, bidSize: 2, ask: 3, askSize: 4, at: at.getTime(), source: "alpaca" },
      ]);
      stream?.setSymbols(["MSFT", "NFLX"]);
      await until("both changes are told", () => asked("subscribe").length === 2 && asked("unsubscribe").length === 1);
      assert.deepEqual(upstream.heard.slice(2), [
        { action: "subscribe", quotes: ["NFLX"] },
        { action: "unsubscribe", quotes: ["AAPL"] },
      ]);
      assert.deepEqual(errors, []);
      stream?.close();
    });

    it("streams: connects again after a break, with the symbols of now", async () => {
      asAlpaca();
      const { quotes, stream } = open();
      stream?.setSymbols(["AAPL"]);
      await until("subscribed", () => asked("subscribe").length === 1);
      upstream.sockets[0]?.terminate();
      stream?.setSymbols(["MSFT"]);
      await until("connected again", () => asked("auth").length === 2);
      await until("subscribed again", () => asked("subscribe").length >= 2);
      const wanted = asked("subscribe")
        .slice(1)
        .flatMap((message) => (message as { quotes: string[] }).quotes);
      assert.ok(wanted.includes("MSFT"), wanted.join());
      upstream.sockets.at(-1)?.send(encode([{ T: "q", S: "MSFT", bp: 1, bs: 2, ap: 3, as: 4, t: new Date(5) }]));
      await until("quotes go on", () => quotes.length === 1);
      stream?.close();
      await until("closed", () => upstream.sockets.every((socket) => socket.readyState === socket.CLOSED));
      assert.equal(asked("auth").length, 2, "a closed stream stays closed");
    });

    it("streams: tells of a refused key without showing it", async () => {
      asAlpaca({ code: 402, msg: "auth failed" });
      const { errors, stream } = open();
      await until("an error", () => errors.length > 0);
      assert.match(String(errors[0]), /auth failed/);
      assert.doesNotMatch(JSON.stringify(errors), /the-key/);
      stream?.close();
    });
  });

  describe("recorded", () => {
    it("gives the same answer to the same question, and moves on with the clock", async () => {
      const provider = recorded(recordingFile, () => 1_767_623_400_000);
      const [quote] = await provider.quotes(["AAPL", "NOPE"], never);
      assert.deepEqual([quote], await provider.quotes(["AAPL"], never));
      assert.ok(quote !== undefined && quote.ask > quote.bid);
      const query = { symbol: "AAPL", timeframe: "1Hour", from: 1_767_571_200_000, to: 1_767_600_000_000 } as const;
      const bars = await provider.bars(query, never);
      assert.equal(bars.length, 9);
      for (const { open, high, low, close } of bars)
        assert.ok(low <= Math.min(open, close) && high >= Math.max(open, close));
      for (let i = 1; i < bars.length; i += 1) assert.equal(bars[i]?.open, bars[i - 1]?.close);
    });
  });
});
