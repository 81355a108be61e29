import assert from "node:assert/strict";
import { connectRedis, type RedisConnection } from "../../src/cache/redis";
import { Limiter } from "../../src/limits/limiter";
import { rateLimitsSchema, type Limit, type LimitName } from "../../src/limits/policies";
import { createLog } from "../../src/observe/log";
import { Metrics } from "../../src/observe/metrics";
import { Redactor } from "../../src/observe/redact";
import { missingServers, sleep, startRedis, until, type Redis } from "../support/servers";
import { bearer, environment, runService } from "../support/service";
import { sharedPostgres } from "../support/hooks";

const log = createLog({ level: "error", stage: "test", redactor: new Redactor() });
const metrics = () => new Metrics("Test", "test", () => undefined);
const limitsOf = (perMinute: number, withoutRedis: "open" | "closed" = "open") =>
  rateLimitsSchema.parse({
    quotes: {
      perMinute: { anonymous: perMinute, free: perMinute, pro: 2 * perMinute, admin: perMinute },
      withoutRedis,
    },
  });

describe("rate limits on real Redis", () => {
  let redis: Redis;
  const connections: RedisConnection[] = [];
  const connect = async () => {
    const connection = await connectRedis(
      { url: redis.url, cluster: false, password: () => Promise.resolve(undefined) },
      log,
      metrics(),
    );
    connections.push(connection);
    return connection;
  };
  const limiters = async (count: number, limits: Record<LimitName, Limit>) =>
    Promise.all(Array.from({ length: count }, async () => new Limiter(limits, await connect(), count, metrics())));

  beforeEach(async function () {
    if (missingServers() !== undefined && process.env.CI === undefined) this.skip();
    redis = await startRedis();
  });
  afterEach(async () => {
    await Promise.all(connections.splice(0).map((connection) => connection.close()));
    await redis.remove();
  });

  it("lets exactly the limit through, however many instances and however much at once", async () => {
    const instances = await limiters(4, limitsOf(60));
    const verdicts = await Promise.all(
      Array.from({ length: 400 }, (_, i) => instances[i % 4]!.consume("quotes", "free", "user:ann")),
    );
    assert.equal(verdicts.filter(({ allowed }) => allowed).length, 10, "the ten seconds' share of 60 a minute");
    assert.equal((await instances[0]!.consume("quotes", "free", "user:bob")).allowed, true, "another user");
    assert.equal((await instances[0]!.consume("quotes", "pro", "user:ann")).allowed, true, "another role");
    assert.equal((await instances[0]!.consume("bars", "free", "user:ann")).allowed, true, "another endpoint");
  });

  it("never lets more than the limit into a window, across windows under constant pressure", async function () {
    const [one, two] = await limiters(2, limitsOf(60));
    const passed: number[] = [];
    const end = Date.now() + 24_000;
    while (Date.now() < end) {
      const verdicts = await Promise.all([one!, two!].map((limiter) => limiter.consume("quotes", "free", "user:ann")));
      for (const { allowed } of verdicts) if (allowed) passed.push(Date.now());
      await sleep(10);
    }
    // Windows start with the first request; each lets its ten through at once, then nothing until it ends.
    const windows: number[][] = [];
    for (const at of passed) {
      const current = windows.at(-1);
      if (current === undefined || at - current[0]! > 5000) windows.push([at]);
      else current.push(at);
    }
    assert.deepEqual(
      windows.map((window) => window.length),
      [10, 10, 10],
    );
    const starts = windows.map((window) => window[0]!);
    for (let i = 1; i < starts.length; i += 1) assert.ok(starts[i]! - starts[i - 1]! >= 9990, "no window ends early");
  });

  it("without Redis: goes on with the instance's share where it is open, refuses where it is closed", async () => {
    const [open] = await limiters(1, limitsOf(60));
    const [closed] = await limiters(1, limitsOf(60, "closed"));
    const shared = new Limiter(limitsOf(60), connections[0]!, 2, metrics());
    await redis.kill();
    await until("the connections notice", () => connections.every((connection) => !connection.isReady()));
    const take = async (limiter: Limiter, times: number) => {
      const verdicts = [];
      for (let i = 0; i < times; i += 1) verdicts.push(await limiter.consume("quotes", "free", "user:ann"));
      return verdicts;
    };
    assert.equal((await take(open!, 30)).filter(({ allowed }) => allowed).length, 10);
    assert.equal((await take(shared, 30)).filter(({ allowed }) => allowed).length, 5, "one of two instances: half");
    const refused = await take(closed!, 3);
    assert.ok(
      refused.every((verdict) => !verdict.allowed && verdict.reason === "unavailable" && verdict.retrySeconds === 1),
    );
  });

  it("lets nothing over the limit through while Redis is killed and restarted, though Redis forgets everything", async () => {
    const [limiter] = await limiters(1, limitsOf(120));
    let allowed = 0;
    let killed = false;
    const started = Date.now();
    const pressure = (async () => {
      while (Date.now() - started < 5000) {
        const verdicts = await Promise.all(
          Array.from({ length: 5 }, () => limiter!.consume("quotes", "free", "user:ann")),
        );
        allowed += verdicts.filter((verdict) => verdict.allowed).length;
        await sleep(20);
      }
    })();
    for (let round = 0; round < 3; round += 1) {
      await sleep(500);
      await redis.kill();
      killed = true;
      await sleep(500);
      await redis.start();
    }
    await pressure;
    assert.ok(killed);
    assert.equal(allowed, 20, "one ten seconds' window of 120 a minute");
  });

  it("says in the draft's header fields what is allowed and left, and when to come again", async function () {
    const postgres = await sharedPostgres(this);
    const limits = { symbols: { perMinute: { anonymous: 12, free: 60, pro: 600, admin: 1 }, withoutRedis: "closed" } };
    const env = { ...environment(postgres, await postgres.database(), redis.url), RATE_LIMITS: JSON.stringify(limits) };
    const service = await runService(env);
    try {
      const first = await service.get("/v1/symbols");
      assert.equal(first.headers.get("ratelimit-policy"), '"burst";q=10;w=10, "sustained";q=12;w=60');
      assert.match(first.headers.get("ratelimit") ?? "", /^"burst";r=9;t=\d+, "sustained";r=11;t=\d+$/);
      assert.match(
        (await service.get("/v1/symbols", bearer("pro"))).headers.get("ratelimit-policy") ?? "",
        /q=100;w=10, .*q=600;w=60/,
      );
      for (let i = 0; i < 9; i += 1) assert.equal((await service.get("/v1/symbols")).status, 200);
      const over = await service.get("/v1/symbols");
      assert.equal(over.status, 429);
      const wait = Number(over.headers.get("retry-after"));
      assert.ok(wait >= 1 && wait <= 10);
      const problem = (await over.json()) as { type: string };
      assert.equal(problem.type, "https://iana.org/assignments/http-problem-types#quota-exceeded");
      assert.equal(
        (await service.get("/v1/symbols", { "x-forwarded-for": "203.0.113.9" })).status,
        200,
        "another address",
      );
      const spoofed = await service.get("/v1/symbols", { "x-forwarded-for": "198.51.100.1, 203.0.113.9" });
      assert.match(spoofed.headers.get("ratelimit") ?? "", /r=8/, "only what the trusted proxy wrote counts");
      const many = await service.get("/v1/quotes?symbols=AAPL,MSFT,IBM");
      assert.match(many.headers.get("ratelimit") ?? "", /"sustained";r=117/, "a quote costs one a symbol");
      await redis.kill();
      await until(
        "closed without Redis",
        async () => (await service.get("/v1/symbols", { "x-forwarded-for": "203.0.113.77" })).status === 503,
      );
      assert.equal((await service.get("/v1/quotes/AAPL")).status, 200, "open without Redis");
    } finally {
      await service.drain("test");
    }
  });
});
