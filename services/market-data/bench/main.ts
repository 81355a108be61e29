import { execFileSync, fork, spawn, type ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import autocannon from "autocannon";
import { environment } from "../test/support/service";
import { freePort, missingServers, startPostgres, startRedis, until } from "../test/support/servers";

/**
 * `npm run bench -w services/market-data [-- --print]`: throughput and latency of the bundle beside a bare fastify
 * server, in one run and in turns, so that what else the machine does meets all of them. Figures are the median of the
 * rounds, and go into docs/market-data.md; with `--print` they are only shown.
 */
const rounds = 5;
const seconds = 3;
const connections = 20;

interface Target {
  readonly name: string;
  readonly url: string;
}
interface Figures {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

const folder = fileURLToPath(new URL("..", import.meta.url));
const roomy = { perMinute: { anonymous: 1e9, free: 1e9, pro: 1e9, admin: 1e9 }, withoutRedis: "open" };
const children: ChildProcess[] = [];

async function main(): Promise<void> {
  const missing = missingServers();
  if (missing !== undefined) throw new Error(missing);
  execFileSync(process.execPath, ["build.mjs"], { cwd: folder });
  const postgres = await startPostgres();
  const redis = await startRedis();
  try {
    const service = async (redisUrl: string) => {
      const port = await freePort();
      const env = {
        ...environment(postgres, await postgres.database(), redisUrl),
        PORT: String(port),
        LOG_LEVEL: "info",
        RATE_LIMITS: JSON.stringify({ quotes: roomy, bars: roomy, symbols: roomy }),
      };
      children.push(spawn(process.execPath, ["dist/server/server.mjs"], { cwd: folder, env, stdio: "ignore" }));
      const url = `http://127.0.0.1:${port}`;
      await until(
        "the service is ready",
        async () => (await fetch(`${url}/health/ready`).catch(() => undefined))?.status === 200,
        60,
      );
      return url;
    };
    const withRedis = await service(redis.url);
    const without = await service(`redis://127.0.0.1:${await freePort()}`);
    const bars = "/v1/bars/AAPL?timeframe=1Hour&from=2026-01-05T00:00:00Z&to=2026-01-09T03:00:00Z&limit=100";
    const targets: Target[] = [
      { name: "bare fastify, one small object", url: await bare() },
      { name: "health, live", url: `${withRedis}/health/live` },
      { name: "one quote", url: `${withRedis}/v1/quotes/AAPL` },
      { name: "eight quotes", url: `${withRedis}/v1/quotes?symbols=AAPL,AMD,AMZN,IBM,MSFT,NVDA,SPY,TSLA` },
      { name: "100 bars", url: withRedis + bars },
      { name: "50 symbols", url: `${withRedis}/v1/symbols` },
      { name: "one quote, Redis away", url: `${without}/v1/quotes/AAPL` },
    ];
    report(await measure(targets));
  } finally {
    children.forEach((child) => child.kill("SIGKILL"));
    await redis.remove();
    await postgres.remove();
  }
}

async function bare(): Promise<string> {
  const child = fork(fileURLToPath(new URL("bare.mjs", import.meta.url)), { stdio: "inherit", execArgv: [] });
  children.push(child);
  const port = await new Promise<number>((resolve) => child.once("message", (message) => resolve(Number(message))));
  return `http://127.0.0.1:${port}/`;
}

async function measure(targets: readonly Target[]): Promise<Map<string, Figures>> {
  const found = new Map<string, Figures[]>(targets.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, url } of targets) {
      const result = await autocannon({ url, connections, duration: round === 0 ? 1 : seconds });
      if (result.non2xx + result.errors > 0)
        throw new Error(`${name}: ${result.non2xx} refused, ${result.errors} failed`);
      // The first round only warms up.
      if (round > 0)
        found.get(name)?.push({ perSecond: result.requests.average, p50: result.latency.p50, p99: result.latency.p99 });
    }
    process.stderr.write(`round ${round} of ${rounds}\n`);
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
  return new Map(
    [...found].map(([name, all]) => [
      name,
      {
        perSecond: median(all.map(({ perSecond }) => perSecond)),
        p50: median(all.map(({ p50 }) => p50)),
        p99: median(all.map(({ p99 }) => p99)),
      },
    ]),
  );
}

function report(figures: ReadonlyMap<string, Figures>): void {
  const base = [...figures.values()][0];
  if (base === undefined) return;
  const lines = [...figures].map(
    ([name, { perSecond, p50, p99 }]) =>
      `| ${name} | ${Math.round(perSecond)} | ${(perSecond / base.perSecond).toFixed(2)} | ${p50} | ${p99} | ${(p99 / Math.max(1, base.p99)).toFixed(1)} |`,
  );
  const table = [
    `${connections} connections, ${rounds} rounds of ${seconds} s in turns, median; Node ${process.versions.node}, ${availableParallelism()} cores shared by client and servers.`,
    "",
    "| what | requests/s | of bare | p50 ms | p99 ms | p99 of bare |",
    "| --- | ---: | ---: | ---: | ---: | ---: |",
    ...lines,
  ].join("\n");
  process.stdout.write(`${table}\n`);
  if (process.argv.includes("--print")) return;
  const file = fileURLToPath(new URL("../../../docs/market-data.md", import.meta.url));
  const text = readFileSync(file, "utf8");
  const pattern = /(<!-- bench -->\n)[\s\S]*?(\n<!-- \/bench -->)/;
  if (!pattern.test(text)) throw new Error(`${file} has no place for the figures`);
  writeFileSync(
    file,
    text.replace(pattern, (_all, open: string, close: string) => `${open}\n${table}\n${close}`),
  );
}

await main();
