import assert from "node:assert/strict";
import { WebSocket } from "ws";
import { unpack } from "../src/ticks";
import { ingestBench, quote, trade, type Line } from "./support/bench";
import { until } from "./support/until";

describe("readers of the ingest server, on an emulated AWS and a local Alpaca", () => {
  const bench = ingestBench();
  const { start, live, alpacaReader, jsonReader } = bench;

  it("feeds readers that use Alpaca's own client, each with what it asked for", async () => {
    const service = await start();
    await live(service);
    const [one, both] = [alpacaReader(service.port), alpacaReader(service.port)];
    await one.subscribe("AAPL");
    await both.subscribe("*");
    bench.alpaca.send(trade("AAPL", 9_007_199_254_740_993n), trade("MSFT", 2n, 400), quote("AAPL"));
    await until("all have theirs", () => one.trades.length === 1 && both.trades.length === 2);
    assert.deepEqual(one.trades, [{ symbol: "AAPL", price: 227.5, id: "9007199254740993" }]);
    assert.deepEqual(
      both.trades.map(({ symbol }) => symbol),
      ["AAPL", "MSFT"],
    );
    assert.equal(bench.alpaca.connections, 1, "readers do not reach Alpaca");
    one.stream.unsubscribeFromTrades(["AAPL"]);
    await until("unsubscribed", () => one.stream.getSubscriptions().trades.length === 0);
    bench.alpaca.send(trade("AAPL", 3n));
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
    bench.alpaca.send(trade("AAPL", 9_007_199_254_740_993n));
    await until("a trade", () => heard.at(-1)?.T === "t");
    assert.equal(heard.at(-1)?.t, "2026-01-05T14:30:00.123456789Z");
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
      bench.alpaca.send(...batch);
      return service.text().includes("a reader is too slow and was cut off");
    });
    assert.equal((await service.health()).readers, 1);
    const before = quick.trades.length;
    bench.alpaca.send(trade("AAPL", 2n));
    await until("the quick one reads on", () => quick.trades.length > before);
  });

  it("sends readers MessagePack that keeps nanoseconds", async () => {
    const { port, ...service } = await start();
    await live(service);
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers: { "content-type": "application/msgpack" } });
    bench.closeAtEnd({ close: () => socket.terminate() });
    const heard: Line[] = [];
    socket.on("message", (data: Buffer) => heard.push(...(unpack(data) as Line[])));
    await new Promise((resolve) => socket.once("open", resolve));
    socket.send(JSON.stringify({ action: "auth" }));
    socket.send(JSON.stringify({ action: "subscribe", quotes: ["MSFT"] }));
    await until("subscribed", () => heard.at(-1)?.T === "subscription");
    bench.alpaca.send(quote("MSFT"));
    await until("a quote", () => heard.at(-1)?.T === "q");
    assert.deepEqual(heard.at(-1), quote("MSFT"));
  });
});
