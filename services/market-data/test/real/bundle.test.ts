import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { sharedPostgres } from "../support/hooks";
import { freePort, sleep, startRedis, until, type Postgres, type Redis } from "../support/servers";
import { bearer, environment, jwtSecret } from "../support/service";

const folder = fileURLToPath(new URL("../..", import.meta.url));

/** What the image runs: the bundle, as a process. */
describe("the bundle, as the image runs it", () => {
  let postgres: Postgres;
  let redis: Redis;
  let database: string;
  const children: ChildProcess[] = [];

  before(async function () {
    postgres = await sharedPostgres(this);
    redis = await startRedis(["--requirepass", "redis-password-1"]);
    execFileSync(process.execPath, ["build.mjs"], { cwd: folder });
  });
  beforeEach(async () => {
    database = await postgres.database();
  });
  afterEach(() => children.splice(0).forEach((child) => child.kill("SIGKILL")));
  after(async () => redis.remove());

  async function run(extra: Record<string, string> = {}) {
    const port = await freePort();
    const adminPort = await freePort();
    const env = {
      ...environment(postgres, database, redis.url),
      REDIS_PASSWORD: "redis-password-1",
      PORT: String(port),
      ADMIN_PORT: String(adminPort),
      STREAM_SYMBOLS: "AAPL",
      LOG_LEVEL: "debug",
      ...extra,
    };
    const child = spawn(process.execPath, ["dist/server/server.mjs"], { cwd: folder, env, stdio: "pipe" });
    children.push(child);
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise<number | string>((resolve) =>
      child.once("exit", (code, signal) => resolve(code ?? signal ?? "unknown")),
    );
    const url = `http://127.0.0.1:${port}`;
    const ready = async () => (await fetch(`${url}/health/ready`).catch(() => undefined))?.status === 200;
    return { child, url, env, ended, ready, output: () => output };
  }
  const count = async () => {
    const client = new pg.Client({ host: "127.0.0.1", port: postgres.port, user: "postgres", database });
    await client.connect();
    const { rows } = await client.query<{ quotes: number; last: number }>(
      "SELECT count(*)::int AS quotes, coalesce(max(number), 0)::int AS last FROM quotes",
    );
    await client.end();
    return rows[0] ?? { quotes: 0, last: 0 };
  };

  it("drains on SIGTERM under load: every request answered, every quote written, exit status 0", async () => {
    const service = await run({ DRAIN_DELAY_SECONDS: "1" });
    await until("ready", service.ready, 20);
    const failures: unknown[] = [];
    let answered = 0;
    let unready = false;
    let stop = false;
    // As a load balancer does: each client leaves when it sees the instance not ready.
    const clients = Array.from({ length: 10 }, async () => {
      while (!stop) {
        try {
          const answer = await fetch(`${service.url}/v1/quotes/AAPL`, { headers: bearer("pro") });
          await answer.arrayBuffer();
          if (answer.status !== 200 && answer.status !== 429) failures.push(answer.status);
          answered += 1;
          if ((await fetch(`${service.url}/health/ready`)).status === 503) {
            unready = true;
            return;
          }
        } catch (error) {
          failures.push(error);
          return;
        }
      }
    });
    await sleep(1500);
    service.child.kill("SIGTERM");
    assert.equal(await service.ended, 0);
    stop = true;
    await Promise.all(clients);
    assert.deepEqual(failures, []);
    assert.ok(unready, "it said that it goes");
    assert.ok(answered > 100, `${answered} answers`);
    const { quotes, last } = await count();
    assert.ok(quotes > 20, `${quotes} quotes`);
    assert.equal(quotes, last, "the stream has no gap up to its last number");
    assert.match(service.output(), /"lost":0/);
  });

  it("drains by the hook that the fleet schedule runs, which then succeeds; and again when nothing runs", async () => {
    const service = await run();
    await until("ready", service.ready, 20);
    const hook = () => spawnHook(service.env);
    const [status, text] = await hook();
    assert.match(text, /drained in [\d.]+ s, 0 quotes lost/);
    assert.equal(status, 0);
    assert.equal(await service.ended, 0);
    assert.deepEqual(await hook(), [0, "the service is not running: nothing to drain\n"]);
  });

  function spawnHook(env: Record<string, string>): Promise<[number | null, string]> {
    const child = spawn(process.execPath, ["dist/server/drain.mjs"], { cwd: folder, env, stdio: "pipe" });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
    return new Promise((resolve) => child.once("exit", (code) => resolve([code, text])));
  }

  it("never prints a secret: not in logs, not in metrics, not when it fails", async () => {
    const service = await run({ DRAIN_DELAY_SECONDS: "0", METRICS_INTERVAL_SECONDS: "1" });
    await until("ready", service.ready, 20);
    const { authorization } = bearer("pro", "ann");
    await fetch(`${service.url}/v1/quotes/AAPL?token=${jwtSecret}`, { headers: { authorization } });
    await fetch(`${service.url}/v1/watchlists`, { headers: { authorization: "Bearer no.such.token" } });
    await sleep(1200);
    service.child.kill("SIGTERM");
    await service.ended;
    const broken = await run({ DATABASE_NAME: "no_such_database" });
    assert.equal(await broken.ended, 1);
    const all = service.output() + broken.output();
    assert.match(all, /no_such_database/);
    assert.match(all, /"_aws"/);
    for (const secret of [jwtSecret, "redis-password-1", "database-password-1", authorization.slice(7)]) {
      assert.ok(!all.includes(secret), `${secret.slice(0, 4)}... is in the output`);
    }
  });

  it("says in words what is wrong with its environment, and ends with 2", async () => {
    const service = await run({ PROVIDERS: "massive", PORT: "eighty" });
    assert.equal(await service.ended, 2);
    assert.match(service.output(), /The environment is not usable:\n {2}PORT: /);
  });

  it("starts without Redis, and uses it when it comes", async () => {
    await redis.kill();
    const service = await run();
    await until("ready", service.ready, 20);
    assert.equal((await fetch(`${service.url}/v1/quotes/AAPL`)).status, 200);
    await redis.start();
    await until("Redis is up", async () => {
      const report = (await (await fetch(`${service.url}/health/ready`)).json()) as { checks: { redis: string } };
      return report.checks.redis === "up";
    });
  });

  it("has an image that is not root, checks its health, and runs what was built", () => {
    const text = readFileSync(`${folder}/Dockerfile`, "utf8");
    const last = text.slice(text.lastIndexOf("\nFROM "));
    assert.match(last, /\nUSER 1000:1000\n/);
    assert.match(last, /\nHEALTHCHECK /);
    assert.match(last, /CMD \["node", "dist\/server\/server\.mjs"\]/);
    assert.doesNotMatch(text, /:latest|_SECRET=|PASSWORD=|API_KEY=/);
  });
});
