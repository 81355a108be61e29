import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RawServerDefault } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { MetricUnit } from "@aws-lambda-powertools/metrics";
import type { Market, QuoteAnswer } from "../market";
import type { Metrics } from "../observe/metrics";
import type { Log } from "../observe/log";
import { timeframes, type Bar, type Quote } from "../providers/provider";
import type { Store } from "../store/store";
import { decodeCursor, page } from "./cursor";
import { HttpProblem, problemSchema } from "./problems";
import {
  barSchema,
  beaconSchema,
  cursorSchema,
  limitSchema,
  nextCursorSchema,
  quoteSchema,
  symbolInfoSchema,
  symbolListSchema,
  symbolSchema,
  timeframeSchema,
  watchlistSchema,
} from "./schemas";

export interface RouteParts {
  readonly market: Market;
  readonly store: Store;
  readonly metrics: Metrics;
  readonly log: Log;
}

const problems = { 400: problemSchema, 401: problemSchema, 429: problemSchema, 503: problemSchema };
/** Bars that one answer may be made of; more is asked for in parts. */
const barsPerQuestion = 10_000;

const quoteOut = ({ quote, stale }: QuoteAnswer & { quote: Quote }) => ({
  ...quote,
  at: new Date(quote.at).toISOString(),
  stale,
});
const barOut = (bar: Bar) => ({ ...bar, at: new Date(bar.at).toISOString() });

/** Counted before validation: what is not text costs one, and then fails. */
function symbolsAsked(request: FastifyRequest): number {
  const { symbols } = request.query as { symbols?: unknown };
  return typeof symbols === "string" ? symbols.split(",").length : 1;
}

export function registerRoutes(plain: FastifyInstance, parts: RouteParts): void {
  const app = plain.withTypeProvider<ZodTypeProvider>();
  quoteRoutes(app, parts);
  barRoutes(app, parts);
  symbolRoutes(app, parts);
  watchlistRoutes(app, parts);
  operationRoutes(app, parts);
}

type Typed = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>;

function quoteRoutes(app: Typed, { market }: RouteParts): void {
  app.get(
    "/v1/quotes",
    {
      config: { limit: "quotes", cost: symbolsAsked },
      schema: {
        summary: "Latest quotes of several symbols",
        tags: ["quotes"],
        querystring: z.object({ symbols: symbolListSchema }),
        response: {
          200: z.object({ items: z.array(quoteSchema), unknown: z.array(z.string()) }),
          ...problems,
        },
      },
    },
    async (request) => {
      const { symbols } = request.query;
      const answers = await Promise.all(symbols.map(async (symbol) => ({ symbol, ...(await market.quote(symbol)) })));
      return {
        items: answers.flatMap(({ quote, stale }) => (quote === null ? [] : [quoteOut({ quote, stale })])),
        unknown: answers.flatMap(({ symbol, quote }) => (quote === null ? [symbol] : [])),
      };
    },
  );
  app.get(
    "/v1/quotes/:symbol",
    {
      config: { limit: "quotes" },
      schema: {
        summary: "Latest quote of a symbol",
        tags: ["quotes"],
        params: z.object({ symbol: symbolSchema }),
        response: { 200: quoteSchema, 404: problemSchema, ...problems },
      },
    },
    async (request) => {
      const { quote, stale } = await market.quote(request.params.symbol);
      if (quote === null) throw new HttpProblem(404, `no provider knows ${request.params.symbol}`);
      return quoteOut({ quote, stale });
    },
  );
}

function barRoutes(app: Typed, { market }: RouteParts): void {
  app.get(
    "/v1/bars/:symbol",
    {
      config: { limit: "bars" },
      schema: {
        summary: "Bars of a symbol, oldest first",
        tags: ["bars"],
        params: z.object({ symbol: symbolSchema }),
        querystring: z.object({
          timeframe: timeframeSchema.default("1Day"),
          from: z.iso.datetime({ offset: true }).meta({ description: "Inclusive" }),
          to: z.iso.datetime({ offset: true }).optional().meta({ description: "Inclusive; now if left out" }),
          limit: limitSchema(500, 5000),
          cursor: cursorSchema,
        }),
        response: {
          200: z.object({
            symbol: z.string(),
            items: z.array(barSchema),
            nextCursor: nextCursorSchema,
            stale: z.boolean(),
          }),
          ...problems,
        },
      },
    },
    async (request) => {
      const { symbol } = request.params;
      const { timeframe, limit } = request.query;
      const from = Date.parse(request.query.from);
      const to = request.query.to === undefined ? Date.now() : Date.parse(request.query.to);
      if (from > to) throw new HttpProblem(400, "from is after to");
      const most = barsPerQuestion * timeframes[timeframe];
      if (to - from > most) {
        throw new HttpProblem(
          400,
          `from and to are more than ${barsPerQuestion} bars of ${timeframe} apart; ask in parts`,
        );
      }
      const after = decodeCursor(request.query.cursor);
      const afterAt = after === undefined ? -Infinity : Number(after);
      if (Number.isNaN(afterAt)) throw new HttpProblem(400, "the cursor is not one of this service");
      const { bars, stale } = await market.bars({ symbol, timeframe, from, to });
      const { items, nextCursor } = page(
        bars.filter((bar) => bar.at > afterAt),
        limit,
        (bar) => String(bar.at),
      );
      return { symbol, items: items.map(barOut), nextCursor, stale };
    },
  );
}

