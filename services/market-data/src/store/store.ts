import type { Bar, BarsQuery, Quote, SymbolInfo } from "../providers/provider";
import { statement, type Database } from "./database";

/** A quote with its place in the stream it came by: the two make it unique. */
export interface NumberedQuote extends Quote {
  readonly streamId: string;
  readonly number: number;
}

export interface Watchlist {
  readonly name: string;
  readonly symbols: readonly string[];
  readonly updatedAt: string;
}

const statements = {
  upsertSymbols: statement(
    "upsert-symbols",
    `INSERT INTO symbols (symbol, name, market, exchange, currency, active)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[])
     ON CONFLICT (symbol) DO UPDATE SET (name, market, exchange, currency, active, updated_at) =
       (excluded.name, excluded.market, excluded.exchange, excluded.currency, excluded.active, now())
     WHERE (symbols.name, symbols.market, symbols.exchange, symbols.currency, symbols.active)
       IS DISTINCT FROM (excluded.name, excluded.market, excluded.exchange, excluded.currency, excluded.active)`,
  ),
  listSymbols: statement(
    "list-symbols",
    `SELECT symbol, name, market, exchange, currency, active FROM symbols
     WHERE symbol > $1 AND ($2 = '' OR symbol LIKE upper($2) || '%' OR lower(name) LIKE lower($2) || '%')
     ORDER BY symbol LIMIT $3`,
  ),
  oneSymbol: statement(
    "one-symbol",
    "SELECT symbol, name, market, exchange, currency, active FROM symbols WHERE symbol = $1",
  ),
  countSymbols: statement("count-symbols", "SELECT count(*)::int AS count FROM symbols"),
  upsertBars: statement(
    "upsert-bars",
    `INSERT INTO bars (symbol, timeframe, at, open, high, low, close, volume)
     SELECT $1, $2, to_timestamp(b.at / 1000.0), b.open, b.high, b.low, b.close, b.volume
     FROM unnest($3::float8[], $4::float8[], $5::float8[], $6::float8[], $7::float8[], $8::float8[])
       AS b(at, open, high, low, close, volume)
     ON CONFLICT (symbol, timeframe, at) DO UPDATE SET (open, high, low, close, volume) =
       (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume)
     WHERE (bars.open, bars.high, bars.low, bars.close, bars.volume)
       IS DISTINCT FROM (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume)`,
  ),
  listBars: statement(
    "list-bars",
    `SELECT extract(epoch FROM at)::float8 * 1000 AS at, open, high, low, close, volume FROM bars
     WHERE symbol = $1 AND timeframe = $2 AND at BETWEEN to_timestamp($3 / 1000.0) AND to_timestamp($4 / 1000.0)
     ORDER BY at`,
  ),
  recordQuotes: statement(
    "record-quotes",
    `INSERT INTO quotes (stream_id, number, symbol, at, bid, bid_size, ask, ask_size, source)
     SELECT q.stream_id, q.number, q.symbol, to_timestamp(q.at / 1000.0), q.bid, q.bid_size, q.ask, q.ask_size, q.source
     FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::float8[], $5::float8[], $6::float8[], $7::float8[], $8::float8[], $9::text[])
       AS q(stream_id, number, symbol, at, bid, bid_size, ask, ask_size, source)
     ON CONFLICT DO NOTHING`,
  ),
  upsertLatest: statement(
    "upsert-latest-quotes",
    `INSERT INTO latest_quotes (symbol, at, bid, bid_size, ask, ask_size, source)
     SELECT q.symbol, to_timestamp(q.at / 1000.0), q.bid, q.bid_size, q.ask, q.ask_size, q.source
     FROM unnest($1::text[], $2::float8[], $3::float8[], $4::float8[], $5::float8[], $6::float8[], $7::text[])
       AS q(symbol, at, bid, bid_size, ask, ask_size, source)
     ORDER BY q.symbol
     ON CONFLICT (symbol) DO UPDATE SET (at, bid, bid_size, ask, ask_size, source) =
       (excluded.at, excluded.bid, excluded.bid_size, excluded.ask, excluded.ask_size, excluded.source)
     WHERE latest_quotes.at < excluded.at`,
  ),
  latestQuotes: statement(
    "latest-quotes",
    `SELECT symbol, extract(epoch FROM at)::float8 * 1000 AS at, bid, bid_size AS "bidSize", ask, ask_size AS "askSize", source
     FROM latest_quotes WHERE symbol = ANY($1)`,
  ),
  putWatchlist: statement(
    "put-watchlist",
    `INSERT INTO watchlists (user_id, name, symbols) VALUES ($1, $2, $3)
     ON CONFLICT (user_id, name) DO UPDATE SET symbols = excluded.symbols, updated_at = now()
     RETURNING name, symbols, updated_at`,
  ),
  listWatchlists: statement(
    "list-watchlists",
    "SELECT name, symbols, updated_at FROM watchlists WHERE user_id = $1 AND name > $2 ORDER BY name LIMIT $3",
  ),
  deleteWatchlist: statement(
    "delete-watchlist",
    "DELETE FROM watchlists WHERE user_id = $1 AND name = $2 RETURNING name",
  ),
  invalidate: statement("invalidate", "INSERT INTO invalidations (tags) VALUES ($1)"),
  forgetQuotes: statement("forget-quotes", "DELETE FROM quotes WHERE at < now() - make_interval(days => $1::int)"),
  forgetInvalidations: statement(
    "forget-invalidations",
    "DELETE FROM invalidations WHERE at < now() - interval '1 day'",
  ),
  ping: statement("ping", "SELECT 1"),
};

