import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { CreateDeliveryStreamCommand, FirehoseClient } from "@aws-sdk/client-firehose";
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { startEmulator, type Emulator } from "../../../sandbox/emulator";
import { LocalAlpaca } from "./support/alpaca";
import { until } from "./support/until";

const folder = join(__dirname, "..");
const credentials = { accessKeyId: "test", secretAccessKey: "test" };

describe("the ingest's bundle, as the image runs it", () => {
  let emulator: Emulator;
  let s3: S3Client;
  const alpaca = new LocalAlpaca();
  const children: ChildProcess[] = [];

  before(async function () {
    this.timeout(180_000);
    execFileSync(process.execPath, ["build.mjs"], { cwd: folder });
    emulator = await startEmulator({ honourEndpoint: false });
    await alpaca.start();
    const client = { endpoint: emulator.endpoint, region: "us-east-1", credentials };
    s3 = new S3Client({ ...client, forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: "ticks" }));
    await new FirehoseClient(client).send(
      new CreateDeliveryStreamCommand({
        DeliveryStreamName: "ticks",
        ExtendedS3DestinationConfiguration: {
          RoleARN: "arn:aws:iam::123456789012:role/t",
          BucketARN: "arn:aws:s3:::ticks",
        },
      }),
    );
  });
  afterEach(() => children.splice(0).forEach((child) => child.kill("SIGKILL")));
  after(async () => {
    await alpaca.stop();
    await emulator.stop();
  });

  /** With the environment that the host's service gives, and nothing else. */
  function run(more: Record<string, string> = {}) {
    const child = spawn(process.execPath, ["dist/ingest.js"], {
      cwd: folder,
      stdio: "pipe",
      env: {
        ALPACA_KEY_ID: "the-key",
        ALPACA_SECRET_KEY: "the-secret",
        AWS_DEFAULT_REGION: "us-east-1",
        INGEST_FEED: "iex",
        INGEST_SYMBOLS: "*",
        INGEST_PORT: "0",
        INGEST_DELIVERY_STREAM: "ticks",
        INGEST_NAMESPACE: "TradingPlatform/Ingest",
        INGEST_STACK: "qa",
        INGEST_CALENDAR: '{"exchange":"NYSE","overrides":[]}',
        INGEST_UPSTREAM_URL: alpaca.url,
        AWS_ENDPOINT_URL: emulator.endpoint,
        AWS_ACCESS_KEY_ID: "test",
        AWS_SECRET_ACCESS_KEY: "test",
        ...more,
      },
    });
    children.push(child);
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    return { child, ended, output: () => output };
  }

  it("drains on SIGTERM: what waits is stored, the stream is free, exit status 0", async () => {
    const server = run();
    await until("it streams", () => server.output().includes("the stream runs"));
    alpaca.send({ T: "t", S: "AAPL", i: 1, p: 1, s: 1 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    server.child.kill("SIGTERM");
    assert.equal(await server.ended, 0);
    assert.match(server.output(), /"lost":0,"message":"drained"/);
    assert.equal(alpaca.streaming, false);
    assert.notEqual((await s3.send(new ListObjectsV2Command({ Bucket: "ticks" }))).KeyCount, 0);
  });

  it("ends with 1 where Alpaca refuses the key, which it does not print", async () => {
    const server = run({ ALPACA_SECRET_KEY: "an-old-secret" });
    assert.equal(await server.ended, 1);
    assert.match(server.output(), /402 auth failed/);
    assert.doesNotMatch(server.output(), /an-old-secret|the-key/);
  });

  it("says in words what is wrong with its environment, and ends with 2", async () => {
    const server = run({ INGEST_FEED: "otc", INGEST_CALENDAR: "" });
    assert.equal(await server.ended, 2);
    assert.match(
      server.output(),
      /^The environment is not usable:\n {2}INGEST_FEED: .*\n {2}INGEST_CALENDAR: is missing\n$/,
    );
  });

  it("says that its port is taken, without a stack trace, and ends with 1", async () => {
    const { port } = new URL(alpaca.url);
    const server = run({ INGEST_PORT: port, INGEST_HOST: "127.0.0.1" });
    assert.equal(await server.ended, 1);
    assert.match(server.output(), /the server did not start: listen EADDRINUSE/);
    assert.doesNotMatch(server.output(), /\n\s+at /);
  });
});
