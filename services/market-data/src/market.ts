import DataLoader from "dataloader";
import type { CacheManager } from "./cache/manager";
import type { Log } from "./observe/log";
import { timeframes, type Bar, type BarsQuery, type Provider, type Quote, type SymbolInfo } from "./providers/provider";
import { UpstreamError, type Resilience } from "./resilience";
import type { Store } from "./store/store";

/** A provider behind its own breaker, bulkhead, retries and time-outs. */
export interface Upstream {
  readonly provider: Provider;
  readonly guard: Resilience;
}

/** No provider answers, and nothing is kept that could stand in. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}

export interface QuoteAnswer {
  readonly quote: Quote | null;
  /** The providers are ill: this is the last quote kept. */
  readonly stale: boolean;
}

export interface BarsAnswer {
  readonly bars: readonly Bar[];
  readonly stale: boolean;
}

/** Quotes asked for within so many milliseconds go to the provider as one call. */
const batchMilliseconds = 2;

/** Market data: cache, then the providers in their order, then what PostgreSQL kept. */
export class Market {
  readonly #quotes: DataLoader<string, QuoteAnswer>;

  constructor(
    private readonly upstreams: readonly Upstream[],
    private readonly cache: CacheManager,
    private readonly store: Store,
    private readonly log: Log,
  ) {
    this.#quotes = new DataLoader((symbols) => this.#loadQuotes(symbols), {
      cache: false,
      maxBatchSize: 100,
      batchScheduleFn: (run) => setTimeout(run, batchMilliseconds),
    });
  }

  get circuits(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.upstreams.map(({ provider, guard }) => [provider.name, guard.circuit()]));
  }

  async quote(symbol: string): Promise<QuoteAnswer> {
    return this.cache.get<QuoteAnswer>({
      key: `quote:${symbol}`,
      kind: "quote",
      tags: [`quotes`, `symbol:${symbol}`],
      load: () => this.#quotes.load(symbol),
    });
  }

  async bars(asked: BarsQuery): Promise<BarsAnswer> {
    const query = alignBars(asked);
    return this.cache.get<BarsAnswer>({
      key: `bars:${query.symbol}:${query.timeframe}:${query.from}:${query.to}`,
      kind: query.to + 2 * timeframes[query.timeframe] < Date.now() ? "barsClosed" : "barsOpen",
      tags: ["bars", `bars:${query.symbol}`, `symbol:${query.symbol}`],
      load: async () => {
        try {
          const bars = await this.#ask("bars", (provider, signal) => provider.bars(query, signal));
          // The answer does not wait for its copy: losing the copy costs a question, waiting costs every reader.
          void this.store
            .saveBars(query, bars)
            .catch((error: unknown) => this.log.warn("bars were not kept", { error }));
          return { bars, stale: false };
        } catch (error) {
          if (isRefusal(error)) throw error;
          const bars = await this.store.listBars(query);
          if (bars.length === 0) throw new Unavailable("no provider answers, and no bars are kept", { cause: error });
          return { bars, stale: true };
        }
      },
    });
  }

  async symbols(search: string, after: string, limit: number): Promise<readonly SymbolInfo[]> {
    const { items } = await this.cache.get({
      key: `symbols:${limit}:${after}:${search.toLowerCase()}`,
      kind: "symbols",
      tags: ["symbols"],
      load: async () => ({ items: await this.store.listSymbols(search, after, limit) }),
    });
    return items;
  }

  async symbol(symbol: string): Promise<SymbolInfo | undefined> {
    const { item } = await this.cache.get({
      key: `symbol:${symbol}`,
      kind: "symbols",
      tags: [`symbol:${symbol}`],
      load: async () => ({ item: (await this.store.findSymbol(symbol)) ?? null }),
    });
    return item ?? undefined;
  }

  /** Copies the first provider's directory that there is into PostgreSQL; its trigger tells every cache. */
  async refreshSymbols(): Promise<number> {
    let after = "";
    let total = 0;
    for (;;) {
      const page = await this.#ask("symbols", async (provider, signal) => {
        if (provider.symbols === undefined) throw new UpstreamError("has no directory", provider.name, false);
        return provider.symbols(after, signal);
      });
      const last = page.at(-1);
      if (last === undefined) return total;
      await this.store.saveSymbols(page);
      total += page.length;
      after = last.symbol;
    }
  }

  async #loadQuotes(symbols: readonly string[]): Promise<(QuoteAnswer | Error)[]> {
    let found: readonly Quote[];
    let stale = false;
    try {
      found = await this.#ask("quotes", (provider, signal) => provider.quotes(symbols, signal));
    } catch (cause) {
      stale = true;
      found = await this.store.latestQuotes(symbols);
      if (found.length === 0) throw new Unavailable("no provider answers, and no quote is kept", { cause });
    }
    if (!stale && found.length > 0) {
      void this.store.saveLatest(found).catch((error: unknown) => this.log.warn("quotes were not kept", { error }));
    }
    const bySymbol = new Map(found.map((quote) => [quote.symbol, quote]));
    return symbols.map((symbol) => {
      const quote = bySymbol.get(symbol) ?? null;
      if (quote === null && stale) return new Unavailable("no provider answers, and no quote of this symbol is kept");
      return { quote, stale };
    });
  }

  /** The first provider that answers. A refusal (unknown symbol, bad question) is an answer. */
  async #ask<T>(operation: string, call: (provider: Provider, signal: AbortSignal) => Promise<T>): Promise<T> {
    const failures: unknown[] = [];
    let refusal: UpstreamError | undefined;
    for (const { provider, guard } of this.upstreams) {
      try {
        return await guard.execute(operation, (signal) => call(provider, signal));
      } catch (error) {
        if (isRefusal(error)) refusal ??= error;
        failures.push(error);
      }
    }
    throw refusal ?? new AggregateError(failures, "no provider answers");
  }
}

const isRefusal = (error: unknown): error is UpstreamError =>
  error instanceof UpstreamError && (error.status === 400 || error.status === 404);

/** Whole intervals: questions that differ by seconds share an answer. */
function alignBars(query: BarsQuery): BarsQuery {
  const size = timeframes[query.timeframe];
  return { ...query, from: Math.floor(query.from / size) * size, to: Math.floor(query.to / size) * size };
}
