import assert from "node:assert/strict";
import pg from "pg";
import { SteeredProvider } from "../support/provider";
import { sharedPostgres } from "../support/hooks";
import { sleep, startRedis, until, type Postgres, type Redis } from "../support/servers";
import { bearer, environment, runService, type Running } from "../support/service";

describe("failures under load on real PostgreSQL and Redis", () => {
  let postgres: Postgres;
  let redis: Redis;
  let database: string;
  let first: SteeredProvider;
  let second: SteeredProvider;
  let service: Running;
  const roomy = {
    perMinute: { anonymous: 1_000_000, free: 1_000_000, pro: 1_000_000, admin: 1_000_000 },
    withoutRedis: "open",
  };
  const limits = { quotes: roomy, bars: roomy, symbols: roomy, watchlists: { ...roomy, withoutRedis: "open" } };

  beforeEach(async function () {
    postgres = await sharedPostgres(this);
    database = await postgres.database();
    redis = await startRedis();
    first = new SteeredProvider("first");
    second = new SteeredProvider("second");
    service = await runService(
      { ...environment(postgres, database, redis.url), RATE_LIMITS: JSON.stringify(limits), LOG_LEVEL: "warn" },
      {
        providers: [first, second],
        resilience: {
          attemptMilliseconds: 200,
          totalMilliseconds: 600,
          backoffMilliseconds: 10,
          openMilliseconds: 500,
        },
      },
    );
  });
  afterEach(async () => {
    await service.drain("test");
    await redis.remove();
  });

  /** Twenty clients that ask without a pause; what they got, by status. */
  function load(ask: (number: number) => Promise<Response>) {
    const statuses = new Map<number, number>();
    const slow: number[] = [];
    let stop = false;
    let number = 0;
    const clients = Array.from({ length: 20 }, async () => {
      while (!stop) {
        const started = Date.now();
        const answer = await ask((number += 1));
        await answer.arrayBuffer();
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        if (Date.now() - started > 2000) slow.push(Date.now() - started);
      }
    });
    return {
      statuses,
      slow,
      stop: async () => {
        stop = true;
        await Promise.all(clients);
      },
    };
  }

  it("answers every read while Redis is killed and restarted three times", async () => {
    const symbols = ["AAPL", "MSFT", "IBM", "SPY"];
    const running = load((number) => service.get(`/v1/quotes/${symbols[number % 4]}`));
    for (let round = 0; round < 3; round += 1) {
      await sleep(500);
      await redis.kill();
      await sleep(700);
      await redis.start();
    }
    // While reads go on: nothing is kept again without them.
    await until("Redis is in use again", async () => (await redis.cli("DBSIZE")) !== "0", 30);
    await running.stop();
    assert.deepEqual([...running.statuses.keys()], [200]);
    assert.ok((running.statuses.get(200) ?? 0) > 500);
    assert.deepEqual(running.slow, []);
  });

  it("answers every read while Redis is frozen: connected, but silent", async () => {
    const running = load((number) => service.get(`/v1/quotes/F${number % 7}`));
    await sleep(300);
    redis.freeze();
    await sleep(2000);
    redis.thaw();
    await sleep(500);
    await running.stop();
    assert.deepEqual([...running.statuses.keys()], [200]);
    assert.deepEqual(running.slow, []);
  });

  it("keeps every watchlist it has acknowledged, whatever happens to Redis", async () => {
    const acknowledged = new Set<string>();
    const running = load(async (number) => {
      const answer = await fetch(`${service.url}/v1/watchlists/list-${number}`, {
        method: "PUT",
        headers: { ...bearer("free", "ann"), "content-type": "application/json" },
        body: JSON.stringify({ symbols: ["AAPL"] }),
      });
      if (answer.status === 200) acknowledged.add(`list-${number}`);
      return answer;
    });
    await sleep(300);
    await redis.kill();
    await sleep(500);
    await redis.start();
    await sleep(300);
    await running.stop();
    const client = new pg.Client({ host: "127.0.0.1", port: postgres.port, user: "postgres", database });
    await client.connect();
    const { rows } = await client.query<{ name: string }>("SELECT name FROM watchlists WHERE user_id = 'ann'");
    await client.end();
    const kept = new Set(rows.map(({ name }) => name));
    assert.ok(acknowledged.size > 50, `${acknowledged.size} acknowledged`);
    assert.deepEqual(
      [...acknowledged].filter((name) => !kept.has(name)),
      [],
    );
  });

  it("goes to the second provider when the first fails or hangs, and back when it is well", async () => {
    const symbol = (number: number) => `S${number}`;
    first.mode = "failing";
    assert.equal((await service.get(`/v1/quotes/${symbol(1)}`)).status, 200);
    first.mode = "hanging";
    assert.equal((await service.get(`/v1/quotes/${symbol(2)}`)).status, 200);
    let number = 10;
    await until("the first one's circuit opens", async () => {
      await service.get(`/v1/quotes/${symbol((number += 1))}`);
      return service.market.circuits.first === "open";
    });
    const before = first.calls;
    const started = Date.now();
    for (let i = 0; i < 10; i += 1) assert.equal((await service.get(`/v1/quotes/${symbol(100 + i)}`)).status, 200);
    assert.ok(first.calls - before <= 2, "an open circuit is not called");
    assert.ok(Date.now() - started < 1500, "and costs no waiting");
    first.mode = "up";
    await until("the first is asked again", async () => {
      const answer = (await (await service.get(`/v1/quotes/${symbol((number += 1))}`)).json()) as { source: string };
      return answer.source === "first";
    });
  });

  it("with every provider failing: what is kept, marked stale; a 503 for what is not; then fresh again", async () => {
    const path = "/v1/bars/AAPL?from=2026-01-05T00:00:00Z&to=2026-01-06T00:00:00Z";
    assert.equal((await service.get("/v1/quotes/AAPL")).status, 200);
    assert.equal((await service.get(path)).status, 200);
    await sleep(300); // the copies are written behind the answers
    first.mode = second.mode = "failing";
    await redis.cli("FLUSHALL");
    const other = await runService(environment(postgres, database, redis.url), { providers: [first, second] });
    try {
      const stale = await other.get("/v1/quotes/AAPL");
      assert.equal(stale.status, 200);
      assert.equal(((await stale.json()) as { stale: boolean }).stale, true);
      const bars = (await (await other.get(path)).json()) as { stale: boolean; items: unknown[] };
      assert.deepEqual([bars.stale, bars.items.length], [true, 1]);
      const none = await other.get("/v1/quotes/MSFT");
      assert.equal(none.status, 503);
      assert.equal(none.headers.get("retry-after"), "5");
      first.mode = "up";
      await until("fresh again", async () => {
        const answer = (await (await other.get("/v1/quotes/AAPL")).json()) as { stale: boolean };
        return !answer.stale;
      });
    } finally {
      await other.drain("test");
    }
  });

  it("does not fall over when a slow provider meets a crowd: some wait, some get a 503, all get an answer", async () => {
    first.mode = second.mode = "hanging";
    const running = load((number) =>
      service.get(`/v1/bars/X${number % 500}?from=2026-01-05T00:00:00Z&to=2026-01-06T00:00:00Z`),
    );
    await sleep(2500);
    first.mode = second.mode = "up";
    await sleep(1500);
    await running.stop();
    assert.deepEqual([...running.statuses.keys()].sort(), [200, 503]);
    assert.deepEqual(running.slow, []);
  });
});
