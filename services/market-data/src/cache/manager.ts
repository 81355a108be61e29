import { EventEmitter } from "node:events";
import { BentoCache, bentostore, errors } from "bentocache";
import { memoryDriver } from "bentocache/drivers/memory";
import type { CacheEvents } from "bentocache/types";
import { MetricUnit } from "@aws-lambda-powertools/metrics";
import type { Log } from "../observe/log";
import type { Metrics } from "../observe/metrics";
import { nodeRedisDriver } from "./driver";
import type { RedisConnection } from "./redis";

/**
 * How long each kind of data is fresh, how long it may be served stale, and how long a reader waits for a fresh one
 * before it takes the stale one (0: never waits, the refresh runs behind). All in milliseconds.
 */
export const lifetimes = {
  quote: { ttl: 1000, grace: 15_000, wait: 300 },
  barsOpen: { ttl: 10_000, grace: 300_000, wait: 0 },
  barsClosed: { ttl: 86_400_000, grace: 86_400_000, wait: 0 },
  symbols: { ttl: 300_000, grace: 3_600_000, wait: 0 },
} as const;
export type Kind = keyof typeof lifetimes;

export interface CacheEntry<T> {
  readonly key: string;
  readonly kind: Kind;
  readonly tags?: readonly string[];
  readonly load: () => Promise<T>;
}

/** A value with the time its load began. */
interface Kept<T extends object> {
  readonly at: number;
  readonly value: T;
}

/** A value marked stale came from a fallback: it is not kept as long as its kind says. */
const isStale = (value: object) => "stale" in value && value.stale === true;

const degradedTtl = 1000;
const memoryBytes = 64 * 1024 * 1024;

/**
 * Memory in front of Redis: TTL by kind, tags, one load a key and instance however many readers, stale while it is
 * refreshed or while its source is ill. Without Redis it goes on in memory alone, and asks Redis again every 2 s.
 *
 * Invalidation comes from the database's log of changes (see `store/session.ts`), to every instance, so that it needs
 * neither Redis nor its pub/sub; the session repeats it once Redis is back.
 */
export class CacheManager {
  readonly #cache;
  readonly #invalidated = new Map<string, number>();
  readonly #refreshing = new Map<string, Promise<Kept<object>>>();
  readonly #counts = { hits: 0, misses: 0, stale: 0 };

  constructor(
    private readonly redis: RedisConnection,
    log: Log,
    private readonly metrics: Metrics,
  ) {
    const emitter = new EventEmitter();
    emitter.on("cache:hit", ({ key, layer, graced }: CacheEvents["cache:hit"]) => {
      if (key.includes(tagKeyMark)) return;
      this.#counts[graced ? "stale" : "hits"] += 1;
      metrics.count(graced ? "CacheStale" : "CacheHits", { layer });
    });
    emitter.on("cache:miss", ({ key }: CacheEvents["cache:miss"]) => {
      if (key.includes(tagKeyMark)) return;
      this.#counts.misses += 1;
      metrics.count("CacheMisses");
    });
    this.#cache = new BentoCache({
      default: "data",
      emitter,
      logger: quiet(log, metrics),
      stores: {
        data: bentostore({ prefix: "md:cache", l2CircuitBreakerDuration: 2000 })
          .useL1Layer(memoryDriver({ maxSize: memoryBytes, maxItems: 50_000 }))
          .useL2Layer(nodeRedisDriver({ client: redis.client, prefix: "md:cache" })),
      },
    });
    metrics.collect(() => this.#gauges());
  }

  async get<T extends object>(entry: CacheEntry<T>): Promise<T> {
    const kept = await this.#read(entry, false);
    if (!this.#isInvalidated(kept.at, entry.tags)) return kept.value;
    // Expired data may be served while it is refreshed; invalidated data is known to be wrong, and is waited for.
    let refresh = this.#refreshing.get(entry.key) as Promise<Kept<T>> | undefined;
    if (refresh === undefined) {
      refresh = this.#read(entry, true).finally(() => this.#refreshing.delete(entry.key));
      this.#refreshing.set(entry.key, refresh);
    }
    return (await refresh).value;
  }

  async invalidate(tags: readonly string[]): Promise<void> {
    if (tags.length === 0) return;
    const now = Date.now();
    for (const tag of tags) this.#invalidated.set(tag, now);
    await this.#cache.deleteByTag({ tags: [...tags] });
    this.metrics.count("CacheInvalidations", {}, tags.length);
  }

  async #read<T extends object>({ key, kind, tags = [], load }: CacheEntry<T>, forceFresh: boolean): Promise<Kept<T>> {
    const { ttl, grace, wait } = lifetimes[kind];
    const reading = this.#cache.getOrSet<Kept<T>>({
      key,
      ttl,
      grace,
      timeout: wait,
      graceBackoff: degradedTtl,
      tags: [...tags],
      forceFresh,
      factory: async (context) => {
        const at = Date.now(); // before the load: what changes during it is not in it
        const value = await load();
        if (isStale(value)) context.setOptions({ ttl: degradedTtl });
        return { at, value };
      },
    });
    return reading.catch((error: unknown) => {
      // The library wraps what a load throws; the reader wants the reason.
      throw error instanceof errors.E_FACTORY_ERROR && error.cause instanceof Error ? error.cause : error;
    });
  }

  #isInvalidated(at: number, tags: readonly string[] = []): boolean {
    return tags.some((tag) => at <= (this.#invalidated.get(tag) ?? -Infinity));
  }

  get counts(): Readonly<{ hits: number; misses: number; stale: number }> {
    return this.#counts;
  }

  async close(): Promise<void> {
    await this.#cache.disconnectAll();
  }

  async #gauges(): Promise<void> {
    const { hits, misses, stale } = this.#counts;
    const all = hits + misses + stale;
    if (all > 0) this.metrics.gauge("CacheHitRate", (100 * (hits + stale)) / all, {}, MetricUnit.Percent);
    this.#counts.hits = this.#counts.misses = this.#counts.stale = 0;
    this.metrics.gauge("RedisUp", this.redis.isReady() ? 1 : 0);
    const info = await this.redis.info();
    const figure = (name: string, field: string, unit = MetricUnit.Count as "Count" | "Bytes") => {
      const value = Number(info.get(field));
      if (info.has(field) && Number.isFinite(value)) this.metrics.gauge(name, value, {}, unit);
    };
    figure("RedisMemoryUsed", "used_memory", MetricUnit.Bytes);
    figure("RedisMemoryLimit", "maxmemory", MetricUnit.Bytes);
    figure("RedisEvictedKeys", "evicted_keys");
    figure("RedisExpiredKeys", "expired_keys");
  }
}

/** bentocache keeps a tag's invalidation time under a key of its own; those are not reads of data. */
const tagKeyMark = "___bc:t:";

/** The library logs every failed Redis call as an error; here that is a count, and the connection's own warning. */
function quiet(log: Log, metrics: Metrics) {
  const nothing = () => undefined;
  const logger = {
    trace: nothing,
    debug: nothing,
    info: nothing,
    warn: (...parts: unknown[]) => void log.debug("cache", { parts }),
    error: () => metrics.count("CacheRedisFailures"),
    fatal: nothing,
    child: () => logger,
  };
  return logger;
}