const column = <T, K extends keyof T>(rows: readonly T[], key: K): T[K][] => rows.map((row) => row[key]);

/** What the service keeps in PostgreSQL. */
export class Store {
  constructor(private readonly database: Database) {}

  async saveSymbols(symbols: readonly SymbolInfo[]): Promise<void> {
    const columns = (["symbol", "name", "market", "exchange", "currency", "active"] as const).map((key) =>
      column(symbols, key),
    );
    await this.database.query(statements.upsertSymbols, columns);
  }

  async listSymbols(search: string, after: string, limit: number): Promise<SymbolInfo[]> {
    const prefix = search.replace(/[\\%_]/g, "\\$&");
    return this.database.query<SymbolInfo>(statements.listSymbols, [after, prefix, limit]);
  }

  async findSymbol(symbol: string): Promise<SymbolInfo | undefined> {
    return (await this.database.query<SymbolInfo>(statements.oneSymbol, [symbol]))[0];
  }

  async countSymbols(): Promise<number> {
    return (await this.database.query<{ count: number }>(statements.countSymbols))[0]?.count ?? 0;
  }

  async saveBars({ symbol, timeframe }: Pick<BarsQuery, "symbol" | "timeframe">, bars: readonly Bar[]): Promise<void> {
    if (bars.length === 0) return;
    const columns = (["at", "open", "high", "low", "close", "volume"] as const).map((key) => column(bars, key));
    await this.database.query(statements.upsertBars, [symbol, timeframe, ...columns]);
  }

  async listBars({ symbol, timeframe, from, to }: BarsQuery): Promise<Bar[]> {
    return this.database.query<Bar>(statements.listBars, [symbol, timeframe, from, to]);
  }

  /** Twice the same batch is the same as once. */
  async recordQuotes(quotes: readonly NumberedQuote[]): Promise<void> {
    if (quotes.length === 0) return;
    const keys = ["streamId", "number", "symbol", "at", "bid", "bidSize", "ask", "askSize", "source"] as const;
    await this.database.query(
      statements.recordQuotes,
      keys.map((key) => column(quotes, key)),
    );
    const latest = new Map<string, Quote>();
    for (const quote of quotes) latest.set(quote.symbol, quote);
    await this.saveLatest([...latest.values()]);
  }

  async saveLatest(quotes: readonly Quote[]): Promise<void> {
    const keys = ["symbol", "at", "bid", "bidSize", "ask", "askSize", "source"] as const;
    await this.database.query(
      statements.upsertLatest,
      keys.map((key) => column(quotes, key)),
    );
  }

  async latestQuotes(symbols: readonly string[]): Promise<Quote[]> {
    return this.database.query<Quote>(statements.latestQuotes, [symbols]);
  }

  async putWatchlist(user: string, name: string, symbols: readonly string[]): Promise<Watchlist> {
    const [row] = await this.database.query<WatchlistRow>(statements.putWatchlist, [user, name, symbols]);
    if (row === undefined) throw new Error("the watchlist was not written");
    return toWatchlist(row);
  }

  async listWatchlists(user: string, after: string, limit: number): Promise<Watchlist[]> {
    return (await this.database.query<WatchlistRow>(statements.listWatchlists, [user, after, limit])).map(toWatchlist);
  }

  async deleteWatchlist(user: string, name: string): Promise<boolean> {
    return (await this.database.query(statements.deleteWatchlist, [user, name])).length > 0;
  }

  async invalidate(tags: readonly string[]): Promise<void> {
    await this.database.query(statements.invalidate, [tags]);
  }

  async forget(quoteDays: number): Promise<void> {
    await this.database.query(statements.forgetQuotes, [quoteDays]);
    await this.database.query(statements.forgetInvalidations);
  }

  async ping(): Promise<void> {
    await this.database.query(statements.ping);
  }
}

interface WatchlistRow {
  readonly name: string;
  readonly symbols: string[];
  readonly updated_at: Date;
}

const toWatchlist = (row: WatchlistRow): Watchlist => ({
  name: row.name,
  symbols: row.symbols,
  updatedAt: row.updated_at.toISOString(),
});
