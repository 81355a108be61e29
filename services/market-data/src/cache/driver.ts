import { BaseDriver } from "bentocache/drivers/base_driver";
import type { CacheDriverOptions, CreateDriverResult, L2CacheDriver } from "bentocache/types";
import { inTime, type RedisClient } from "./redis";

interface DriverOptions extends CacheDriverOptions {
  readonly client: RedisClient;
}

/** bentocache's second level on node-redis, single or cluster: its own driver knows only ioredis. */
export function nodeRedisDriver(options: DriverOptions): CreateDriverResult<L2CacheDriver> {
  return { options, factory: (config: DriverOptions) => new NodeRedisDriver(config) };
}

class NodeRedisDriver extends BaseDriver implements L2CacheDriver {
  readonly type = "l2";
  readonly #client: RedisClient;

  constructor(protected readonly options: DriverOptions) {
    super(options);
    this.#client = options.client;
  }

  namespace(namespace: string): NodeRedisDriver {
    return new NodeRedisDriver({ ...this.options, prefix: this.createNamespacePrefix(namespace) });
  }

  async get(key: string): Promise<string | undefined> {
    return (await inTime(this.#client.get(this.getItemKey(key)))) ?? undefined;
  }

  async pull(key: string): Promise<string | undefined> {
    return (await inTime(this.#client.getDel(this.getItemKey(key)))) ?? undefined;
  }

  async set(key: string, value: string, ttl?: number): Promise<boolean> {
    const options = ttl === undefined ? {} : { PX: Math.max(1, Math.round(ttl)) };
    return (await inTime(this.#client.set(this.getItemKey(key), value, options))) === "OK";
  }

  async delete(key: string): Promise<boolean> {
    return (await inTime(this.#client.unlink(this.getItemKey(key)))) > 0;
  }

  async deleteMany(keys: string[]): Promise<boolean> {
    // One key a command: keys of one call may live on different shards.
    await Promise.all(keys.map((key) => inTime(this.#client.unlink(this.getItemKey(key)))));
    return true;
  }

  clear(): Promise<void> {
    throw new Error("the cache is cleared by tag, never as a whole: a scan would block every shard");
  }

  async disconnect(): Promise<void> {
    // The connection is shared with the limiter and the feed; whoever opened it closes it.
  }
}
