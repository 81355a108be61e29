import { z } from "zod";
import { timeframes, type Timeframe } from "../providers/provider";

export const symbolSchema = z
  .string()
  .regex(/^[A-Z][A-Z0-9.\-/]{0,14}$/, "is not a symbol: 1 to 15 of A-Z, 0-9, '.', '-', '/', starting with a letter")
  .meta({ description: "Ticker symbol, upper case", example: "AAPL" });

export const symbolListSchema = z
  .string()
  .max(1600)
  .transform((text) => [...new Set(text.split(",").flatMap((part) => part.trim() || []))])
  .pipe(z.array(symbolSchema).min(1).max(100))
  .meta({ description: "Up to 100 symbols, separated by commas", example: "AAPL,MSFT" });

export const quoteSchema = z
  .object({
    symbol: z.string(),
    bid: z.number(),
    bidSize: z.number(),
    ask: z.number(),
    askSize: z.number(),
    at: z.iso.datetime().meta({ description: "When the provider made the quote" }),
    source: z.string(),
    stale: z.boolean().meta({ description: "The providers do not answer; this is the last quote known" }),
  })
  .meta({ id: "Quote" });

export const barSchema = z
  .object({
    at: z.iso.datetime().meta({ description: "Start of the interval" }),
    open: z.number(),
    high: z.number(),
    low: z.number(),
    close: z.number(),
    volume: z.number(),
  })
  .meta({ id: "Bar" });

export const symbolInfoSchema = z
  .object({
    symbol: z.string(),
    name: z.string(),
    market: z.string(),
    exchange: z.string().nullable(),
    currency: z.string().nullable(),
    active: z.boolean(),
  })
  .meta({ id: "Symbol" });

export const watchlistSchema = z
  .object({ name: z.string(), symbols: z.array(z.string()), updatedAt: z.iso.datetime() })
  .meta({ id: "Watchlist" });

export const timeframeSchema = z.enum(Object.keys(timeframes) as [Timeframe, ...Timeframe[]]);
export const cursorSchema = z.string().max(200).optional().meta({ description: "`nextCursor` of the page before" });
export const limitSchema = (fallback: number, maximum: number) =>
  z.coerce.number().int().min(1).max(maximum).default(fallback);
export const nextCursorSchema = z.string().nullable().meta({ description: "Null on the last page" });

/** What a page's browser reports: Core Web Vitals, the age of quotes on screen, and script errors. */
export const beaconSchema = z.strictObject({
  page: z.string().max(100),
  vitals: z
    .array(
      z.strictObject({
        name: z.enum(["LCP", "INP", "CLS", "FCP", "TTFB", "QuoteAge"]),
        value: z.number().min(0).max(600_000),
      }),
    )
    .max(20)
    .default([]),
  errors: z
    .array(z.strictObject({ message: z.string().max(300), place: z.string().max(200).optional() }))
    .max(5)
    .default([]),
});
