import {
  GetStocksAggregatesSortEnum,
  GetStocksAggregatesTimespanEnum,
  ListTickersMarketEnum,
  ListTickersOrderEnum,
  ListTickersSortEnum,
  restClient,
} from "@massive.com/client-js";
import WebSocket from "ws";
import { z } from "zod";
import { UpstreamError } from "../resilience";
import type { Bar, BarsQuery, Provider, Quote, QuoteStream, SymbolInfo, Timeframe } from "./provider";

const spans = {
  "1Min": [1, GetStocksAggregatesTimespanEnum.Minute],
  "5Min": [5, GetStocksAggregatesTimespanEnum.Minute],
  "15Min": [15, GetStocksAggregatesTimespanEnum.Minute],
  "1Hour": [1, GetStocksAggregatesTimespanEnum.Hour],
  "1Day": [1, GetStocksAggregatesTimespanEnum.Day],
} as const satisfies Record<Timeframe, readonly [number, GetStocksAggregatesTimespanEnum]>;

/** Polygon.io under its present name, Massive: REST by its official client, quotes over its websocket. */
export function massive(options: { apiKey: string; restUrl: string; streamUrl: string }): Provider {
  const rest = restClient(options.apiKey, options.restUrl);
  return {
    name: "massive",
    quotes: (symbols, signal) =>
      asUpstream(async () => {
        const answer = await rest.getStocksSnapshotTickers({ tickers: [...symbols] }, { signal });
        return (answer.tickers ?? []).flatMap(({ ticker, lastQuote }): Quote[] =>
          ticker === undefined || lastQuote === undefined
            ? []
            : [
                {
                  symbol: ticker,
                  bid: lastQuote.p,
                  bidSize: lastQuote.s,
                  ask: lastQuote.P,
                  askSize: lastQuote.S,
                  at: Math.floor(lastQuote.t / 1e6), // nanoseconds
                  source: "massive",
                },
              ],
        );
      }),
    bars: (query, signal) => asUpstream(async () => massiveBars(rest, query, signal)),
    symbols: (after, signal) =>
      asUpstream(async () => {
        const answer = await rest.listTickers(
          {
            market: ListTickersMarketEnum.Stocks,
            active: true,
            tickerGt: after,
            order: ListTickersOrderEnum.Asc,
            sort: ListTickersSortEnum.Ticker,
            limit: 1000,
          },
          { signal },
        );
        return (answer.results ?? []).map((found): SymbolInfo => ({
          symbol: found.ticker,
          name: found.name,
          market: found.market,
          exchange: found.primary_exchange ?? null,
          currency: found.currency_name ?? null,
          active: found.active ?? true,
        }));
      }),
    stream: (onQuote, onError) => massiveStream(options, onQuote, onError),
  };
}

async function massiveBars(rest: ReturnType<typeof restClient>, query: BarsQuery, signal: AbortSignal): Promise<Bar[]> {
  const [multiplier, timespan] = spans[query.timeframe];
  const answer = await rest.getStocksAggregates(
    {
      stocksTicker: query.symbol,
      multiplier,
      timespan,
      from: String(query.from),
      to: String(query.to),
      adjusted: true,
      sort: GetStocksAggregatesSortEnum.Asc,
      limit: 50_000,
    },
    { signal },
  );
  return (answer.results ?? []).map(({ t, o, h, l, c, v }) => ({
    at: t,
    open: o,
    high: h,
    low: l,
    close: c,
    volume: v,
  }));
}

async function asUpstream<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const status = (error as { response?: { status?: number } }).response?.status;
    const retryable = status === undefined || status === 429 || status >= 500;
    // Its client's errors carry the request with its key: only the message goes on.
    throw new UpstreamError(
      `massive: ${error instanceof Error ? error.message : "failed"}`,
      "massive",
      retryable,
      status,
    );
  }
}

const streamEvents = z.array(
  z.union([
    z.object({
      ev: z.literal("Q"),
      sym: z.string(),
      bp: z.number(),
      bs: z.number(),
      ap: z.number(),
      as: z.number(),
      t: z.number(),
    }),
    z.object({ ev: z.literal("status"), status: z.string(), message: z.string().optional() }),
    z.object({ ev: z.string() }),
  ]),
);

/**
 * Its client opens a websocket and authenticates, but neither reconnects nor notices silence; so the socket is `ws`,
 * with the same protocol, subscriptions renewed after every reconnect.
 */
function massiveStream(
  options: { apiKey: string; streamUrl: string },
  onQuote: (quote: Quote) => void,
  onError: (error: unknown) => void,
): QuoteStream {
  let wanted: readonly string[] = [];
  let subscribed = new Set<string>();
  let socket: WebSocket | undefined;
  let ready = false;
  let closed = false;
  let failures = 0;
  let retry: NodeJS.Timeout | undefined;

  const sync = () => {
    if (!ready || socket === undefined) return;
    const next = new Set(wanted);
    const added = wanted.filter((symbol) => !subscribed.has(symbol));
    const removed = [...subscribed].filter((symbol) => !next.has(symbol));
    const send = (action: string, symbols: readonly string[]) =>
      symbols.length > 0 &&
      socket?.send(JSON.stringify({ action, params: symbols.map((symbol) => `Q.${symbol}`).join(",") }));
    send("subscribe", added);
    send("unsubscribe", removed);
    subscribed = next;
  };
  const open = () => {
    const current = new WebSocket(`${options.streamUrl}/stocks`, { handshakeTimeout: 5000 });
    socket = current;
    let alive = true;
    const watchdog = setInterval(() => {
      if (!alive) current.terminate();
      alive = false;
      if (current.readyState === WebSocket.OPEN) current.ping();
    }, 10_000);
    current.on("pong", () => (alive = true));
    current.on("open", () => current.send(JSON.stringify({ action: "auth", params: options.apiKey })));
    current.on("message", (data: Buffer) => {
      alive = true;
      const events = streamEvents.safeParse(parseJson(data));
      if (!events.success) {
        onError(new UpstreamError("massive: unreadable stream message", "massive", true));
        return;
      }
      for (const event of events.data) {
        if ("sym" in event) onQuote(toQuote(event));
        else if ("status" in event && event.status === "auth_success") {
          ready = true;
          failures = 0;
          sync();
        } else if ("status" in event && event.status === "auth_failed") {
          onError(new UpstreamError("massive: the stream refused the key", "massive", false));
        }
      }
    });
    current.on("error", onError);
    current.on("close", () => {
      clearInterval(watchdog);
      ready = false;
      subscribed = new Set();
      if (closed) return;
      failures += 1;
      retry = setTimeout(open, Math.min(30_000, 250 * 2 ** Math.min(failures, 7)) * (0.5 + Math.random() / 2));
    });
  };
  open();
  return {
    setSymbols: (symbols) => {
      wanted = [...new Set(symbols)];
      sync();
    },
    close: () => {
      closed = true;
      clearTimeout(retry);
      socket?.terminate();
    },
  };
}

const toQuote = (event: { sym: string; bp: number; bs: number; ap: number; as: number; t: number }): Quote => ({
  symbol: event.sym,
  bid: event.bp,
  bidSize: event.bs,
  ask: event.ap,
  askSize: event.as,
  at: event.t,
  source: "massive",
});

function parseJson(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString());
  } catch {
    return undefined;
  }
}
