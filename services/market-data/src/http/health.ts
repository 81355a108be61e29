import type { FastifyInstance } from "fastify";
import type { RedisConnection } from "../cache/redis";
import type { Market } from "../market";
import type { Store } from "../store/store";

const checkMilliseconds = 1000;

/**
 * Live: the process answers. Ready: it has started and is not draining; only this decides about traffic.
 *
 * A database or Redis that is away makes the instance `degraded`, not unready: every instance would fail together, the
 * load balancer would have nowhere to send and the scaling group would replace healthy machines in the middle of a
 * failover. At the start the database must have been reached: the schema is checked there.
 */
export class Health {
  #state: "starting" | "ready" | "draining" = "starting";
  #checked: { at: number; database: "up" | "down" } = { at: 0, database: "down" };

  constructor(
    private readonly store: Store,
    private readonly redis: RedisConnection,
    private readonly market: Market,
  ) {}

  set(state: "ready" | "draining"): void {
    this.#state = state;
  }

  get draining(): boolean {
    return this.#state === "draining";
  }

  async report() {
    if (Date.now() - this.#checked.at > checkMilliseconds) {
      this.#checked = { ...this.#checked, at: Date.now() };
      const limit = new Promise<"down">((resolve) => setTimeout(() => resolve("down"), 500).unref());
      const ping = this.store.ping().then(
        () => "up" as const,
        () => "down" as const,
      );
      this.#checked = { at: Date.now(), database: await Promise.race([ping, limit]) };
    }
    const redis = this.redis.isReady() ? "up" : "down";
    const { database } = this.#checked;
    const degraded = database === "down" || redis === "down";
    return {
      ready: this.#state === "ready",
      status: this.#state === "ready" ? (degraded ? "degraded" : "ok") : this.#state,
      checks: { database, redis, circuits: this.market.circuits },
    };
  }
}

export function registerHealth(app: FastifyInstance, health: Health): void {
  app.get("/health/live", { schema: { hide: true } }, () => ({ status: "ok" }));
  app.get("/health/ready", { schema: { hide: true } }, async (_request, reply) => {
    const report = await health.report();
    return reply
      .status(report.ready ? 200 : 503)
      .header("cache-control", "no-store")
      .send(report);
  });
}
