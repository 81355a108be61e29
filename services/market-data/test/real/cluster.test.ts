import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import WebSocket from "ws";
import { SteeredProvider } from "../support/provider";
import { sharedPostgres } from "../support/hooks";
import { sleep, startRedis, until, type Redis } from "../support/servers";
import { bearer, environment, runService, type Running } from "../support/service";

/** ElastiCache with cluster mode on: keys spread over shards. */
describe("a Redis cluster of three shards", () => {
  const nodes: Redis[] = [];
  const services: Running[] = [];
  const provider = new SteeredProvider();

  before(async function () {
    const postgres = await sharedPostgres(this);
    const options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000"];
    for (let i = 0; i < 3; i += 1) nodes.push(await startRedis(options));
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
    execFileSync("redis-cli", ["--cluster", "create", ...addresses, "--cluster-yes"], { stdio: "ignore" });
    await until("the cluster is whole", async () =>
      (await nodes[0]!.cli("cluster", "info")).includes("cluster_state:ok"),
    );
    const database = await postgres.database();
    const limits = { quotes: { perMinute: { anonymous: 60, free: 60, pro: 6000, admin: 60 }, withoutRedis: "open" } };
    const env = {
      ...environment(postgres, database, nodes[0]!.url),
      REDIS_CLUSTER: "true",
      RATE_LIMITS: JSON.stringify(limits),
    };
    for (let i = 0; i < 2; i += 1) services.push(await runService(env, { providers: [provider] }));
  });
  after(async () => {
    await Promise.all(services.map((service) => service.drain("test")));
    await Promise.all(nodes.map((node) => node.remove()));
  });

  it("spreads the cache over the shards, and shares it between instances", async () => {
    const symbols = Array.from({ length: 40 }, (_, i) => `S${i}`);
    const bars = (symbol: string) =>
      ({ symbol, timeframe: "1Day", from: Date.UTC(2026, 0, 5), to: Date.UTC(2026, 0, 6) }) as const;
    await Promise.all(symbols.map((symbol) => services[0]!.market.bars(bars(symbol))));
    await sleep(200);
    const calls = provider.calls;
    await Promise.all(symbols.map((symbol) => services[1]!.market.bars(bars(symbol))));
    assert.equal(provider.calls, calls);
    for (const node of nodes) assert.ok(Number(await node.cli("dbsize")) > 3);
  });

  it("counts limits over all instances", async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => services[i % 2]!.get("/v1/quotes/AAPL", bearer("free", "ann"))),
    );
    assert.equal(answers.filter(({ status }) => status === 200).length, 10);
  });

  it("carries live quotes from the leader to the others", async () => {
    await until("one leads", () => services.some(({ session }) => session.isLeader));
    const follower = services.find(({ session }) => !session.isLeader)!;
    const socket = new WebSocket(`${follower.url.replace("http", "ws")}/v1/stream`);
    const heard: string[] = [];
    socket.on("message", (data: Buffer) => heard.push(data.toString()));
    await new Promise((resolve) => socket.once("open", resolve));
    socket.send(JSON.stringify({ type: "subscribe", symbols: ["IBM"] }));
    await until("the leader knows", () => provider.streamSymbols.includes("IBM"));
    provider.emit({ ...provider.quote("IBM", 4321), at: Date.now() + 1000 });
    await until("the follower's client hears", () => heard.some((text) => text.includes("4321")));
    socket.terminate();
  });

  it("goes on when a shard dies", async () => {
    await nodes[2]!.kill();
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => services[i % 2]!.get(`/v1/quotes/T${i}`, bearer("pro", `user-${i}`))),
    );
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  });
});
