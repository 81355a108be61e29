import assert from "node:assert/strict";
import pg from "pg";
import WebSocket from "ws";
import { SteeredProvider } from "../support/provider";
import { sharedPostgres } from "../support/hooks";
import { sleep, startRedis, until, type Postgres, type Redis } from "../support/servers";
import { environment, runService, token, type Running } from "../support/service";

interface Message {
  readonly type: string;
  readonly quotes?: { symbol: string; bid: number }[];
  readonly symbols?: string[];
  readonly detail?: string;
}

/** A client that keeps what it hears. */
async function client(
  service: Running,
  symbols: string[],
  headers: Record<string, string> = {},
  protocols: string[] = [],
) {
  const socket = new WebSocket(`${service.url.replace("http", "ws")}/v1/stream`, protocols, { headers });
  const heard: Message[] = [];
  const closed: number[] = [];
  socket.on("message", (data: Buffer) => heard.push(JSON.parse(data.toString()) as Message));
  socket.on("close", (code) => closed.push(code));
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  if (symbols.length > 0) socket.send(JSON.stringify({ type: "subscribe", symbols }));
  const bids = (symbol: string) =>
    heard.flatMap(({ quotes = [] }) => quotes.filter((quote) => quote.symbol === symbol).map(({ bid }) => bid));
  return { socket, heard, closed, bids };
}

