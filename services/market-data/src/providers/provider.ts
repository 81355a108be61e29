/** Best bid and offer of a symbol. Prices in the symbol's currency, sizes in shares, `at` in epoch milliseconds. */
export interface Quote {
  readonly symbol: string;
  readonly bid: number;
  readonly bidSize: number;
  readonly ask: number;
  readonly askSize: number;
  readonly at: number;
  readonly source: string;
}

/** Prices of one interval; `at` is its start, in epoch milliseconds. */
export interface Bar {
  readonly at: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

export const timeframes = {
  "1Min": 60_000,
  "5Min": 300_000,
  "15Min": 900_000,
  "1Hour": 3_600_000,
  "1Day": 86_400_000,
} as const;
export type Timeframe = keyof typeof timeframes;

export interface BarsQuery {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  /** Epoch milliseconds, both inclusive. */
  readonly from: number;
  readonly to: number;
}

export interface SymbolInfo {
  readonly symbol: string;
  readonly name: string;
  readonly market: string;
  readonly exchange: string | null;
  readonly currency: string | null;
  readonly active: boolean;
}

/** An open stream of quotes; subscriptions may change while it runs. It reconnects by itself until closed. */
export interface QuoteStream {
  readonly setSymbols: (symbols: readonly string[]) => void;
  readonly close: () => void;
}

/** A source of market data. Calls throw `UpstreamError`; symbols it does not know are left out of the answer. */
export interface Provider {
  readonly name: string;
  readonly quotes: (symbols: readonly string[], signal: AbortSignal) => Promise<readonly Quote[]>;
  readonly bars: (query: BarsQuery, signal: AbortSignal) => Promise<readonly Bar[]>;
  /** One page of all symbols, after the given one in order; without it the provider has no directory. */
  readonly symbols?: (after: string, signal: AbortSignal) => Promise<readonly SymbolInfo[]>;
  readonly stream?: (onQuote: (quote: Quote) => void, onError: (error: unknown) => void) => QuoteStream;
}
