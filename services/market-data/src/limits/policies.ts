import { z } from "zod";

/** Who is asking. A token's `role` claim says which; without a token it is anonymous. */
export const roles = ["anonymous", "free", "pro", "admin"] as const;
export type Role = (typeof roles)[number];

/** What is asked for; each has limits of its own. */
export const limitNames = ["quotes", "bars", "symbols", "watchlists", "stream", "beacon", "admin"] as const;
export type LimitName = (typeof limitNames)[number];

const limit = z.strictObject({
  /** Points a minute for a role; a quote costs one a symbol, everything else one a request. */
  perMinute: z.record(z.enum(roles), z.number().int().positive()),
  /** Without Redis: `open` goes on with this instance's share of the limit, `closed` answers 503. */
  withoutRedis: z.enum(["open", "closed"]),
});
export type Limit = z.infer<typeof limit>;

/** Limits by endpoint; overridden one endpoint at a time by RATE_LIMITS. */
export const rateLimitsSchema = z
  .strictObject(
    Object.fromEntries(limitNames.map((name) => [name, limit.optional()])) as Record<
      LimitName,
      z.ZodOptional<typeof limit>
    >,
  )
  .transform((overrides): Record<LimitName, Limit> => ({ ...defaults, ...withoutUndefined(overrides) }));

/** Reads go on without Redis; what changes state or holds a connection open does not. */
const defaults: Record<LimitName, Limit> = {
  quotes: { perMinute: { anonymous: 120, free: 600, pro: 6000, admin: 6000 }, withoutRedis: "open" },
  bars: { perMinute: { anonymous: 30, free: 120, pro: 1200, admin: 1200 }, withoutRedis: "open" },
  symbols: { perMinute: { anonymous: 60, free: 240, pro: 1200, admin: 1200 }, withoutRedis: "open" },
  watchlists: { perMinute: { anonymous: 1, free: 60, pro: 300, admin: 300 }, withoutRedis: "closed" },
  stream: { perMinute: { anonymous: 10, free: 20, pro: 60, admin: 60 }, withoutRedis: "open" },
  beacon: { perMinute: { anonymous: 30, free: 30, pro: 30, admin: 30 }, withoutRedis: "open" },
  admin: { perMinute: { anonymous: 1, free: 1, pro: 1, admin: 60 }, withoutRedis: "closed" },
};

const withoutUndefined = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

/** A sixth of the minute's points in any ten seconds' window, at least ten: bounds the burst across a window's edge. */
export const burstOf = (perMinute: number) => Math.min(perMinute, Math.max(10, Math.ceil(perMinute / 6)));
