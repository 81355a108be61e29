import assert from "node:assert/strict";
import pg from "pg";
import { SteeredProvider } from "../support/provider";
import { sharedPostgres } from "../support/hooks";
import { sleep, startRedis, until, type Postgres, type Redis } from "../support/servers";
import { environment, runService, type Running } from "../support/service";

const bars = { symbol: "AAPL", timeframe: "1Day", from: Date.UTC(2026, 0, 5), to: Date.UTC(2026, 0, 6) } as const;

describe("cache manager on real Redis", () => {
  let postgres: Postgres;
  let redis: Redis;
  let database: string;
  let provider: SteeredProvider;
  const services: Running[] = [];
  const another = async () => {
    const service = await runService(environment(postgres, database, redis.url), { providers: [provider] });
    services.push(service);
    return service;
  };

  beforeEach(async function () {
    postgres = await sharedPostgres(this);
    database = await postgres.database();
    redis = await startRedis();
    provider = new SteeredProvider();
  });
  afterEach(async () => {
    await Promise.all(services.splice(0).map((service) => service.drain("test")));
    await redis.remove();
  });

  it("loads once for a thousand readers at once, and not again on another instance", async () => {
    const service = await another();
    provider.delayMilliseconds = 100;
    const answers = await Promise.all(Array.from({ length: 1000 }, () => service.market.bars(bars)));
    assert.equal(provider.calls, 1);
    assert.ok(answers.every(({ bars: [bar] }) => bar?.close === 100));
    await (await another()).market.bars(bars);
    assert.equal(provider.calls, 1, "the second instance reads it from Redis");
  });

  it("asks the provider once for the quotes that many readers want in one moment", async () => {
    const service = await another();
    await Promise.all(["A", "B", "C", "A", "B"].map((symbol) => service.market.quote(symbol)));
    assert.deepEqual(
      provider.quoteCalls.map((symbols) => symbols.sort()),
      [["A", "B", "C"]],
    );
  });

  it("gives each kind its time in Redis", async () => {
    const service = await another();
    await service.market.quote("AAPL");
    await service.market.bars(bars);
    await service.market.symbols("", "", 10);
    await sleep(100);
    const keys = (await redis.cli("KEYS", "md:cache*")).split("\n");
    const ttl = async (part: string) => Number(await redis.cli("PTTL", keys.find((key) => key.includes(part)) ?? ""));
    // Redis keeps an entry for its grace; until when it is fresh stands inside the entry.
    const within = (value: number, most: number) => assert.ok(value > most / 2 && value <= most, `${value} of ${most}`);
    within(await ttl(":quote:AAPL"), 15_000);
    within(await ttl(":bars:AAPL"), 86_400_000);
    within(await ttl(":symbols:"), 3_600_000);
  });

  it("serves an old quote while the new one is slow, then the new one", async () => {
    const service = await another();
    await service.market.quote("AAPL");
    await sleep(1100);
    provider.price = 101;
    provider.delayMilliseconds = 1000;
    const started = Date.now();
    assert.equal((await service.market.quote("AAPL")).quote?.bid, 100);
    assert.ok(Date.now() - started < 900, "it did not wait for the slow one");
    await until("the new one is there", async () => (await service.market.quote("AAPL")).quote?.bid === 101);
    assert.ok(service.cache.counts.stale > 0);
  });

  it("forgets by tag on every instance, at once and for every reader", async () => {
    const [one, two] = [await another(), await another()];
    await one.market.bars(bars);
    await two.market.bars(bars);
    provider.price = 200;
    assert.equal((await two.market.bars(bars)).bars[0]?.close, 100);
    const client = new pg.Client({ host: "127.0.0.1", port: postgres.port, user: "postgres", database });
    await client.connect();
    await client.query("INSERT INTO invalidations (tags) VALUES ('{bars:AAPL}')");
    await client.end();
    for (const service of [one, two]) {
      // The notification takes a moment; from the first new value on, no reader may see the old one.
      await until("the new bars", async () => (await service.market.bars(bars)).bars[0]?.close === 200, 5);
      const many = await Promise.all(Array.from({ length: 50 }, () => service.market.bars(bars)));
      assert.ok(many.every(({ bars: [bar] }) => bar?.close === 200));
    }
    // The first, and at most two an instance: the library refreshes expired entries behind, and the reader waits for its own.
    assert.ok(provider.calls <= 5, `${provider.calls} loads for a hundred readers`);
  });

  it("forgets a changed row by the database's own event, without anybody calling", async () => {
    const service = await another();
    const client = new pg.Client({ host: "127.0.0.1", port: postgres.port, user: "postgres", database });
    await client.connect();
    await client.query("INSERT INTO symbols VALUES ('ZZ', 'Old name', 'stocks', NULL, NULL, true)");
    await until("the symbol is there", async () => (await service.market.symbol("ZZ")) !== undefined);
    await client.query("UPDATE symbols SET name = 'New name' WHERE symbol = 'ZZ'");
    await until("the new name", async () => (await service.market.symbol("ZZ"))?.name === "New name", 5);
    await client.query("DELETE FROM symbols WHERE symbol = 'ZZ'");
    await until("it is gone", async () => (await service.market.symbol("ZZ")) === undefined, 5);
    await client.end();
  });

  it("goes on without Redis, and an invalidation of that time still holds when it is back", async () => {
    const [one, two] = [await another(), await another()];
    await one.market.bars(bars);
    await redis.kill();
    provider.price = 300;
    assert.equal((await one.market.bars(bars)).bars[0]?.close, 100, "from memory");
    assert.equal((await two.market.bars(bars)).bars[0]?.close, 300, "loaded: this instance has nothing in memory");
    provider.price = 400;
    const client = new pg.Client({ host: "127.0.0.1", port: postgres.port, user: "postgres", database });
    await client.connect();
    await client.query("INSERT INTO invalidations (tags) VALUES ('{bars:AAPL}')");
    await client.end();
    await until("forgotten without Redis", async () => (await one.market.bars(bars)).bars[0]?.close === 400, 5);
    await redis.start();
    await sleep(500);
    for (const service of [one, two]) assert.equal((await service.market.bars(bars)).bars[0]?.close, 400);
  });

  it("reports hits, memory and evictions", async () => {
    const service = await another();
    for (let i = 0; i < 4; i += 1) await service.market.bars(bars);
    await service.drain("test");
    const names = new Map(service.metrics().flatMap((line) => Object.entries(line)));
    assert.equal(names.get("CacheHitRate"), 75);
    assert.ok(Number(names.get("RedisMemoryUsed")) > 100_000);
    assert.equal(names.get("RedisEvictedKeys"), 0);
    assert.equal(names.get("RedisUp"), 1);
  });
});
