import assert from "node:assert/strict";
import { startRedis, type Redis } from "../support/servers";
import { sharedPostgres } from "../support/hooks";
import { bearer, environment, runService, token, type Running } from "../support/service";
import { barSchema, quoteSchema, symbolInfoSchema, watchlistSchema } from "../../src/http/schemas";
import { problemSchema } from "../../src/http/problems";
import { until } from "../support/servers";

interface Page<T = Record<string, unknown>> {
  items: T[];
  nextCursor: string | null;
}

describe("HTTP API on real PostgreSQL and Redis", () => {
  let redis: Redis;
  let service: Running;
  const json = async (response: Response) => (await response.json()) as Record<string, unknown>;
  /** The written metrics with a name and a dimension; waits until they are. */
  const written = async (name: string, dimension: Record<string, string> = {}) => {
    const find = () =>
      service
        .metrics()
        .find((line) => name in line && Object.entries(dimension).every(([key, value]) => line[key] === value));
    await until(name, () => find() !== undefined);
    return find() ?? {};
  };

  before(async function () {
    const postgres = await sharedPostgres(this);
    redis = await startRedis();
    const settings = environment(postgres, await postgres.database(), redis.url);
    service = await runService({ ...settings, METRICS_INTERVAL_SECONDS: "1" });
    await until("the directory is filled", async () => {
      const page = (await (await service.get("/v1/symbols", bearer("admin"))).json()) as Page;
      return page.items.length === 8;
    });
  });
  after(async () => {
    await service.drain("test");
    await redis.remove();
  });

  it("answers quotes that fit their published schema, and names unknown symbols", async () => {
    const answer = await service.get("/v1/quotes?symbols=AAPL,MSFT,NOPE");
    assert.equal(answer.status, 200);
    const body = (await answer.json()) as { items: unknown[]; unknown: string[] };
    assert.deepEqual(
      body.items.map((item) => quoteSchema.strict().parse(item).symbol),
      ["AAPL", "MSFT"],
    );
    assert.deepEqual(body.unknown, ["NOPE"]);
    assert.equal((await service.get("/v1/quotes/NOPE")).status, 404);
    assert.equal(quoteSchema.parse(await (await service.get("/v1/quotes/SPY")).json()).stale, false);
  });

  it("pages bars without a gap or a double, oldest first", async () => {
    const seen: string[] = [];
    let cursor = "";
    let pages = 0;
    do {
      const query = `timeframe=1Hour&from=2026-03-02T00:00:00Z&to=2026-03-04T23:00:00Z&limit=25${cursor}`;
      const answer = await service.get(`/v1/bars/AAPL?${query}`, bearer("pro"));
      assert.equal(answer.status, 200);
      const body = (await answer.json()) as Page;
      seen.push(...body.items.map((item) => barSchema.strict().parse(item).at));
      cursor = body.nextCursor === null ? "" : `&cursor=${body.nextCursor}`;
      pages += 1;
    } while (cursor !== "");
    assert.equal(pages, 3);
    assert.equal(seen.length, 72);
    const expected = Array.from({ length: 72 }, (_, hour) => new Date(Date.UTC(2026, 2, 2, hour)).toISOString());
    assert.deepEqual(seen, expected);
  });

  it("pages and searches symbols", async () => {
    const first = (await json(await service.get("/v1/symbols?limit=5", bearer("pro")))) as unknown as Page;
    const second = (await json(
      await service.get(`/v1/symbols?limit=5&cursor=${first.nextCursor}`, bearer("pro")),
    )) as unknown as Page;
    const all = [...first.items, ...second.items].map((item) => symbolInfoSchema.strict().parse(item).symbol);
    assert.deepEqual(all, ["AAPL", "AMD", "AMZN", "IBM", "MSFT", "NVDA", "SPY", "TSLA"]);
    assert.equal(second.nextCursor, null);
    const found = (await json(await service.get("/v1/symbols?search=micro", bearer("pro")))) as unknown as Page;
    assert.deepEqual(
      found.items.map(({ symbol }) => symbol),
      ["MSFT"],
    );
    const wild = (await json(await service.get("/v1/symbols?search=%25", bearer("pro")))) as unknown as Page;
    assert.deepEqual(wild.items, [], "a percent sign is searched for, not matched with");
    assert.equal((await service.get("/v1/symbols/IBM", bearer("pro"))).status, 200);
    assert.equal((await service.get("/v1/symbols/ZZZ", bearer("pro"))).status, 404);
  });

  const refused: [string, string, RegExp][] = [
    ["a symbol in lower case", "/v1/quotes/aapl", /is not a symbol/],
    ["no symbols", "/v1/quotes?symbols=", /symbols/],
    ["more than 100 symbols", `/v1/quotes?symbols=${Array.from({ length: 101 }, (_, i) => `S${i}`).join(",")}`, /100/],
    ["a time that is none", "/v1/bars/AAPL?from=yesterday", /from/],
    ["from after to", "/v1/bars/AAPL?from=2026-02-02T00:00:00Z&to=2026-02-01T00:00:00Z", /from is after to/],
    ["too many bars", "/v1/bars/AAPL?timeframe=1Min&from=2020-01-01T00:00:00Z", /more than 10000 bars of 1Min apart/],
    ["an unknown timeframe", "/v1/bars/AAPL?timeframe=2Min&from=2026-02-02T00:00:00Z", /timeframe/],
    ["a made-up cursor", "/v1/symbols?cursor=%21%21", /the cursor is not one of this service/],
    [
      "a cursor of another list",
      "/v1/bars/AAPL?from=2026-02-02T00:00:00Z&cursor=QUFQTA",
      /the cursor is not one of this service/,
    ],
    ["a limit out of range", "/v1/symbols?limit=501", /limit/],
  ];
  for (const [what, path, message] of refused) {
    it(`refuses ${what} with a problem document`, async () => {
      const answer = await service.get(path, bearer("pro"));
      assert.equal(answer.status, 400);
      assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/);
      const problem = problemSchema.strict().parse(await answer.json());
      assert.match(JSON.stringify([problem.detail, problem.errors]), message);
      assert.equal(problem.requestId, answer.headers.get("x-request-id"));
    });
  }

  it("answers 404 as a problem for unknown paths", async () => {
    const answer = await service.get("/v2/nothing");
    assert.equal(answer.status, 404);
    problemSchema.parse(await answer.json());
  });

  it("keeps watchlists per user", async () => {
    const put = (user: string, name: string, symbols: string[]) =>
      fetch(`${service.url}/v1/watchlists/${name}`, {
        method: "PUT",
        headers: { ...bearer("free", user), "content-type": "application/json" },
        body: JSON.stringify({ symbols }),
      });
    assert.equal((await service.get("/v1/watchlists")).status, 401);
    const saved = await put("ann", "tech", ["AAPL", "MSFT", "AAPL"]);
    assert.equal(saved.status, 200);
    assert.deepEqual(watchlistSchema.strict().parse(await saved.json()).symbols, ["AAPL", "MSFT"]);
    assert.equal((await put("ann", "tech", ["NVDA"])).status, 200);
    assert.equal((await put("bob", "mine", ["IBM"])).status, 200);
    assert.equal((await put("ann", "no;good", [])).status, 400);
    assert.equal((await put("ann", "bad", ["drop table"])).status, 400);
    const lists = (await json(await service.get("/v1/watchlists", bearer("free", "ann")))) as unknown as Page;
    assert.deepEqual(
      lists.items.map(({ name, symbols }) => [name, symbols]),
      [["tech", ["NVDA"]]],
    );
    const remove = (user: string) =>
      fetch(`${service.url}/v1/watchlists/tech`, { method: "DELETE", headers: bearer("free", user) });
    assert.equal((await remove("bob")).status, 404);
    assert.equal((await remove("ann")).status, 204);
  });

  it("takes no token that does not hold, and never steps down to anonymous", async () => {
    const soon = Math.floor(Date.now() / 1000);
    const none = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
    const cases: [string, string][] = [
      ["another key", `Bearer ${token({ sub: "x", role: "admin" }, "another-secret-of-thirty-two-letters")}`],
      ["an old token", `Bearer ${token({ sub: "x", exp: soon - 60 })}`],
      ["no subject", `Bearer ${token({ role: "admin" })}`],
      ["no expiry", `Bearer ${token({ sub: "x", exp: undefined })}`],
      [
        "no signature",
        `Bearer ${none}.${Buffer.from('{"sub":"x","role":"admin","exp":9999999999}').toString("base64url")}.x`,
      ],
      ["another scheme", "Basic dXNlcjpwYXNz"],
    ];
    for (const [what, authorization] of cases) {
      const answer = await service.get("/v1/quotes/AAPL", { authorization });
      assert.equal(answer.status, 401, what);
      assert.equal(answer.headers.get("www-authenticate"), "Bearer", what);
    }
  });

  it("lets only admins invalidate", async () => {
    const call = (headers: Record<string, string>, tags: string[]) =>
      fetch(`${service.url}/v1/admin/invalidations`, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify({ tags }),
      });
    assert.equal((await call({}, ["bars"])).status, 401);
    assert.equal((await call(bearer("pro", "pro-2"), ["bars"])).status, 403);
    assert.equal((await call(bearer("admin"), ["everything"])).status, 400);
    assert.equal((await call(bearer("admin"), ["bars:TSLA"])).status, 202);
  });

  it("publishes an OpenAPI document that names every route it has", async () => {
    const document = (await json(await service.get("/openapi.json"))) as {
      openapi: string;
      paths: Record<string, Record<string, { parameters?: { name: string }[]; responses: Record<string, unknown> }>>;
    };
    assert.equal(document.openapi, "3.1.0");
    assert.deepEqual(Object.keys(document.paths).sort(), [
      "/v1/admin/invalidations",
      "/v1/bars/{symbol}",
      "/v1/beacon",
      "/v1/quotes",
      "/v1/quotes/{symbol}",
      "/v1/symbols",
      "/v1/symbols/{symbol}",
      "/v1/watchlists",
      "/v1/watchlists/{name}",
    ]);
    const bars = document.paths["/v1/bars/{symbol}"]?.get;
    assert.deepEqual(bars?.parameters?.map(({ name }) => name).sort(), [
      "cursor",
      "from",
      "limit",
      "symbol",
      "timeframe",
      "to",
    ]);
    assert.deepEqual(Object.keys(bars.responses).sort(), ["200", "400", "401", "429", "503"]);
  });

  it("sends security headers, and its request id or the caller's", async () => {
    const answer = await service.get("/v1/quotes/AAPL", { "x-request-id": "caller-0001" });
    assert.equal(answer.headers.get("x-request-id"), "caller-0001");
    assert.match(answer.headers.get("content-security-policy") ?? "", /default-src 'self'/);
    assert.match(answer.headers.get("strict-transport-security") ?? "", /max-age/);
    const made = await service.get("/v1/quotes/AAPL", { "x-request-id": "no good\tid" });
    assert.match(made.headers.get("x-request-id") ?? "", /^[\da-f-]{36}$/);
    const line = service.logs().find(({ requestId, message }) => requestId === "caller-0001" && message === "request");
    assert.equal(line?.status, 200);
    assert.equal(line.route, "/v1/quotes/:symbol");
  });

  it("is live and ready, and says what it stands on", async () => {
    assert.equal((await service.get("/health/live")).status, 200);
    const ready = await service.get("/health/ready");
    assert.equal(ready.status, 200);
    assert.deepEqual(await ready.json(), {
      ready: true,
      status: "ok",
      checks: { database: "up", redis: "up", circuits: { recorded: "closed" } },
    });
  });

  it("turns a beacon into metrics, and refuses one that is too big or odd", async () => {
    const send = (body: string) =>
      fetch(`${service.url}/v1/beacon`, { method: "POST", headers: { "content-type": "application/json" }, body });
    const vitals = [
      { name: "LCP", value: 812.5 },
      { name: "CLS", value: 0.02 },
    ];
    assert.equal(
      (await send(JSON.stringify({ page: "/", vitals, errors: [{ message: "x is not defined" }] }))).status,
      204,
    );
    assert.equal((await send(JSON.stringify({ page: "/", vitals: [{ name: "cpu", value: 1 }] }))).status, 400);
    assert.equal((await send(JSON.stringify({ page: "x".repeat(5000) }))).status, 413);
    assert.equal((await send("{")).status, 400);
    const page = await written("PageLCPMax");
    assert.deepEqual([page.PageLCPCount, page.PageCLSCount, page.PageErrors], [1, 1, 1]);
    assert.ok(Math.abs(Number(page.PageLCPMax) - 812.5) < 8.125, String(page.PageLCPMax));
    assert.ok(Math.abs(Number(page.PageCLSMax) - 20) < 0.2, `layout shift in thousandths: ${String(page.PageCLSMax)}`);
  });

  it("times each answer by its route, and each database statement by its name", async () => {
    assert.equal((await service.get("/v1/watchlists", bearer("free", "timed"))).status, 200);
    const answers = await written("HttpTimeP99", { route: "/v1/watchlists" });
    assert.ok(Number(answers.HttpTimeCount) >= 1 && Number(answers.HttpTimeMax) > 0, JSON.stringify(answers));
    const statements = await written("DatabaseTimeP99", { statement: "list-watchlists" });
    assert.ok(Number(statements.DatabaseTimeCount) >= 1 && Number(statements.DatabaseTimeMax) > 0);
  });
});