function symbolRoutes(app: Typed, { market }: RouteParts): void {
  app.get(
    "/v1/symbols",
    {
      config: { limit: "symbols" },
      schema: {
        summary: "Symbols in order, all or those whose symbol or name starts with a text",
        tags: ["symbols"],
        querystring: z.object({
          search: z.string().trim().max(40).default(""),
          limit: limitSchema(50, 500),
          cursor: cursorSchema,
        }),
        response: { 200: z.object({ items: z.array(symbolInfoSchema), nextCursor: nextCursorSchema }), ...problems },
      },
    },
    async (request) => {
      const { search, limit, cursor } = request.query;
      return page(await market.symbols(search, decodeCursor(cursor) ?? "", limit + 1), limit, ({ symbol }) => symbol);
    },
  );
  app.get(
    "/v1/symbols/:symbol",
    {
      config: { limit: "symbols" },
      schema: {
        summary: "One symbol",
        tags: ["symbols"],
        params: z.object({ symbol: symbolSchema }),
        response: { 200: symbolInfoSchema, 404: problemSchema, ...problems },
      },
    },
    async (request) => {
      const found = await market.symbol(request.params.symbol);
      if (found === undefined) throw new HttpProblem(404, `${request.params.symbol} is not in the directory`);
      return found;
    },
  );
}

const watchlistName = z.string().regex(/^[\w -]{1,40}$/, "is not a name: 1 to 40 letters, digits, spaces, '_' or '-'");

function watchlistRoutes(app: Typed, { store }: RouteParts): void {
  const config = { limit: "watchlists", needs: "user" } as const;
  const tags = ["watchlists"];
  const security = [{ bearer: [] }];
  app.get(
    "/v1/watchlists",
    {
      config,
      schema: {
        summary: "The caller's watchlists",
        tags,
        security,
        querystring: z.object({ limit: limitSchema(50, 100), cursor: cursorSchema }),
        response: { 200: z.object({ items: z.array(watchlistSchema), nextCursor: nextCursorSchema }), ...problems },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const items = await store.listWatchlists(userOf(request), decodeCursor(cursor) ?? "", limit + 1);
      return page(items, limit, ({ name }) => name) as {
        items: (typeof items)[number][] & never[];
        nextCursor: string | null;
      };
    },
  );
  app.put(
    "/v1/watchlists/:name",
    {
      config,
      schema: {
        summary: "Creates or replaces a watchlist; answered once it is committed",
        tags,
        security,
        params: z.object({ name: watchlistName }),
        body: z.strictObject({ symbols: z.array(symbolSchema).max(100) }),
        response: { 200: watchlistSchema, ...problems },
      },
    },
    async (request) => {
      const saved = await store.putWatchlist(userOf(request), request.params.name, [...new Set(request.body.symbols)]);
      return { ...saved, symbols: [...saved.symbols] };
    },
  );
  app.delete(
    "/v1/watchlists/:name",
    {
      config,
      schema: {
        summary: "Deletes a watchlist",
        tags,
        security,
        params: z.object({ name: watchlistName }),
        response: { 204: z.null(), 404: problemSchema, ...problems },
      },
    },
    async (request, reply) => {
      const existed = await store.deleteWatchlist(userOf(request), request.params.name);
      if (!existed) throw new HttpProblem(404, `there is no watchlist ${request.params.name}`);
      return reply.status(204).send(null);
    },
  );
}

function userOf(request: { identity: { user: string | undefined } | null }): string {
  const user = request.identity?.user;
  if (user === undefined) throw new HttpProblem(401, "a token is needed", { "www-authenticate": "Bearer" });
  return user;
}

function operationRoutes(app: Typed, { store, metrics, log }: RouteParts): void {
  app.post(
    "/v1/beacon",
    {
      bodyLimit: 4096,
      config: { limit: "beacon" },
      schema: {
        summary: "Front-end performance, sent by the page when it is left",
        tags: ["operation"],
        body: beaconSchema,
        response: { 204: z.null(), ...problems },
      },
    },
    async (request, reply) => {
      for (const { name, value } of request.body.vitals) {
        // Layout shift has no unit; in thousandths it fits the same histogram.
        metrics.time(`Page${name}`, name === "CLS" ? value * 1000 : value);
      }
      if (request.body.errors.length > 0) {
        metrics.count("PageErrors", {}, request.body.errors.length);
        log.warn("a page reported script errors", { page: request.body.page, errors: request.body.errors });
      }
      return reply.status(204).send(null);
    },
  );
  app.post(
    "/v1/admin/invalidations",
    {
      config: { limit: "admin", needs: "admin" },
      schema: {
        summary: "Makes every instance forget what is cached under tags",
        description: "Tags: `quotes`, `bars`, `symbols`, `symbol:<symbol>`, `bars:<symbol>`",
        tags: ["operation"],
        security: [{ bearer: [] }],
        body: z.strictObject({
          tags: z
            .array(z.string().regex(/^(quotes|bars|symbols|(symbol|bars):[A-Z0-9.\-/]{1,15})$/))
            .min(1)
            .max(100),
        }),
        response: { 202: z.object({ tags: z.number().int() }), 403: problemSchema, ...problems },
      },
    },
    async (request, reply) => {
      await store.invalidate(request.body.tags);
      return reply.status(202).send({ tags: request.body.tags.length });
    },
  );
  metrics.collect(() => {
    const { heapUsed, rss } = process.memoryUsage();
    metrics.gauge("HeapUsed", heapUsed, {}, MetricUnit.Bytes);
    metrics.gauge("ResidentMemory", rss, {}, MetricUnit.Bytes);
  });
}