describe("live quotes on real PostgreSQL and Redis", () => {
  let postgres: Postgres;
  let redis: Redis;
  let database: string;
  let provider: SteeredProvider;
  let services: Running[] = [];
  const start = async (extra: Record<string, string> = {}) => {
    const service = await runService(
      { ...environment(postgres, database, redis.url), ...extra },
      { providers: [provider] },
    );
    services.push(service);
    return service;
  };
  const rows = async (text: string) => {
    const connection = new pg.Client({ host: "127.0.0.1", port: postgres.port, user: "postgres", database });
    await connection.connect();
    const result = await connection.query<Record<string, number | string>>(text);
    await connection.end();
    return result.rows;
  };

  beforeEach(async function () {
    postgres = await sharedPostgres(this);
    database = await postgres.database();
    redis = await startRedis();
    provider = new SteeredProvider();
    services = [];
  });
  afterEach(async () => {
    await Promise.all(services.map((service) => service.drain("test")));
    await redis.remove();
  });

  it("streams from the provider on one instance only, and reaches the clients of all", async () => {
    const [one, two] = [await start(), await start()];
    await until("one leads", () => provider.streamsOpen === 1);
    const here = await client(one, ["AAPL"]);
    const there = await client(two, ["AAPL", "MSFT"]);
    await until("the leader knows what both want", () => provider.streamSymbols.join() === "AAPL,MSFT");
    provider.emit(provider.quote("AAPL", 150));
    provider.emit(provider.quote("MSFT", 250));
    await until(
      "both hear",
      () => here.bids("AAPL").includes(150) && there.bids("AAPL").includes(150) && there.bids("MSFT").includes(250),
    );
    assert.deepEqual(here.bids("MSFT"), [], "only what was asked for");
    assert.equal(provider.streamsOpened, 1);
    here.socket.terminate();
    there.socket.terminate();
  });

  it("hands the stream over when the leader drains: never two at once, clients told to come again", async () => {
    const leader = await start();
    await until("it leads", () => leader.session.isLeader);
    const follower = await start();
    const waiting = await client(leader, ["AAPL"]);
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, provider.streamsOpen)), 1);
    await leader.drain("test");
    await until("the other leads", () => follower.session.isLeader && provider.streamsOpen === 1);
    clearInterval(watch);
    assert.equal(most, 1);
    assert.equal(waiting.heard.at(-1)?.type, "bye");
    await until("closed to come again", () => waiting.closed[0] === 1012);
  });

  it("loses no quote while Redis is killed and restarted, and followers catch up", async () => {
    const [leader, follower] = [await start({ STREAM_SYMBOLS: "AAPL" }), await start()];
    await until("one leads", () => provider.streamsOpen === 1);
    const far = leader.session.isLeader ? follower : leader;
    const listener = await client(far, ["AAPL"]);
    let sent = 0;
    const emitFor = async (milliseconds: number) => {
      const end = Date.now() + milliseconds;
      while (Date.now() < end) {
        for (let i = 0; i < 20; i += 1) provider.emit(provider.quote("AAPL", (sent += 1)));
        await sleep(10);
      }
    };
    await emitFor(1000);
    await until("the follower hears through Redis", () => listener.bids("AAPL").length > 0);
    await redis.kill();
    provider.price = 777_777;
    await until("the follower asks for itself while Redis is away", () => listener.bids("AAPL").includes(777_777), 10);
    await emitFor(500);
    await redis.start();
    await emitFor(500);
    await until("the follower hears through Redis again", async () => {
      await emitFor(50);
      const last = listener.bids("AAPL").at(-1) ?? 0;
      return last > sent - 200 && last <= sent;
    });
    await Promise.all(services.map((service) => service.drain("test")));
    const [row] = await rows(
      "SELECT count(*)::int AS count, max(bid)::int AS last, count(DISTINCT number)::int AS numbers FROM quotes",
    );
    assert.deepEqual(row, { count: sent, last: sent, numbers: sent });
    assert.ok(sent > 1000, `${sent} quotes`);
    listener.socket.terminate();
  });

  it("loses no quote while PostgreSQL is away, and leads again after it", async function () {
    this.timeout(90_000);
    const service = await start({ STREAM_SYMBOLS: "AAPL" });
    await until("it leads", () => provider.streamsOpen === 1);
    for (let i = 1; i <= 500; i += 1) provider.emit(provider.quote("AAPL", i));
    await postgres.stop();
    // The lock went with the connection: the stream must end before anyone else can start one.
    await until("it does not lead", () => !service.session.isLeader && provider.streamsOpen === 0);
    assert.equal((await service.get("/v1/quotes/AAPL")).status, 200, "quotes are served all the same");
    const ready = await service.get("/health/ready");
    assert.equal(ready.status, 200);
    assert.equal(((await ready.json()) as { status: string }).status, "degraded");
    await postgres.start();
    await until("it leads again", () => provider.streamsOpen === 1, 30);
    for (let i = 501; i <= 600; i += 1) provider.emit(provider.quote("AAPL", i));
    const { lost } = await service.drain("test");
    assert.equal(lost, 0);
    const [row] = await rows("SELECT count(*)::int AS count FROM quotes");
    assert.equal(row?.count, 600);
  });

  it("keeps to its protocol", async () => {
    const service = await start({ ALLOWED_ORIGINS: "https://terminal.example" });
    const talker = await client(service, []);
    const say = async (message: unknown, expected: RegExp) => {
      const before = talker.heard.length;
      talker.socket.send(typeof message === "string" ? message : JSON.stringify(message));
      await until("an answer", () => talker.heard.length > before);
      assert.match(JSON.stringify(talker.heard.at(-1)), expected);
    };
    await say("{", /not a message of this protocol/);
    await say({ type: "subscribe", symbols: ["a b"] }, /not a message of this protocol/);
    await say({ type: "subscribe", symbols: ["MSFT", "AAPL", "AAPL"] }, /"subscribed","symbols":\["AAPL","MSFT"\]/);
    await say({ type: "unsubscribe", symbols: ["MSFT"] }, /"subscribed","symbols":\["AAPL"\]/);
    const many = Array.from({ length: 100 }, (_, i) => `S${i}`);
    await say({ type: "subscribe", symbols: many }, /at most 100 symbols a client/);
    for (let i = 0; i < 40; i += 1) talker.socket.send("{}");
    await until("too many messages end it", () => talker.closed[0] === 1008);
    await assert.rejects(client(service, [], { origin: "https://elsewhere.example" }), /403/);
    (await client(service, [], { origin: "https://terminal.example" })).socket.terminate();
    (await client(service, [], { origin: service.url })).socket.terminate();
    const signedIn = await client(service, [], {}, ["market-data.v1", token({ sub: "ann", role: "pro" })]);
    assert.equal(signedIn.socket.protocol, "market-data.v1");
    signedIn.socket.terminate();
    await assert.rejects(client(service, [], {}, ["market-data.v1", "a.b.c"]), /401/);
  });
});
