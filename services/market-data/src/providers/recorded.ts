import { readFileSync } from "node:fs";
import { z } from "zod";
import { timeframes, type Bar, type BarsQuery, type Provider, type Quote, type QuoteStream } from "./provider";

const recording = z.object({
  symbols: z.array(
    z.object({
      symbol: z.string(),
      name: z.string(),
      market: z.string(),
      exchange: z.string().nullable(),
      currency: z.string().nullable(),
      active: z.boolean(),
    }),
  ),
  /** Last price of each symbol, which quotes and bars move around. */
  prices: z.record(z.string(), z.number()),
  /** Steps in hundredths, repeated: the recording's shape. */
  steps: z.array(z.number()).min(1),
  /** Milliseconds between two quotes of the stream. */
  everyMilliseconds: z.number().positive(),
});

/** Plays a recording in a loop: for tests, and for work without a key. The same question gets the same answer. */
export function recorded(file: string, now: () => number = Date.now): Provider {
  const { symbols, prices, steps, everyMilliseconds } = recording.parse(JSON.parse(readFileSync(file, "utf8")));
  const priceAt = (symbol: string, step: number) => {
    const base = prices[symbol] ?? 0;
    return Math.round(100 * base + (steps[step % steps.length] ?? 0)) / 100;
  };
  const quote = (symbol: string, step: number): Quote => {
    const bid = priceAt(symbol, step);
    return {
      symbol,
      bid,
      bidSize: 100 + (step % 9) * 100,
      ask: Math.round(bid * 100 + 2) / 100,
      askSize: 200,
      at: now(),
      source: "recorded",
    };
  };
  return {
    name: "recorded",
    quotes: (wanted) =>
      Promise.resolve(
        wanted.filter((symbol) => symbol in prices).map((symbol) => quote(symbol, Math.floor(now() / 1000))),
      ),
    bars: (query) => Promise.resolve(query.symbol in prices ? recordedBars(query, priceAt, now()) : []),
    symbols: (after) =>
      Promise.resolve(symbols.filter(({ symbol }) => symbol > after).sort((a, b) => (a.symbol < b.symbol ? -1 : 1))),
    stream: (onQuote): QuoteStream => {
      let wanted: readonly string[] = [];
      let step = 0;
      const timer = setInterval(() => {
        const symbol = wanted[step % Math.max(1, wanted.length)];
        if (symbol !== undefined && symbol in prices) onQuote(quote(symbol, step));
        step += 1;
      }, everyMilliseconds);
      return { setSymbols: (next) => (wanted = [...next]), close: () => clearInterval(timer) };
    },
  };
}

function recordedBars(query: BarsQuery, priceAt: (symbol: string, step: number) => number, now: number): Bar[] {
  const size = timeframes[query.timeframe];
  const bars: Bar[] = [];
  for (let at = Math.ceil(query.from / size) * size; at <= Math.min(query.to, now); at += size) {
    const step = at / size;
    const open = priceAt(query.symbol, step);
    const close = priceAt(query.symbol, step + 1);
    bars.push({
      at,
      open,
      high: Math.max(open, close),
      low: Math.min(open, close),
      close,
      volume: 1000 + (step % 97) * 10,
    });
  }
  return bars;
}
