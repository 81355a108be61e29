import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes, type RateLimiterAbstract } from "rate-limiter-flexible";
import type { Metrics } from "../observe/metrics";
import { inTime, type RedisConnection } from "../cache/redis";
import { burstOf, limitNames, roles, type Limit, type LimitName, type Role } from "./policies";

/** One window after a request was counted. */
export interface Window {
  readonly name: "burst" | "sustained";
  readonly limit: number;
  readonly seconds: number;
  readonly remaining: number;
  readonly resetSeconds: number;
}

export type Verdict =
  | { readonly allowed: true; readonly windows: readonly Window[]; readonly degraded: boolean }
  | {
      readonly allowed: false;
      readonly reason: "exceeded";
      readonly windows: readonly Window[];
      readonly retrySeconds: number;
    }
  | {
      readonly allowed: false;
      readonly reason: "unavailable";
      readonly windows: readonly Window[];
      readonly retrySeconds: number;
    };

interface Rule {
  readonly name: Window["name"];
  readonly points: number;
  readonly seconds: number;
  /** This instance's own count of the whole limit: holds even when Redis forgets. */
  readonly own: RateLimiterAbstract;
  readonly shared: RateLimiterAbstract;
  /** This instance's share of the limit, while Redis is gone. */
  readonly share: RateLimiterAbstract;
}

/**
 * Distributed limits on Redis by role and endpoint: two fixed windows each, a minute and ten seconds.
 *
 * Every request is counted on the instance first, against the whole limit, then in Redis. So a Redis that loses its
 * counters in a restart lets one instance pass no more than it may, N instances no more than N times that, once; and
 * what is over the limit on one instance does not reach Redis at all. While Redis is gone an `open` endpoint goes on
 * with the instance's share, a `closed` one refuses.
 */
export class Limiter {
  readonly #rules = new Map<string, readonly Rule[]>();

  constructor(
    private readonly limits: Readonly<Record<LimitName, Limit>>,
    redis: RedisConnection,
    instances: number,
    private readonly metrics: Metrics,
  ) {
    for (const name of limitNames) {
      for (const role of roles) {
        const perMinute = limits[name].perMinute[role];
        const rule = (window: Window["name"], points: number, seconds: number): Rule => {
          const options = { points, duration: seconds, keyPrefix: `md:limit:${name}:${role}:${window}` };
          return {
            name: window,
            points,
            seconds,
            own: new RateLimiterMemory(options),
            shared: new RateLimiterRedis({
              ...options,
              storeClient: redis.client,
              useRedisPackage: true,
              rejectIfRedisNotReady: true,
            }),
            share: new RateLimiterMemory({
              ...options,
              points: Math.ceil(points / instances),
              keyPrefix: `${options.keyPrefix}:share`,
            }),
          };
        };
        this.#rules.set(`${name}:${role}`, [rule("burst", burstOf(perMinute), 10), rule("sustained", perMinute, 60)]);
      }
    }
  }

  async consume(name: LimitName, role: Role, key: string, cost = 1): Promise<Verdict> {
    const rules = this.#rules.get(`${name}:${role}`) ?? [];
    const own = await countAll(rules, (rule) => rule.own, key, cost);
    if (own.exceeded) return this.#refuse(name, role, own.windows);
    try {
      const shared = await countAll(rules, (rule) => rule.shared, key, cost);
      if (shared.exceeded) return this.#refuse(name, role, tighter(own.windows, shared.windows));
      return { allowed: true, windows: tighter(own.windows, shared.windows), degraded: false };
    } catch {
      this.metrics.count("RateLimitWithoutRedis", { endpoint: name });
      if (this.limits[name].withoutRedis === "closed") {
        return { allowed: false, reason: "unavailable", windows: own.windows, retrySeconds: 1 };
      }
      const share = await countAll(rules, (rule) => rule.share, key, cost);
      if (share.exceeded) return this.#refuse(name, role, tighter(own.windows, share.windows));
      return { allowed: true, windows: tighter(own.windows, share.windows), degraded: true };
    }
  }

  #refuse(name: LimitName, role: Role, windows: readonly Window[]): Verdict {
    this.metrics.count("RateLimited", { endpoint: name, role });
    const full = windows.filter((window) => window.remaining === 0);
    return {
      allowed: false,
      reason: "exceeded",
      windows,
      retrySeconds: Math.max(1, ...full.map((window) => window.resetSeconds)),
    };
  }
}

/**
 * One window after the other, the short one first: what the burst window refuses must not eat up the minute. Giving
 * points back instead would let more through when a window ends in between.
 */
async function countAll(rules: readonly Rule[], pick: (rule: Rule) => RateLimiterAbstract, key: string, cost: number) {
  const windows: Window[] = [];
  for (const rule of rules) {
    const limiter = pick(rule);
    const { result, exceeded } = await inTime(limiter.consume(key, cost)).then(
      (taken) => ({ result: taken, exceeded: false }),
      (error: unknown) => {
        if (!(error instanceof RateLimiterRes)) throw error;
        return { result: error, exceeded: true };
      },
    );
    windows.push({
      name: rule.name,
      limit: rule.points,
      seconds: rule.seconds,
      remaining: Math.max(0, limiter.points - result.consumedPoints),
      resetSeconds: Math.max(1, Math.ceil(result.msBeforeNext / 1000)),
    });
    if (exceeded) return { windows, exceeded };
  }
  return { windows, exceeded: false };
}

const tighter = (one: readonly Window[], other: readonly Window[]) =>
  one.map((window, index) => {
    const second = other[index] ?? window;
    return second.remaining <= window.remaining ? second : window;
  });

/** Header fields of draft-ietf-httpapi-ratelimit-headers: what the policy is, and what is left of it. */
export function limitHeaders(windows: readonly Window[]): Record<"ratelimit-policy" | "ratelimit", string> {
  return {
    "ratelimit-policy": windows.map(({ name, limit, seconds }) => `"${name}";q=${limit};w=${seconds}`).join(", "),
    ratelimit: windows
      .map(({ name, remaining, resetSeconds }) => `"${name}";r=${remaining};t=${resetSeconds}`)
      .join(", "),
  };
}
