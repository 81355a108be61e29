import { Alpaca, streaming } from "@alpacahq/alpaca-trade-api";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { CreateDeliveryStreamCommand, FirehoseClient } from "@aws-sdk/client-firehose";
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { WebSocket } from "ws";
import { startEmulator, type Emulator } from "../../../../sandbox/emulator";
import { readSettings } from "../../src/config";
import { startService, type Doors, type Service } from "../../src/service";
import { Moment } from "../../src/ticks";
import { LocalAlpaca } from "./alpaca";
import { readableLog } from "./log";
import { until } from "./until";

const credentials = { accessKeyId: "test", secretAccessKey: "test" };
export const time = new Moment(1_767_623_400, 123_456_789);
export const trade = (S: string, i: bigint, p = 227.5) => ({
  T: "t",
  S,
  i,
  x: "V",
  p,
  s: 100,
  c: ["@"],
  t: time,
  z: "C",
});
export const quote = (S: string) => ({
  T: "q",
  S,
  bx: "V",
  bp: 1,
  bs: 2,
  ax: "V",
  ap: 3,
  as: 4,
  c: ["R"],
  t: time,
  z: "C",
});
export type Line = Readonly<Record<string, unknown>>;

/** Servers of ingest between a local Alpaca and an emulated AWS; call it in a suite, whose hooks it sets. */
export function ingestBench() {
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

  return {
    start,
    live,
    stored,
    alpacaReader,
    jsonReader,
    closeAtEnd: (reader: { close(): void }) => readers.push(reader),
    get alpaca() {
      return alpaca;
    },
    get bucket() {
      return bucket;
    },
    get cloudwatch() {
      return cloudwatch;
    },
  };
}
