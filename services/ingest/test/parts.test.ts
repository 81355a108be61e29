import assert from "node:assert/strict";
import { PutRecordBatchCommand, type PutRecordBatchCommandOutput } from "@aws-sdk/client-firehose";
import fc from "fast-check";
import { tickAgeSeconds } from "../src/age";
import { ConfigurationError, readSettings } from "../src/config";
import { Delivery } from "../src/delivery";
import { gapLine, Moment, pack, packedArray, Tick, toJson, unpack } from "../src/ticks";
import { readableLog } from "./support/log";
import { until } from "./support/until";

const trade = {
  T: "t",
  S: "AAPL",
  i: 9_007_199_254_740_993n, // 2^53 + 1
  x: "V",
  p: 227.5,
  s: 100,
  c: ["@", "I"],
  t: new Moment(1_767_623_400, 123_456_789),
  z: "C",
};
const receivedAt = Date.UTC(2026, 0, 5, 14, 30, 0, 124);

describe("a tick", () => {
  it("is stored with every digit of its identifier and time, and when it came", () => {
    assert.equal(
      Tick.of(trade, receivedAt)?.line,
      '{"T":"t","S":"AAPL","i":9007199254740993,"x":"V","p":227.5,"s":100,"c":["@","I"],' +
        '"t":"2026-01-05T14:30:00.123456789Z","z":"C","received":"2026-01-05T14:30:00.124Z"}\n',
    );
  });

  it("goes through MessagePack unchanged, alone and among any number of others", () => {
    assert.deepEqual(unpack(pack(trade)), trade);
    const tick = Tick.of(trade, receivedAt)!;
    for (const count of [1, 15, 16, 65_535, 65_536]) {
      const frames = unpack(packedArray(Array.from({ length: count }, () => tick))) as unknown[];
      assert.deepEqual([frames.length, frames.at(-1)], [count, trade]);
    }
  });

  it("is what Alpaca calls market data, and nothing else", () => {
    const channel = (frame: unknown) => Tick.of(frame, 0)?.channel;
    assert.deepEqual(
      ["t", "c", "x", "q", "b", "success", "n"].map((T) => channel({ T, S: "AAPL" })),
      ["trades", "trades", "trades", "quotes", "bars", undefined, undefined],
    );
    assert.deepEqual([channel(null), channel("t"), channel({ T: "t" })], [undefined, undefined, undefined]);
  });

  it("has JSON that any parser reads", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.deepEqual(JSON.parse(toJson(value)), JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("has gaps said beside it in the same form", () => {
    assert.deepEqual(JSON.parse(gapLine({ from: null, to: "2026-01-05T14:30:00.000Z", why: "started" })), {
      T: "gap",
      from: null,
      to: "2026-01-05T14:30:00.000Z",
      why: "started",
    });
  });
});

describe("the age of the last tick", () => {
  const nyse = { exchange: "NYSE", overrides: [] } as const;
  const age = (now: string, last?: string, calendar: Parameters<typeof tickAgeSeconds>[2] = nyse) =>
    tickAgeSeconds(new Date(now), last === undefined ? undefined : Date.parse(last), calendar);

  it("counts while the exchange trades, and is 0 while it does not", () => {
    assert.equal(age("2026-11-20T15:00:00Z", "2026-11-20T14:58:00Z"), 120);
    assert.equal(age("2026-11-20T22:00:00Z", "2026-11-20T14:58:00Z"), 0, "evening");
    assert.equal(age("2026-11-26T15:00:00Z", "2026-11-25T20:00:00Z"), 0, "Thanksgiving");
    assert.equal(age("2026-11-27T18:30:00Z", "2026-11-27T17:00:00Z"), 0, "after the half day");
    assert.equal(
      age("2026-11-20T15:00:00Z", "2026-11-20T14:58:00Z", {
        exchange: "NYSE",
        overrides: [{ date: "2026-11-20", close: "closed" }],
      }),
      0,
      "closed by an override",
    );
  });

  it("counts from the opening where the last tick is older, or where there was none", () => {
    assert.equal(age("2026-11-20T14:31:00Z", "2026-11-19T21:00:00Z"), 60);
    assert.equal(age("2026-11-20T15:00:00Z"), 1800);
  });

  it("knows CME Globex's evening opening", () => {
    assert.equal(age("2026-11-22T23:05:00Z", undefined, { exchange: "CME Globex", overrides: [] }), 300);
  });
});

describe("the environment", () => {
  const good = {
    ALPACA_KEY_ID: "the-key",
    ALPACA_SECRET_KEY: "the-secret",
    AWS_DEFAULT_REGION: "us-east-1",
    INGEST_FEED: "iex",
    INGEST_SYMBOLS: "AAPL, MSFT",
    INGEST_DELIVERY_STREAM: "ticks",
    INGEST_NAMESPACE: "TradingPlatform/Ingest",
    INGEST_STACK: "qa",
    INGEST_CALENDAR: '{"exchange":"CME Globex","overrides":[]}',
  };

  it("is read with its defaults", () => {
    const settings = readSettings(good);
    assert.deepEqual(settings.INGEST_SYMBOLS, ["AAPL", "MSFT"]);
    assert.deepEqual(settings.INGEST_CALENDAR, { exchange: "CME Globex", overrides: [] });
    assert.equal(settings.INGEST_PORT, 8765);
  });

  const wrong: readonly (readonly [string, Record<string, string>, RegExp])[] = [
    ["no key", { ALPACA_KEY_ID: "" }, /ALPACA_KEY_ID: is missing/],
    ["an unknown feed", { INGEST_FEED: "otc" }, /INGEST_FEED: .*"iex"\|"sip"/],
    ["no symbol", { INGEST_SYMBOLS: " , " }, /INGEST_SYMBOLS: names no symbol; give some, or \*/],
    ["a port that is none", { INGEST_PORT: "eighty" }, /INGEST_PORT: /],
    ["a calendar that is no JSON", { INGEST_CALENDAR: "NYSE" }, /INGEST_CALENDAR: is not JSON/],
    ["an unknown exchange", { INGEST_CALENDAR: '{"exchange":"LSE"}' }, /INGEST_CALENDAR: exchange /],
    [
      "an override that is none",
      { INGEST_CALENDAR: '{"exchange":"NYSE","overrides":[{"date":"2026-02-30","close":"closed"}]}' },
      /INGEST_CALENDAR: overrides\.0 date is not YYYY-MM-DD/,
    ],
    ["another protocol", { INGEST_UPSTREAM_URL: "https://example.com" }, /INGEST_UPSTREAM_URL: /],
  ];
  for (const [what, more, message] of wrong) {
    it(`is refused with ${what}, and its values are not shown`, () => {
      assert.throws(
        () => readSettings({ ...good, ...more }),
        (error) =>
          error instanceof ConfigurationError && message.test(error.message) && !error.message.includes("the-secret"),
      );
    });
  }

  it("is refused with everything that is wrong at once", () => {
    assert.throws(
      () => readSettings({}),
      (error) => error instanceof ConfigurationError && error.message.split("\n").length === 9 + 1,
    );
  });
});

describe("delivery where Firehose fails", () => {
  type Answer = Pick<PutRecordBatchCommandOutput, "FailedPutCount" | "RequestResponses"> | Error | "hang";
  /** Firehose, as far as its failures go: the emulated one never refuses a record. */
  function failing(answers: Answer[], bufferBytes = 2 ** 20) {
    const stored: string[] = [];
    const { log, text } = readableLog();
    let lost = 0;
    const client = {
      send: (command: PutRecordBatchCommand, { abortSignal }: { abortSignal: AbortSignal }) => {
        const answer = answers.shift() ?? { FailedPutCount: 0, RequestResponses: [] };
        if (answer === "hang") {
          return new Promise((_, reject) => abortSignal.addEventListener("abort", () => reject(new Error("aborted"))));
        }
        if (answer instanceof Error) return Promise.reject(answer);
        command.input.Records?.forEach(({ Data }, index) => {
          if (!answer.RequestResponses?.[index]?.ErrorCode) stored.push(Buffer.from(Data ?? []).toString());
        });
        return Promise.resolve({ $metadata: {}, ...answer });
      },
    };
    const delivery = new Delivery({
      client: client as never,
      streamName: "ticks",
      bufferBytes,
      lingerMilliseconds: 5,
      log,
      onLost: (lines) => (lost += lines),
    });
    return { delivery, stored, text, lost: () => lost };
  }
  const line = (number: number, bytes = 200_000) => `${String(number).padEnd(bytes, ".")}\n`;
  const numbers = (stored: readonly string[]) =>
    stored
      .join("")
      .split("\n")
      .filter((text) => text !== "")
      .map((text) => Number(text.replaceAll(".", "")));

  it("sends again only what was refused", async () => {
    const { delivery, stored, text } = failing([
      new Error("no route"), // so that all three go in one call, the next
      {
        FailedPutCount: 1,
        RequestResponses: [{ RecordId: "1" }, { ErrorCode: "ServiceUnavailableException" }, { RecordId: "3" }],
      },
    ]);
    [1, 2, 3].forEach((number) => delivery.add(line(number)));
    assert.equal(await delivery.drain(10_000), 0);
    assert.deepEqual(numbers(stored), [1, 3, 2]);
    assert.match(text(), /"reason":"ServiceUnavailableException","records":1|"records":1.*ServiceUnavailableException/);
  });

  it("tries again where Firehose does not answer, and loses nothing", async () => {
    const { delivery, stored, text } = failing([new Error("no route"), new Error("no route")]);
    delivery.add(line(1));
    await until("sent", () => stored.length === 1);
    assert.equal(delivery.waitingBytes, 0);
    assert.match(text(), /the delivery stream does not answer; again/);
  });

  it("gives the oldest up when memory is full, and says how many", async () => {
    const { delivery, stored, text, lost } = failing(["hang"], 1_000_000);
    delivery.add(line(0));
    await until("the first is on its way", () => delivery.waitingBytes > 0 && stored.length === 0);
    await new Promise((resolve) => setTimeout(resolve, 30));
    for (let number = 1; number <= 6; number += 1) delivery.add(line(number));
    await until("some were given up", () => lost() === 3); // what is being sent stays, and three more fit
    assert.match(text(), /"lost":\d+,"message":"ticks given up: the delivery stream takes none/);
    assert.equal(await delivery.drain(50), 4);
    assert.equal(lost(), 7);
  });

  it("ends in time when Firehose hangs, and says what is lost", async () => {
    const { delivery, lost } = failing(["hang"]);
    delivery.add("one\n");
    delivery.add("two\n");
    assert.equal(await delivery.drain(100), 2);
    assert.equal(lost(), 2);
  });

  it("keeps calls below Firehose's limits: records of 256 KiB, 15 a call", async () => {
    const calls: number[][] = [];
    const delivery = new Delivery({
      client: {
        send: (command: PutRecordBatchCommand) => {
          calls.push((command.input.Records ?? []).map(({ Data }) => Data?.length ?? 0));
          return Promise.resolve({ FailedPutCount: 0 });
        },
      } as never,
      streamName: "ticks",
      bufferBytes: 2 ** 30,
      log: readableLog().log,
      onLost: () => undefined,
    });
    for (let number = 0; number < 60_000; number += 1) delivery.add(line(number, 150));
    assert.equal(await delivery.drain(30_000), 0);
    assert.ok(calls.every((sizes) => sizes.length <= 15 && sizes.every((size) => size <= 256 * 1024)));
    assert.equal(
      calls.flat().reduce((sum, size) => sum + size, 0),
      60_000 * 151,
    );
  });
});
