import assert from "node:assert/strict";
import { Alpaca, streaming } from "@alpacahq/alpaca-trade-api";
import { CloudWatchClient, GetMetricStatisticsCommand } from "@aws-sdk/client-cloudwatch";
import { CreateDeliveryStreamCommand, FirehoseClient } from "@aws-sdk/client-firehose";
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { WebSocket } from "ws";
import { startEmulator, type Emulator } from "../../../sandbox/emulator";
import { readSettings } from "../src/config";
import { startService, type Doors, type Service } from "../src/service";
import { Moment, unpack } from "../src/ticks";
import { LocalAlpaca } from "./support/alpaca";
import { readableLog } from "./support/log";
import { until } from "./support/until";

const credentials = { accessKeyId: "test", secretAccessKey: "test" };
const time = new Moment(1_767_623_400, 123_456_789);
const trade = (S: string, i: bigint, p = 227.5) => ({ T: "t", S, i, x: "V", p, s: 100, c: ["@"], t: time, z: "C" });
const quote = (S: string) => ({ T: "q", S, bx: "V", bp: 1, bs: 2, ax: "V", ap: 3, as: 4, c: ["R"], t: time, z: "C" });
type Line = Readonly<Record<string, unknown>>;

describe("the ingest server, on an emulated AWS and a local Alpaca", () => {
  let emulator: Emulator;
  let firehose: FirehoseClient;
  let cloudwatch: CloudWatchClient;
  let s3: S3Client;
  let alpaca: LocalAlpaca;
  let services: Service[] = [];
  let readers: { close(): void }[] = [];
  let bucket = "";
  let number = 0;

  before(async function () {
    this.timeout(180_000);
    emulator = await startEmulator({ honourEndpoint: false });
    const client = { endpoint: emulator.endpoint, region: "us-east-1", credentials };
    firehose = new FirehoseClient(client);
    cloudwatch = new CloudWatchClient(client);
    s3 = new S3Client({ ...client, forcePathStyle: true });
  });
  after(() => emulator.stop());

  beforeEach(async () => {
    bucket = `ticks-${(number += 1)}`;
    await s3.send(new CreateBucketCommand({ Bucket: bucket }));
    await firehose.send(
      new CreateDeliveryStreamCommand({
        DeliveryStreamName: bucket,
        ExtendedS3DestinationConfiguration: {
          RoleARN: "arn:aws:iam::123456789012:role/ticks",
          BucketARN: `arn:aws:s3:::${bucket}`,
          Prefix: "raw/ticks/",
        },
      }),
    );
    alpaca = new LocalAlpaca();
    await alpaca.start();
  });
  afterEach(async () => {
    readers.forEach((reader) => reader.close());
    await Promise.all(services.map(({ drain }) => drain()));
    await alpaca.stop();
    [services, readers] = [[], []];
  });

  async function start(env: Record<string, string> = {}, doors: Doors = {}) {
    const { log, text } = readableLog();
    const settings = readSettings({
      ALPACA_KEY_ID: "the-key",
      ALPACA_SECRET_KEY: "the-secret",
      AWS_DEFAULT_REGION: "us-east-1",
      INGEST_FEED: "iex",
      INGEST_SYMBOLS: "AAPL,MSFT",
      INGEST_HOST: "127.0.0.1",
      INGEST_PORT: "0",
      INGEST_DELIVERY_STREAM: bucket,
      INGEST_NAMESPACE: "TradingPlatform/Ingest",
      INGEST_STACK: bucket,
      INGEST_CALENDAR: '{"exchange":"NYSE"}',
      INGEST_UPSTREAM_URL: alpaca.url,
      ...env,
    });
    const service = await startService(settings, {
      firehose,
      cloudwatch,
      log,
      initialReconnectMilliseconds: 20,
      lingerMilliseconds: 20,
      ...doors,
    });
    services.push(service);
    const health = async () => {
      const answer = await fetch(`http://127.0.0.1:${service.port}/health`);
      return {
        status: answer.status,
        ...((await answer.json()) as { readers: number; lastTickAgeSeconds: number }),
      };
    };
    return { ...service, health, text };
  }
  const live = (service: { health: () => Promise<{ status: number }> }) =>
    until("the stream runs", async () => (await service.health()).status === 200);

  /** What is stored: gaps, then ticks, each in the order of their times (objects of one second have no order). */
  async function stored(): Promise<Line[]> {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: "raw/ticks/" }));
    const lines: Line[] = [];
    for (const { Key } of Contents) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
      const text = (await Body?.transformToString()) ?? "";
      for (const line of text.split("\n")) if (line !== "") lines.push(JSON.parse(line) as Line);
    }
    const when = ({ T, to, received }: Line) => `${T === "gap" ? 0 : 1} ${String(T === "gap" ? to : received)}`;
    return lines.sort((a, b) => when(a).localeCompare(when(b)));
  }
  const gaps = (lines: readonly Line[]) => lines.filter(({ T }) => T === "gap");

  /** A reader with Alpaca's own client: nothing differs from reading Alpaca but the address. */
  function alpacaReader(port: number) {
    const trades: { symbol: string; price: number; id: string }[] = [];
    const problems: string[] = [];
    const stream = new Alpaca({ keyId: "any", secret: "any" }).marketData.stockStream({
      url: `ws://127.0.0.1:${port}`,
      initialReconnectMs: 20,
    });
    stream.onTrade((one) => trades.push({ symbol: one.symbol, price: one.price, id: one.idRaw ?? "" }));
    stream.onError((problem) => problems.push(problem));
    readers.push({ close: () => stream.disconnect() });
    return {
      stream,
      trades,
      problems,
      subscribe: async (...symbols: string[]) => {
        const confirmed = new Promise((resolve) => stream.once(streaming.EVENT.SUBSCRIPTION, resolve));
        stream.subscribeForTrades(symbols);
        stream.connect();
        await confirmed;
      },
    };
  }

  /** A reader that speaks JSON by hand. */
  async function jsonReader(port: number) {
    const heard: Line[] = [];
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    readers.push({ close: () => socket.terminate() });
    socket.on("message", (data: Buffer) => heard.push(...(JSON.parse(data.toString()) as Line[])));
    await new Promise((resolve) => socket.once("open", resolve));
    const say = async (message: unknown, raw = false) => {
      const before = heard.length;
      socket.send(raw ? String(message) : JSON.stringify(message));
      await until("an answer", () => heard.length > before);
      return heard.slice(before);
    };
    return { socket, heard, say };
  }

  it("takes one stream in, with the configured symbols", async () => {
    const service = await start();
    await live(service);
    assert.deepEqual(alpaca.heard, [
      { action: "auth", key: "the-key", secret: "the-secret" },
      { action: "subscribe", trades: ["AAPL", "MSFT"], quotes: ["AAPL", "MSFT"], bars: ["AAPL", "MSFT"] },
    ]);
    assert.equal(alpaca.connections, 1);
  });

  it("stores every tick in S3 through Firehose, as it came, and when", async () => {
    const service = await start();
    await live(service);
    alpaca.send(trade("AAPL", 9_007_199_254_740_993n), quote("MSFT"));
    await until("both are in S3", async () => (await stored()).length === 3);
    const [first, second, third] = await stored();
    assert.deepEqual({ ...first, to: 0 }, { T: "gap", from: null, to: 0, why: "started" });
    const { received, ...rest } = second ?? {};
    assert.deepEqual(
      rest,
      JSON.parse(JSON.stringify({ ...trade("AAPL", 0n), i: Number("9007199254740993"), t: time.toString() })),
    );
    assert.match(String(received), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.deepEqual([third?.T, third?.S, third?.bp], ["q", "MSFT", 1]);
  });

  it("feeds readers that use Alpaca's own client, each with what it asked for", async () => {
    const service = await start();
    await live(service);
    const [one, both] = [alpacaReader(service.port), alpacaReader(service.port)];
    await one.subscribe("AAPL");
    await both.subscribe("*");
    alpaca.send(trade("AAPL", 9_007_199_254_740_993n), trade("MSFT", 2n, 400), quote("AAPL"));
    await until("all have theirs", () => one.trades.length === 1 && both.trades.length === 2);
    assert.deepEqual(one.trades, [{ symbol: "AAPL", price: 227.5, id: "9007199254740993" }]);
    assert.deepEqual(
      both.trades.map(({ symbol }) => symbol),
      ["AAPL", "MSFT"],
    );
    assert.equal(alpaca.connections, 1, "readers do not reach Alpaca");
    one.stream.unsubscribeFromTrades(["AAPL"]);
    await until("unsubscribed", () => one.stream.getSubscriptions().trades.length === 0);
    alpaca.send(trade("AAPL", 3n));
    await until("the other has it", () => both.trades.length === 3);
    assert.equal(one.trades.length, 1);
  });

  it("speaks JSON to readers without MessagePack, and refuses in Alpaca's words", async () => {
    const service = await start();
    await live(service);
    const { say, heard } = await jsonReader(service.port);
    await until("welcome", () => heard.length === 1);
    const wrong = { T: "error", code: 400, msg: "invalid syntax" };
    assert.deepEqual(await say("{", true), [wrong]);
    assert.deepEqual(await say({ action: "dance" }), [wrong]);
    assert.deepEqual(await say({ action: "subscribe", trades: ["AAPL"] }), [
      { T: "error", code: 401, msg: "not authenticated" },
    ]);
    assert.deepEqual(await say({ action: "auth", key: "k", secret: "s" }), [{ T: "success", msg: "authenticated" }]);
    assert.deepEqual(await say({ action: "auth" }), [{ T: "error", code: 403, msg: "already authenticated" }]);
    assert.deepEqual(await say({ action: "subscribe", trades: "AAPL" }), [wrong]);
    assert.deepEqual(await say({ action: "subscribe", news: ["AAPL"] }), [
      { T: "error", code: 410, msg: "invalid subscribe action for this feed: news; here are trades, quotes, bars" },
    ]);
    assert.deepEqual(await say({ action: "subscribe", trades: ["AAPL", "NFLX"] }), [
      { T: "error", code: 409, msg: "insufficient subscription: NFLX not in ingest.symbols" },
      { T: "subscription", trades: ["AAPL"], quotes: [], bars: [] },
    ]);
    alpaca.send(trade("AAPL", 9_007_199_254_740_993n));
    await until("a trade", () => heard.at(-1)?.T === "t");
    assert.equal(heard.at(-1)?.t, "2026-01-05T14:30:00.123456789Z");
  });

  it("reconnects, subscribes again, and says which stretch is missing: what came meanwhile is in no line", async () => {
    const service = await start();
    await live(service);
    const reader = alpacaReader(service.port);
    await reader.subscribe("AAPL");
    alpaca.send(trade("AAPL", 1n));
    await until("the first trade", () => reader.trades.length === 1);
    await alpaca.stop();
    await until("it says so", async () => (await service.health()).status === 503);
    alpaca.send(trade("AAPL", 2n)); // nobody listens: Alpaca does not send it again
    await alpaca.start();
    await live(service);
    alpaca.send(trade("AAPL", 3n));
    await until("trades go on", () => reader.trades.length === 2);
    assert.deepEqual(
      reader.trades.map(({ id }) => id),
      ["1", "3"],
    );
    assert.deepEqual(reader.problems, [], "readers keep their connection");
    assert.equal(alpaca.subscriptions.length, 2);
    await service.drain();
    const lines = await stored();
    const [before, after] = lines.filter(({ T }) => T === "t");
    assert.deepEqual([before?.i, after?.i, lines.length], [1, 3, 4]);
    const gap = gaps(lines)[1];
    assert.deepEqual([gap?.why, gap?.from], ["reconnected", before?.received]);
    assert.ok(String(gap?.to) > String(gap?.from) && String(gap?.to) <= String(after?.received));
  });

  it("survives many broken connections, with one gap said for each", async () => {
    const service = await start();
    for (let round = 1; round <= 5; round += 1) {
      await until("the stream runs", () => alpaca.subscriptions.length === round);
      await live(service);
      alpaca.send(trade("AAPL", BigInt(round)));
      await until("stored", async () => (await stored()).some(({ i }) => i === round));
      alpaca.drop();
      await until("broken", async () => (await service.health()).status === 503 || alpaca.connections > round);
    }
    await until("the last gap", async () => gaps(await stored()).length === 6);
  });

  it("waits for its predecessor's stream to end, and says why it waits", async () => {
    const first = await start();
    await live(first);
    const second = await start();
    await until("it was refused", () => second.text().includes("connection limit exceeded"));
    assert.match(second.text(), /406 connection limit exceeded: another server holds the key's one stream; stop it/);
    assert.equal((await second.health()).status, 503);
    await first.drain();
    await live(second);
  });

  it("ends where the key is refused, so that the next start reads it anew, and never shows it", async () => {
    const service = await start({ ALPACA_SECRET_KEY: "an-old-secret" });
    assert.match(await service.refused, /402 auth failed: the key in Secrets Manager is wrong or revoked/);
    await service.drain();
    assert.equal(alpaca.connections, 1, "it does not knock again");
    assert.doesNotMatch(service.text(), /an-old-secret|the-key/);
  });

  it("says what to do where the plan has fewer symbols, and is not healthy", async () => {
    alpaca.subscriptionError = { code: 405, msg: "symbol limit exceeded" };
    const service = await start();
    await until("said", () => service.text().includes("name fewer symbols in ingest.symbols"));
    assert.equal((await service.health()).status, 503);
  });

  it("drains: lets go of the stream and the readers, and stores what waits", async () => {
    const service = await start({}, { lingerMilliseconds: 60_000 });
    await live(service);
    const { socket, say, heard } = await jsonReader(service.port);
    await say({ action: "auth" });
    await say({ action: "subscribe", trades: ["AAPL"] });
    const closed = new Promise<number>((resolve) => socket.once("close", resolve));
    const batch = Array.from({ length: 500 }, (_, index) => trade("AAPL", BigInt(index)));
    for (let part = 0; part < 10; part += 1) alpaca.send(...batch);
    await until("all are here", () => heard.filter(({ T }) => T === "t").length === 5000);
    assert.equal(await service.drain(), 0);
    assert.equal(await closed, 1001);
    await until("Alpaca's stream is free", () => !alpaca.streaming);
    assert.equal((await stored()).filter(({ T }) => T === "t").length, 5000);
    await assert.rejects(fetch(`http://127.0.0.1:${service.port}/health`));
  });

  it("cuts off a reader that does not read, and serves the others on", async () => {
    const service = await start();
    await live(service);
    const slow = await jsonReader(service.port);
    await slow.say({ action: "auth" });
    await slow.say({ action: "subscribe", trades: ["*"] });
    const quick = alpacaReader(service.port);
    await quick.subscribe("AAPL");
    slow.socket.pause();
    const batch = Array.from({ length: 2000 }, () => trade("AAPL", 1n));
    await until("it is cut off", () => {
      alpaca.send(...batch);
      return service.text().includes("a reader is too slow and was cut off");
    });
    assert.equal((await service.health()).readers, 1);
    const before = quick.trades.length;
    alpaca.send(trade("AAPL", 2n));
    await until("the quick one reads on", () => quick.trades.length > before);
  });

  it("reports the last tick's age in market hours, and 0 outside of them", async () => {
    const from = (text: string) => Date.parse(text);
    let now = from("2026-11-20T15:00:00Z");
    const service = await start({ INGEST_METRICS_SECONDS: "60" }, { clock: () => now });
    await live(service);
    alpaca.send(trade("AAPL", 1n));
    await until("the tick is here", async () => (await service.health()).lastTickAgeSeconds === 0);
    now += 90_000;
    assert.equal((await service.health()).lastTickAgeSeconds, 90);
    now = from("2026-11-20T21:30:00Z");
    assert.equal((await service.health()).lastTickAgeSeconds, 0, "after the closing");
    now = from("2026-11-23T14:40:00Z");
    await service.drain(); // the last report
    const maximum = async (MetricName: string) => {
      const { Datapoints = [] } = await cloudwatch.send(
        new GetMetricStatisticsCommand({
          Namespace: "TradingPlatform/Ingest",
          MetricName,
          Dimensions: [{ Name: "stack", Value: bucket }],
          StartTime: new Date(Date.now() - 3_600_000),
          EndTime: new Date(Date.now() + 3_600_000),
          Period: 3600,
          Statistics: ["Maximum"],
        }),
      );
      return Datapoints[0]?.Maximum;
    };
    assert.equal(await maximum("LastTickAgeSeconds"), 600, "from Monday's opening, not from Friday");
    assert.equal(await maximum("TicksReceived"), 1);
    assert.equal(await maximum("TicksLost"), 0);
  });

  it("keeps counts that CloudWatch did not take for the next report", async () => {
    const sent: { MetricName: string; Value: number }[][] = [];
    let up = false;
    const client = {
      send: ({ input }: { input: { MetricData: { MetricName: string; Value: number }[] } }) => {
        if (!up) return Promise.reject(new Error("no route"));
        sent.push(input.MetricData);
        return Promise.resolve({});
      },
    };
    const service = await start({ INGEST_METRICS_SECONDS: "1" }, { cloudwatch: client });
    await live(service);
    alpaca.send(trade("AAPL", 1n));
    await until("it failed", () => service.text().includes("CloudWatch does not take metrics"));
    up = true;
    await until("the count came", () =>
      sent.some((data) => data.some((one) => one.MetricName === "TicksReceived" && one.Value === 1)),
    );
  });

  it("has no other page than /health", async () => {
    const { port } = await start();
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    assert.deepEqual([answer.status, await answer.json()], [404, { error: "only /health is here" }]);
  });

  it("sends readers MessagePack that keeps nanoseconds", async () => {
    const { port, ...service } = await start();
    await live(service);
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers: { "content-type": "application/msgpack" } });
    readers.push({ close: () => socket.terminate() });
    const heard: Line[] = [];
    socket.on("message", (data: Buffer) => heard.push(...(unpack(data) as Line[])));
    await new Promise((resolve) => socket.once("open", resolve));
    socket.send(JSON.stringify({ action: "auth" }));
    socket.send(JSON.stringify({ action: "subscribe", quotes: ["MSFT"] }));
    await until("subscribed", () => heard.at(-1)?.T === "subscription");
    alpaca.send(quote("MSFT"));
    await until("a quote", () => heard.at(-1)?.T === "q");
    assert.deepEqual(heard.at(-1), quote("MSFT"));
  });
});
