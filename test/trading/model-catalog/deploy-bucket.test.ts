import assert from "node:assert/strict";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { BucketError, DeployBucket, decodeKey } from "../../../components/trading/model-catalog/deploy-bucket";
import { readBucket } from "../../../components/trading/model-catalog/listing-bucket";
import { startEmulator, type Emulator } from "../../../sandbox/emulator";
import { startFaultProxy, type Fault } from "../../support/fault-proxy";

const types = ["momentum", "mean-reversion", "pairs"];
const big = Array.from({ length: 2_600 }, (_, n) => {
  const symbol = (((n * 7919) % 46_656) + 1).toString(36).toUpperCase();
  return `models/${types[n % 3]!}/${symbol}${n}/lstm-outer_${n % 5}_inner_${n % 3}`;
});
const odd = ["BRK.B", "BTC-USD", "a b+c%20d", "日本🚀", "～full", `x&<>"'`, "$(reboot)", "S".repeat(200)].map(
  (symbol) => `models/odd/${symbol}/m-outer_1_inner_2`,
);

describe("the deploy bucket", () => {
  let emulator: Emulator;
  let client: S3Client;
  const variables = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
  const before_ = { ...process.env };

  async function fill(bucket: string, keys: readonly string[]): Promise<void> {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    const left = keys.values();
    const worker = async () => {
      for (const Key of left) await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: "x" }));
    };
    await Promise.all(Array.from({ length: 8 }, worker));
  }

  before(async function () {
    this.timeout(300_000);
    Object.assign(process.env, variables);
    emulator = await startEmulator({ honourEndpoint: false });
    client = new S3Client({ region: "us-east-1", endpoint: emulator.endpoint, forcePathStyle: true });
    await fill("big-bucket", [...big, ...odd]);
    await fill("control-bucket", ["models/t/\u0001ctl/m-outer_1_inner_2", ...odd]);
    await client.send(new CreateBucketCommand({ Bucket: "empty-bucket" }));
  });
  after(async () => {
    client.destroy();
    await emulator.stop();
    for (const name of Object.keys(variables)) {
      if (before_[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before_[name];
    }
  });

  const open = (name: string, endpoint = emulator.endpoint, attempts = 2) =>
    new DeployBucket(name, { region: "us-east-1", endpoint, attempts });

  async function through(decide: (n: number, path: string) => Fault | "hang up" | undefined, attempts = 2) {
    const proxy = await startFaultProxy(emulator.endpoint, decide);
    const bucket = open("big-bucket", proxy.endpoint, attempts);
    try {
      return { catalog: await readBucket(bucket, "models/"), requests: proxy.requests, peak: proxy.peak };
    } finally {
      bucket.close();
      await proxy.stop();
    }
  }

  it("is read whole, whatever its keys hold, with pages under way at the same time", async () => {
    const { catalog, requests, peak } = await through(() => undefined);
    assert.deepEqual(
      catalog.accepted.map(({ key }) => key),
      [...big, ...odd].sort((a, b) => (a < b ? -1 : 1)),
    );
    assert.deepEqual(catalog.rejected, []);
    assert.equal(catalog.source, "s3://big-bucket/models/");
    assert.ok(peak >= 2, `at most ${peak} at a time`);
    assert.ok(requests <= 3 + 1 + 8, `${requests} requests for 3 pages`);
  });

  it("costs one request while it fits a page", async () => {
    const proxy = await startFaultProxy(emulator.endpoint, () => undefined);
    const bucket = open("control-bucket", proxy.endpoint);
    const catalog = await readBucket(bucket, "models/");
    bucket.close();
    await proxy.stop();
    assert.equal(proxy.requests, 1);
    assert.equal(catalog.accepted.length, odd.length);
    assert.deepEqual(catalog.rejected, [
      { key: "models/t/\u0001ctl/m-outer_1_inner_2", reason: "contains a control character" },
    ]);
  });

  it("may be empty", async () => {
    const bucket = open("empty-bucket");
    assert.deepEqual(await readBucket(bucket, "models/"), {
      source: "s3://empty-bucket/models/",
      accepted: [],
      rejected: [],
    });
    bucket.close();
  });

  it("is read through throttling and broken connections that pass", async () => {
    const { catalog } = await through((n) => {
      if (n === 1 || n === 4) return { status: 503, code: "SlowDown" };
      return n === 2 ? "hang up" : undefined;
    }, 6);
    assert.equal(catalog.accepted.length, big.length + odd.length);
  });

  for (const fault of [
    { status: 503, code: "SlowDown" },
    { status: 403, code: "AccessDenied" },
    { status: 500, code: "InternalError" },
  ]) {
    it(`gives no part of a listing that ends in ${fault.code} after the third request`, async () => {
      const failing = through((n) => (n > 3 ? fault : undefined));
      await assert.rejects(failing, (error: Error) => {
        assert.ok(error instanceof BucketError);
        assert.equal(error.code, fault.code);
        assert.match(error.message, /^Listing s3:\/\/big-bucket\/models\/ failed/);
        assert.match(error.message, /Nothing was changed\.$/);
        return true;
      });
    });
  }

  it("says which permission is missing", async () => {
    await assert.rejects(
      through(() => ({ status: 403, code: "AccessDenied" })),
      /access is denied\. The deploying identity needs s3:ListBucket on it/,
    );
  });

  it("says how often it tried", async () => {
    await assert.rejects(
      through(() => ({ status: 503, code: "SlowDown" })),
      /failed after 2 attempts: SlowDown: Injected/,
    );
  });

  it("is missed by name", async () => {
    const bucket = open("no-such-bucket");
    await assert.rejects(readBucket(bucket, "models/"), (error: Error) => {
      assert.ok(error instanceof BucketError);
      assert.equal(error.code, "NoSuchBucket");
      assert.match(
        error.message,
        /no-such-bucket\/models\/ failed: the bucket does not exist\. Create it, or name another/,
      );
      return true;
    });
    await assert.rejects(bucket.text("key"), /Reading s3:\/\/no-such-bucket\/key failed: the bucket does not exist/);
    bucket.close();
  });

  it("gives an object's text, and undefined where there is none", async () => {
    const bucket = open("big-bucket");
    assert.equal(await bucket.text(odd[3]!), "x");
    assert.equal(await bucket.text("fleet/absent.json"), undefined);
    bucket.close();
  });
});

describe("decodeKey", () => {
  it("undoes S3's URL encoding", () => {
    assert.equal(decodeKey("models/a+b%2Bc%2520d/%F0%9F%9A%80%01"), "models/a b+c%20d/🚀\u0001");
  });
});
