import { EventEmitter, once } from "node:events";
import pg from "pg";
import type { Log } from "../observe/log";
import type { Metrics } from "../observe/metrics";

interface SessionEvents {
  /** Tags of rows that changed, in order; after a reconnect also those that were missed. */
  invalidated: [tags: string[]];
  leader: [];
  follower: [];
}

/** Key of the advisory lock that the one instance holds which streams from the provider. */
const leaderLock = 4_711_003;
const beatMilliseconds = 2000;

/**
 * One connection of its own, for what a pool cannot do: hear notifications, and hold the leader's lock. The lock
 * belongs to the connection: when either breaks, the instance is a follower before another can become the leader.
 */
export class Session extends EventEmitter<SessionEvents> {
  #client: pg.Client | undefined;
  #leader = false;
  #lastId: string | undefined;
  #closed = false;
  #resigned = false;
  #loop: Promise<void> | undefined;
  #wake = new AbortController();
  #reading: Promise<void> = Promise.resolve();

  constructor(
    private readonly config: pg.ClientConfig,
    private readonly log: Log,
    private readonly metrics: Metrics,
  ) {
    super();
  }

  get isLeader(): boolean {
    return this.#leader;
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** Invalidations of the last hour again: a Redis that was away has not seen them. */
  async replay(): Promise<void> {
    if (this.#client !== undefined) await this.#emitLastHour(this.#client);
  }

  async #emitLastHour(client: pg.Client): Promise<void> {
    const { rows } = await client.query<{ tag: string }>(
      "SELECT DISTINCT unnest(tags) AS tag FROM invalidations WHERE at > now() - interval '1 hour'",
    );
    if (rows.length > 0)
      this.emit(
        "invalidated",
        rows.map(({ tag }) => tag),
      );
  }

  /** Gives the lead up for good, so that another instance streams before this one has finished draining. */
  async resign(): Promise<void> {
    this.#resigned = true;
    this.#follow();
    await this.#client?.query("SELECT pg_advisory_unlock_all()").catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#follow();
    this.#wake.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#closed) {
      try {
        await this.#connected(() => (failures = 0));
      } catch (error) {
        failures += 1;
        this.metrics.count("DatabaseSessionErrors");
        this.log.warn("the database session broke; connecting again", { error });
      }
      this.#client = undefined;
      this.#follow();
      await this.#pause(Math.min(5000, 100 * 2 ** Math.min(failures, 6)));
    }
  }

  async #connected(onConnected: () => void): Promise<void> {
    const client = new pg.Client({ ...this.config, query_timeout: 2 * beatMilliseconds });
    const state: { broken?: Error } = {};
    client.on("error", (error) => {
      state.broken = error;
      this.#follow();
      this.#wake.abort();
    });
    client.on("notification", () => {
      this.#reading = this.#reading.then(() => this.#readInvalidations(client)).catch(() => undefined);
    });
    try {
      await client.connect();
      await client.query("LISTEN market_data_invalidations");
      await this.#readInvalidations(client);
      this.#client = client;
      onConnected();
      while (!this.#closed && state.broken === undefined) {
        await this.#beat(client);
        await this.#pause(beatMilliseconds);
      }
      if (state.broken !== undefined) throw state.broken;
    } finally {
      await Promise.race([client.end().catch(() => undefined), this.#pause(1000)]);
    }
  }

  /** Also the proof that the connection lives: a leader that cannot beat stops leading. */
  async #beat(client: pg.Client): Promise<void> {
    const locked = await client.query<{ held: boolean }>(
      this.#leader || this.#resigned ? "SELECT true AS held" : `SELECT pg_try_advisory_lock(${leaderLock}) AS held`,
    );
    if (this.#leader || this.#resigned || this.#closed || locked.rows[0]?.held !== true) return;
    this.#leader = true;
    this.log.info("leading: this instance streams from the provider");
    this.emit("leader");
  }

  #follow(): void {
    if (!this.#leader) return;
    this.#leader = false;
    this.log.info("following: another instance may stream");
    this.emit("follower");
  }

  async #readInvalidations(client: pg.Client): Promise<void> {
    if (this.#lastId === undefined) {
      const { rows } = await client.query<{ id: string }>("SELECT coalesce(max(id), 0) AS id FROM invalidations");
      this.#lastId = rows[0]?.id ?? "0";
      await this.#emitLastHour(client);
      return;
    }
    // A little of the past again: ids are given before commits, so that a lower one can appear after a higher one.
    const { rows } = await client.query<{ id: string; tags: string[] }>(
      "SELECT id, tags FROM invalidations WHERE id > $1::bigint - 50 AND (id > $1::bigint OR at > now() - interval '10 seconds') ORDER BY id",
      [this.#lastId],
    );
    const tags = new Set(rows.flatMap((row) => row.tags));
    this.#lastId = rows.at(-1)?.id ?? this.#lastId;
    if (tags.size > 0) this.emit("invalidated", [...tags]);
  }

  async #pause(milliseconds: number): Promise<void> {
    if (this.#wake.signal.aborted) this.#wake = new AbortController();
    const { signal } = this.#wake;
    const timer = new AbortController();
    await Promise.race([
      once(signal, "abort", { signal: timer.signal }).catch(() => undefined),
      new Promise<void>((resolve) => setTimeout(resolve, milliseconds).unref()),
    ]);
    timer.abort();
  }
}
