import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { ModelReport } from "../../../components/common/report";
import { planFleet, type FleetPlanArgs } from "../../../components/trading/model-driven-fleet/fleet-plan";
import { fleetRecordOf, parseManifest } from "../../../components/trading/model-driven-fleet/manifest";
import { shardOf } from "../../../components/trading/model-driven-fleet/placement";
import { startEmulator, type Emulator } from "../../../sandbox/emulator";
import { startFaultProxy } from "../../support/fault-proxy";

const keyOf = (n: number) => `models/lstm/S${n}/m-outer_0_inner_0`;
const keys = (count: number) => Array.from({ length: count }, (_, n) => keyOf(n));

describe("planFleet", () => {
  let emulator: Emulator;
  let client: S3Client;
  let folder: string;
  let buckets = 0;
  const variables = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
  const environment = { ...process.env };

  before(async function () {
    this.timeout(300_000);
    Object.assign(process.env, variables);
    emulator = await startEmulator({ honourEndpoint: false });
    client = new S3Client({ region: "us-east-1", endpoint: emulator.endpoint, forcePathStyle: true });
    folder = mkdtempSync(join(tmpdir(), "fleet-"));
  });
  after(async () => {
    client.destroy();
    await emulator.stop();
    rmSync(folder, { recursive: true, force: true });
    for (const name of Object.keys(variables)) {
      if (environment[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = environment[name];
    }
  });

  async function bucketWith(models: readonly string[]): Promise<string> {
    const bucket = `plan-bucket-${++buckets}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    await Promise.all(models.map((Key) => client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: "x" }))));
    return bucket;
  }
  const remove = (Bucket: string, Key: string) => client.send(new DeleteObjectCommand({ Bucket, Key }));

  interface Outcome {
    readonly plan: Awaited<ReturnType<typeof planFleet>>;
    readonly warnings: string[];
    readonly report: ModelReport | undefined;
  }

  const argsFor = (bucket: string, more: Partial<FleetPlanArgs> = {}): FleetPlanArgs => ({
    project: "trading-platform",
    stack: "prod",
    source: "bucket",
    bucket,
    prefix: "models/",
    allowMissingBucket: true,
    maxRemovalPercent: 25,
    previous: undefined,
    access: { region: "us-east-1", endpoint: emulator.endpoint },
    folder,
    ...more,
  });

  let lastReport: ModelReport | undefined;
  async function plan(bucket: string, more: Partial<FleetPlanArgs> = {}): Promise<Outcome> {
    const warnings: string[] = [];
    lastReport = undefined;
    const report = {
      warn: (text: string) => void warnings.push(text),
      models: (it: ModelReport) => void (lastReport = it),
    };
    return { plan: await planFleet(argsFor(bucket, more), report), warnings, report: lastReport };
  }

  /** Plans and then does what the engine does with the plan: uploads the manifest and keeps the record. */
  async function deploy(bucket: string, more: Partial<FleetPlanArgs> = {}) {
    const outcome = await plan(bucket, more);
    assert.ok(outcome.plan.manifestFile !== undefined);
    const Body = readFileSync(outcome.plan.manifestFile);
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: outcome.plan.record.manifest, Body }));
    return { ...outcome, previous: outcome.plan.record };
  }

  it("finds the models, and leaves a manifest of them whole", async () => {
    const bucket = await bucketWith([keyOf(1), keyOf(0), "models/readme.md"]);
    const { plan: found, report, warnings } = await plan(bucket);
    assert.deepEqual(
      found.models.map(({ key }) => key),
      keys(2),
    );
    assert.deepEqual(found.record, { bucket, manifest: "fleet/prod/manifest.json", models: 2 });
    assert.deepEqual(JSON.parse(readFileSync(found.manifestFile ?? "", "utf8")), {
      schemaVersion: 1,
      project: "trading-platform",
      stack: "prod",
      shard: null,
      models: keys(2),
    });
    assert.deepEqual(readdirSync(join(folder, "prod")), ["manifest.json"]);
    assert.deepEqual(
      report?.rejected.map(({ key }) => key),
      ["models/readme.md"],
    );
    assert.deepEqual(warnings, []);
  });

  it("says what is added and removed since the last deployment", async () => {
    const bucket = await bucketWith(keys(10));
    const { previous } = await deploy(bucket);
    await remove(bucket, keyOf(3));
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: keyOf(99), Body: "x" }));
    const { plan: found, report } = await plan(bucket, { previous });
    assert.equal(found.models.length, 10);
    assert.deepEqual(report?.notes, [`1 model added: "${keyOf(99)}"`, `1 model removed: "${keyOf(3)}"`]);
  });

  it("refuses to remove more than the share, until the exact number is confirmed", async () => {
    const bucket = await bucketWith(keys(10));
    const { previous } = await deploy(bucket);
    for (const n of [0, 1, 2]) await remove(bucket, keyOf(n));
    const manifest = join(folder, "prod", "manifest.json");
    const written = readFileSync(manifest, "utf8");
    await assert.rejects(plan(bucket, { previous }), /3 of 10 deployed models \(30 %\) would be terminated/);
    assert.equal(readFileSync(manifest, "utf8"), written, "a refused plan writes nothing");
    assert.deepEqual(lastReport?.notes?.length, 1, "what would go is told all the same");
    await assert.rejects(plan(bucket, { previous, confirmRemovals: 2 }), /not the 2 that were confirmed/);
    assert.equal((await plan(bucket, { previous, confirmRemovals: 3 })).plan.models.length, 7);
  });

  it("never removes a fleet because the bucket came back empty", async () => {
    const bucket = await bucketWith(keys(2));
    const { previous } = await deploy(bucket);
    for (const key of keys(2)) await remove(bucket, key);
    await assert.rejects(
      plan(bucket, { previous, maxRemovalPercent: 100, confirmRemovals: 2 }),
      /no model was found in s3:\/\/[\w-]+\/models\/, and 2 are deployed; an empty listing never removes a fleet/,
    );
  });

  it("never removes a fleet because the bucket cannot be read to the end", async () => {
    const bucket = await bucketWith(keys(4));
    const { previous } = await deploy(bucket);
    for (const [status, code] of [
      [403, "AccessDenied"],
      [503, "SlowDown"],
    ] as const) {
      const proxy = await startFaultProxy(emulator.endpoint, () => ({ status, code }));
      const access = { region: "us-east-1", endpoint: proxy.endpoint, attempts: 2 };
      const started = plan(bucket, { previous, access, maxRemovalPercent: 100 });
      await assert.rejects(started, /failed[^]*Nothing was changed/);
      await proxy.stop();
    }
  });

  it("refuses to go on when the manifest cannot be read, or is none", async () => {
    const bucket = await bucketWith(keys(4));
    const { previous } = await deploy(bucket);
    const proxy = await startFaultProxy(emulator.endpoint, (_n, path) =>
      path.includes("manifest.json") ? { status: 403, code: "AccessDenied" } : undefined,
    );
    const access = { region: "us-east-1", endpoint: proxy.endpoint };
    await assert.rejects(plan(bucket, { previous, access }), /Reading s3:.*manifest\.json failed: access is denied/);
    await proxy.stop();
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: previous.manifest, Body: "{}" }));
    await assert.rejects(plan(bucket, { previous }), /is not a manifest that this program wrote/);
  });

  it("counts where the manifest is gone", async () => {
    const bucket = await bucketWith(keys(10));
    const { previous } = await deploy(bucket);
    await remove(bucket, previous.manifest);
    const { warnings } = await plan(bucket, { previous });
    assert.match(warnings[0] ?? "", /manifest\.json is gone: only the number of models deployed \(10\) is known/);
    for (const n of [0, 1, 2]) await remove(bucket, keyOf(n));
    await assert.rejects(plan(bucket, { previous }), /3 of 10 deployed models/);
  });

  it("takes a bucket that does not exist yet for an empty fleet on the first deployment, and for an error later", async () => {
    const { plan: found, warnings } = await plan("bucket-of-tomorrow");
    assert.deepEqual(found.models, []);
    assert.equal(found.manifestFile, undefined);
    assert.match(warnings[0] ?? "", /bucket-of-tomorrow does not exist yet: the fleet starts empty/);
    await assert.rejects(plan("bucket-of-tomorrow", { previous: found.record }), /the bucket does not exist/);
    await assert.rejects(plan("bucket-of-tomorrow", { allowMissingBucket: false }), /the bucket does not exist/);
  });

  it("compares with the old bucket's manifest when the fleet moves to another bucket", async () => {
    const first = await bucketWith(keys(4));
    const { previous } = await deploy(first);
    const second = await bucketWith(keys(1));
    await assert.rejects(plan(second, { previous }), /3 of 4 deployed models/);
    const { warnings } = await plan(second, {
      previous: { ...previous, bucket: "bucket-that-is-gone", models: 1 },
    });
    assert.match(warnings[0] ?? "", /bucket-that-is-gone.*is gone/);
  });

  it("reads a listing file without any network, and the manifest where there was a deployment", async () => {
    const listing = join(folder, "listing.txt");
    writeFileSync(listing, `# one\n${keyOf(0)}\r\nodd\r\n`);
    const access = { region: "us-east-1", endpoint: "http://localhost:1" };
    const { plan: found, report } = await plan("unused-bucket", { source: "listing", listing, access });
    assert.deepEqual([found.models.length, report?.rejected.length], [1, 1]);
    assert.deepEqual(report?.notes, [`${listing}: 1 comment passed over, Windows line ends read as line ends`]);
    assert.ok(existsSync(found.manifestFile ?? ""));

    const bucket = await bucketWith(keys(4));
    const { previous } = await deploy(bucket);
    await assert.rejects(plan(bucket, { source: "listing", listing, previous }), /3 of 4 deployed models/);
  });

  describe("with shards", () => {
    const shard = (index: number, count: number) => ({ stack: `prod-${index}`, shard: { index, count } });

    it("gives each model to exactly one stack", async () => {
      const bucket = await bucketWith(keys(40));
      const all: string[] = [];
      for (const index of [0, 1, 2]) {
        const { plan: found, report } = await plan(bucket, shard(index, 3));
        all.push(...found.models.map(({ key }) => key));
        const others = 40 - found.models.length;
        assert.deepEqual(report?.notes, [
          `Shard ${index} of 3 runs ${found.models.length} models; ${others} are other shards'`,
        ]);
      }
      assert.deepEqual(all.sort(), keys(40).sort());
    });

    it("shows the moves of another number of shards, and starts no model that still runs elsewhere", async () => {
      const bucket = await bucketWith(keys(40));
      const deployed = [];
      for (const index of [0, 1]) deployed.push((await deploy(bucket, shard(index, 2))).previous);
      const moving = keys(40).filter((key) => shardOf(key, 3) === 2);
      assert.ok(moving.length > 0);

      // The new stack comes first: every one of its models still runs in another stack.
      const early = await deploy(bucket, shard(2, 3));
      assert.deepEqual(early.plan.models, []);
      assert.match(
        early.report?.notes?.[1] ?? "",
        new RegExp(`^${moving.length} models wait for the stacks that still run them \\(prod-0, prod-1\\)`),
      );

      for (const index of [0, 1]) {
        const more = { ...shard(index, 3), previous: deployed[index], maxRemovalPercent: 100 };
        const leaving = moving.filter((key) => shardOf(key, 2) === index).length;
        const { report } = await deploy(bucket, more);
        assert.match(report?.notes?.at(-1) ?? "", new RegExp(`^${leaving} models? moved to shard 2 of 3: `));
      }
      const late = await deploy(bucket, { ...shard(2, 3), previous: early.previous });
      assert.deepEqual(late.plan.models.map(({ key }) => key).sort(), moving.sort());
    });

    it("refuses a move of most models without the number", async () => {
      const bucket = await bucketWith(keys(20));
      const { previous } = await deploy(bucket, { stack: "prod-0" });
      await assert.rejects(plan(bucket, { ...shard(0, 4), previous }), /of 20 deployed models/);
    });
  });

  it("leaves manifests that read back", async () => {
    const bucket = await bucketWith(keys(3));
    const { previous } = await deploy(bucket);
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: previous.manifest }));
    assert.equal(parseManifest((await Body?.transformToString()) ?? "", "here").models.length, 3);
  });
});

describe("fleetRecordOf", () => {
  it("knows a record from anything else", () => {
    const fleet = { bucket: "b", manifest: "fleet/prod/manifest.json", models: 3 };
    assert.deepEqual(fleetRecordOf({ fleet }), fleet);
    for (const outputs of [{}, { fleet: undefined }, { fleet: 3 }, { fleet: { bucket: "b" } }])
      assert.equal(fleetRecordOf(outputs), undefined);
  });
});
