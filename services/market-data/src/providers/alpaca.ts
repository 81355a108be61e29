import { Alpaca } from "@alpacahq/alpaca-trade-api";
import { UpstreamError } from "../resilience";
import type { Bar, Provider, Quote, Timeframe } from "./provider";

const frames = {
  "1Min": "1Min",
  "5Min": "5Min",
  "15Min": "15Min",
  "1Hour": "1Hour",
  "1Day": "1Day",
} as const satisfies Record<Timeframe, string>;

export interface AlpacaOptions {
  readonly keyId: string;
  readonly secret: string;
  readonly feed: "iex" | "sip" | "delayed_sip";
  readonly dataUrl: string;
  readonly streamUrl?: string;
}

/** Alpaca's live market data by its official client; its own retries and limits are off, this service has its own. */
export function alpaca(options: AlpacaOptions): Provider {
  const client = new Alpaca({
    keyId: options.keyId,
    secret: options.secret,
    retry: false,
    rateLimit: false,
    timeoutMs: 0,
    fetchApi: (input, init) => fetch(redirect(input, options.dataUrl), init),
  });
  return {
    name: "alpaca",
    quotes: (symbols, signal) =>
      asUpstream(async () => {
        const answer = await client.marketData.stocks.stockLatestQuotes(
          { symbols: symbols.join(","), feed: options.feed },
          { signal },
        );
        return Object.entries(answer.quotes).map(([symbol, quote]): Quote => ({
          symbol,
          bid: quote.bp,
          bidSize: quote.bs,
          ask: quote.ap,
          askSize: quote.as,
          at: new Date(quote.t).getTime(), // typed a date, but text where answers are keyed by symbol,
          source: "alpaca",
        }));
      }),
    bars: (query, signal) =>
      asUpstream(async () => {
        const bars: Bar[] = [];
        let pageToken: string | undefined;
        do {
          const page = await client.marketData.stocks.stockBars(
            {
              symbols: query.symbol,
              timeframe: frames[query.timeframe],
              start: new Date(query.from),
              end: new Date(query.to),
              adjustment: "split",
              feed: options.feed === "iex" ? "iex" : "sip",
              limit: 10_000,
              ...(pageToken === undefined ? {} : { pageToken }),
            },
            { signal },
          );
          for (const { t, o, h, l, c, v } of page.bars[query.symbol] ?? []) {
            bars.push({ at: new Date(t).getTime(), open: o, high: h, low: l, close: c, volume: v });
          }
          pageToken = page.nextPageToken ?? undefined;
        } while (pageToken !== undefined);
        return bars;
      }),
    stream: (onQuote, onError) => {
      const stream = client.marketData.stockStream({
        feed: options.feed,
        maxReconnectAttempts: Infinity,
        ...(options.streamUrl === undefined ? {} : { url: options.streamUrl }),
      });
      let subscribed: readonly string[] = [];
      stream.onQuote(({ symbol, bidPrice, bidSize, askPrice, askSize, timestamp }) => {
        const at = timestamp.getTime();
        onQuote({ symbol, bid: bidPrice, bidSize, ask: askPrice, askSize, at, source: "alpaca" });
      });
      stream.onError(onError);
      stream.connect();
      return {
        setSymbols: (symbols) => {
          const removed = subscribed.filter((symbol) => !symbols.includes(symbol));
          const added = symbols.filter((symbol) => !subscribed.includes(symbol));
          subscribed = [...symbols];
          // The client keeps what is not connected yet, and subscribes to all of it after every connection.
          if (added.length > 0) stream.subscribeForQuotes(added);
          if (removed.length > 0) stream.unsubscribeFromQuotes(removed);
        },
        close: () => stream.disconnect(),
      };
    },
  };
}

/** The client has no setting for the data host; a proxy or a test's server comes in here. */
function redirect(input: string | URL | Request, dataUrl: string): URL {
  const url = new URL(input instanceof Request ? input.url : input);
  const target = new URL(dataUrl);
  url.protocol = target.protocol;
  url.host = target.host;
  return url;
}

async function asUpstream<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const status = (error as { response?: { status?: number } }).response?.status;
    const retryable = status === undefined || status === 429 || status >= 500;
    throw new UpstreamError(
      `alpaca: ${error instanceof Error ? error.message : "failed"}`,
      "alpaca",
      retryable,
      status,
    );
  }
}
