import { CreateBucketCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import assert from "node:assert/strict";
import pLimit from "p-limit";
import { startEmulator, type Emulator } from "../../sandbox/emulator";
import { readUrn } from "../../sandbox/engine";
import { emulatorS3 } from "../../sandbox/seed";
import { LiveStack, backing, networkOnly } from "./live-stack";
import { runningModels } from "./read-back";
import { stepwise } from "../support/stepwise";

const bucket = "shard-models";

/** A stack of network and fleet, which runs its shard of the models in the bucket. */
const settings = (index: number, count: number) => {
  const { fleet: _on, ...others } = networkOnly;
  return {
    ...others,
    "network.cidr": "10.0.0.0/16",
    "network.subnets": {
      public: ["10.0.0.0/24", "10.0.1.0/24"],
      app: ["10.0.64.0/20", "10.0.128.0/20"],
      data: ["10.0.2.0/24", "10.0.3.0/24"],
    },
    "fleet.bucket": bucket,
    "fleet.shard": { index, count },
    "fleet.maxRemovalPercent": 90,
    "fleet.dataAccess": [],
  };
};

async function withModels(emulator: Emulator, number: number): Promise<string[]> {
  const s3 = emulatorS3(emulator.endpoint);
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const keys = Array.from({ length: number }, (_, at) => `models/momentum/S${at}/lstm-outer_${at % 7}_inner_${at % 3}`);
  const limit = pLimit(8);
  await Promise.all(
    keys.map((Key) => limit(() => s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: "model" })))),
  );
  return keys;
}

const open = (emulator: Emulator, index: number, count: number) =>
  LiveStack.open(`shard-${index}`, `shard-${index}`, {
    configFile: "Pulumi.dev.yaml",
    set: settings(index, count),
    policy: false,
    emulator,
  });

describe(`10,000 models over 10 stacks, against ${backing().backing}`, () => {
  let emulator: Emulator;

  before(async () => {
    emulator = await startEmulator({ honourEndpoint: false });
    await withModels(emulator, 10_000);
  });

  after(() => emulator.stop());

  it("are previewed so that each is in exactly one", async () => {
    const planned = new Map<string, number>();
    for (let index = 0; index < 10; index++) {
      const stack = await open(emulator, index, 10);
      const { changed } = await stack.must("preview");
      await stack.close();
      const models = changed.map(({ urn }) => readUrn(urn)).filter(({ type }) => type === "aws:ec2/instance:Instance");
      assert.ok(models.length > 800 && models.length < 1_200, `shard ${index} has ${models.length}`);
      for (const { name } of models) planned.set(name, (planned.get(name) ?? 0) + 1);
    }
    assert.equal(planned.size, 10_000);
    assert.deepEqual(
      [...planned].filter(([, times]) => times > 1),
      [],
    );
  });
});

describe(`a change of the number of shards, against ${backing().backing}`, function () {
  stepwise();
  let emulator: Emulator;
  let keys: readonly string[];
  const stacks: LiveStack[] = [];
  const stack = (index: number) => stacks[index] ?? assert.fail(`no shard ${index}`);

  before(async function () {
    if (backing().backing === "stand-in provider") return this.skip(); // nothing would run anywhere
    emulator = await startEmulator({ honourEndpoint: false });
    keys = (await withModels(emulator, 30)).sort();
    for (const index of [0, 1]) {
      stacks.push(await open(emulator, index, 2));
      await stack(index).must("up");
    }
  });

  after(async () => {
    for (const one of stacks) await one.close();
    await (emulator as Emulator | undefined)?.stop();
  });

  it("starts with each model in one of two stacks", async () => {
    assert.deepEqual(await runningModels(emulator.endpoint), keys);
  });

  it("is shown before it is made: how many models go where, and which wait", async () => {
    for (const index of [0, 1]) {
      stack(index).reconfigure(settings(index, 3));
      const { log } = await stack(index).must("preview");
      assert.match(log, /\d+ models? moved to shard 2 of 3/);
    }
    stacks.push(await open(emulator, 2, 3));
    const { log } = await stack(2).must("preview");
    assert.match(log, /\d+ models? wait for the stacks that still run them \(shard-0, shard-1\)/);
    assert.deepEqual(await runningModels(emulator.endpoint), keys, "a preview has changed something");
  });

  it("never runs a model twice, even where the new stack is deployed first", async () => {
    await stack(2).must("up");
    assert.deepEqual(await runningModels(emulator.endpoint), keys);
  });

  it("runs each model once again after the two rounds", async () => {
    for (const index of [0, 1]) await stack(index).must("up");
    const between = await runningModels(emulator.endpoint);
    assert.ok(between.length < keys.length, "no model has moved");
    assert.deepEqual(between, [...new Set(between)]);
    await stack(2).must("up");
    assert.deepEqual(await runningModels(emulator.endpoint), keys);
  });
});
