import assert from "node:assert/strict";
import { GetMetricStatisticsCommand } from "@aws-sdk/client-cloudwatch";
import { ingestBench, quote, time, trade, type Line } from "./support/bench";
import { until } from "./support/until";

const gaps = (lines: readonly Line[]) => lines.filter(({ T }) => T === "gap");

describe("the ingest server, on an emulated AWS and a local Alpaca", () => {
  const bench = ingestBench();
  const { start, live, stored, alpacaReader, jsonReader } = bench;

  it("takes one stream in, with the configured symbols", async () => {
    const service = await start();
    await live(service);
    assert.deepEqual(bench.alpaca.heard, [
      { action: "auth", key: "the-key", secret: "the-secret" },
      { action: "subscribe", trades: ["AAPL", "MSFT"], quotes: ["AAPL", "MSFT"], bars: ["AAPL", "MSFT"] },
    ]);
    assert.equal(bench.alpaca.connections, 1);
  });

  it("stores every tick in S3 through Firehose, as it came, and when", async () => {
    const service = await start();
    await live(service);
    bench.alpaca.send(trade("AAPL", 9_007_199_254_740_993n), quote("MSFT"));
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

  it("reconnects, subscribes again, and says which stretch is missing: what came meanwhile is in no line", async () => {
    const service = await start();
    await live(service);
    const reader = alpacaReader(service.port);
    await reader.subscribe("AAPL");
    bench.alpaca.send(trade("AAPL", 1n));
    await until("the first trade", () => reader.trades.length === 1);
    await bench.alpaca.stop();
    await until("it says so", async () => (await service.health()).status === 503);
    bench.alpaca.send(trade("AAPL", 2n)); // nobody listens: Alpaca does not send it again
    await bench.alpaca.start();
    await live(service);
    bench.alpaca.send(trade("AAPL", 3n));
    await until("trades go on", () => reader.trades.length === 2);
    assert.deepEqual(
      reader.trades.map(({ id }) => id),
      ["1", "3"],
    );
    assert.deepEqual(reader.problems, [], "readers keep their connection");
    assert.equal(bench.alpaca.subscriptions.length, 2);
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
      await until("the stream runs", () => bench.alpaca.subscriptions.length === round);
      await live(service);
      bench.alpaca.send(trade("AAPL", BigInt(round)));
      await until("stored", async () => (await stored()).some(({ i }) => i === round));
      bench.alpaca.drop();
      await until("broken", async () => (await service.health()).status === 503 || bench.alpaca.connections > round);
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
    assert.equal(bench.alpaca.connections, 1, "it does not knock again");
    assert.doesNotMatch(service.text(), /an-old-secret|the-key/);
  });

  it("says what to do where the plan has fewer symbols, and is not healthy", async () => {
    bench.alpaca.subscriptionError = { code: 405, msg: "symbol limit exceeded" };
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
    for (let part = 0; part < 10; part += 1) bench.alpaca.send(...batch);
    await until("all are here", () => heard.filter(({ T }) => T === "t").length === 5000);
    assert.equal(await service.drain(), 0);
    assert.equal(await closed, 1001);
    await until("Alpaca's stream is free", () => !bench.alpaca.streaming);
    assert.equal((await stored()).filter(({ T }) => T === "t").length, 5000);
    await assert.rejects(fetch(`http://127.0.0.1:${service.port}/health`));
  });

  it("reports the last tick's age in market hours, and 0 outside of them", async () => {
    const from = (text: string) => Date.parse(text);
    let now = from("2026-11-20T15:00:00Z");
    const service = await start({ INGEST_METRICS_SECONDS: "60" }, { clock: () => now });
    await live(service);
    bench.alpaca.send(trade("AAPL", 1n));
    await until("the tick is here", async () => (await service.health()).lastTickAgeSeconds === 0);
    now += 90_000;
    assert.equal((await service.health()).lastTickAgeSeconds, 90);
    now = from("2026-11-20T21:30:00Z");
    assert.equal((await service.health()).lastTickAgeSeconds, 0, "after the closing");
    now = from("2026-11-23T14:40:00Z");
    await service.drain(); // the last report
    const maximum = async (MetricName: string) => {
      const { Datapoints = [] } = await bench.cloudwatch.send(
        new GetMetricStatisticsCommand({
          Namespace: "TradingPlatform/Ingest",
          MetricName,
          Dimensions: [{ Name: "stack", Value: bench.bucket }],
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
    bench.alpaca.send(trade("AAPL", 1n));
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
});
