import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { DeleteObjectCommand, HeadObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { parseDocument } from "yaml";
import { main } from "../../delivery/rollback/cli";
import { comeUp } from "../../sandbox/come-up";
import { releaseGuards } from "../../sandbox/release";
import { emulatorS3, fleetOf } from "../../sandbox/seed";
import { captured } from "../support/command";
import { LiveStack, backing } from "./live-stack";
import { stepwise } from "../support/stepwise";

const key = (name: string) => `trading-platform:${name}`;

describe(`rollback by one command, against ${backing().backing}`, function () {
  stepwise();
  if (backing().backing === "stand-in provider") return; // there is no bucket to roll models back from
  let stack: LiveStack;
  const environment = { ...process.env };

  before(async () => {
    stack = await LiveStack.open("rollback", "rollback", { configFile: "test/engine/rollback.yaml", policy: false });
    const { envVars } = stack.engine.stack.workspace;
    Object.assign(process.env, envVars);
    const outcome = await comeUp(stack.place, stack.engine, () => undefined);
    if (!outcome.ok) throw new Error(stack.explain("up", outcome));
  });

  after(async () => {
    process.env = environment;
    await (stack as LiveStack | undefined)?.close();
  });

  /** The state as far as it is meant: inputs by URN; a launch template counts its versions up, whatever is in them. */
  async function state(): Promise<Record<string, unknown>> {
    const resources = await stack.engine.resources();
    return Object.fromEntries(
      resources.map(({ urn, inputs }) => [
        urn,
        JSON.parse(JSON.stringify(inputs ?? {}).replace(/"version":"\d+"/g, '"version":"n"')),
      ]),
    );
  }

  /** Edits the stack file, as a commit would. */
  function edit(section: string, setting: string, value: unknown): void {
    const file = path.join(stack.place.folder, `Pulumi.${stack.place.name}.yaml`);
    const document = parseDocument(readFileSync(file, "utf8"));
    document.setIn(["config", key(section), setting], value);
    writeFileSync(file, document.toString());
  }

  const rollback = (...args: string[]) => captured(main, stack.place.name, "--cwd", stack.place.folder, ...args);

  it("brings the fleet back after a bad listing: models and their artifacts", async () => {
    const former = await state();
    const fleet = fleetOf(stack.place);
    assert.ok(fleet);
    const s3 = emulatorS3(stack.endpoint);
    const [gone = ""] = fleet.keys.filter((one) => one.startsWith("models/") && !one.endsWith("/"));
    const junk = ["models/junk/AAA/wrong-outer_1_inner_1", "models/junk/BBB/wrong-outer_1_inner_1"];
    await s3.send(new DeleteObjectCommand({ Bucket: fleet.bucket, Key: gone }));
    for (const Key of junk) await s3.send(new PutObjectCommand({ Bucket: fleet.bucket, Key, Body: "wrong" }));
    await stack.must("up");
    assert.notDeepEqual(await state(), former, "the bad listing has changed the fleet");

    const shown = await rollback();
    assert.equal(shown.status, 0, shown.stderr);
    assert.match(shown.stdout, /Nothing was changed: --yes does it/);
    await assert.rejects(
      s3.send(new HeadObjectCommand({ Bucket: fleet.bucket, Key: gone })),
      "nor was the object restored",
    );

    const done = await rollback("--yes");
    assert.equal(done.status, 0, done.stderr + done.stdout);
    assert.deepEqual(await state(), former);
    await s3.send(new HeadObjectCommand({ Bucket: fleet.bucket, Key: gone }));
    for (const one of junk) assert.ok(done.stdout.includes(`unless it is removed: ${one}`), done.stdout);
    for (const Key of junk) await s3.send(new DeleteObjectCommand({ Bucket: fleet.bucket, Key }));
    await stack.must("up");
    assert.deepEqual(await state(), former, "and the next deployment leaves it so");
  });

  it("brings the former image back", async () => {
    const former = await state();
    edit("fleet", "image", "model-trader:broken");
    await stack.must("up");
    assert.notDeepEqual(await state(), former);
    const done = await rollback("--yes");
    assert.equal(done.status, 0, done.stderr + done.stdout);
    assert.match(done.stdout, /still has the bad values \(trading-platform:fleet\)/);
    assert.deepEqual(await state(), former);
    edit("fleet", "image", "model-trader:1");
  });

  it("brings the former configuration back, after a deployment that broke off", async () => {
    const former = await state();
    edit("fleet", "instanceType", "t3.nonesuch");
    edit("network", "flowLogs", { retentionDays: 7 });
    const broken = await stack.engine.run("up");
    assert.equal(broken.ok, false, "the emulated AWS has no such instance type");
    const done = await rollback("--yes");
    assert.equal(done.status, 0, done.stderr + done.stdout);
    assert.match(done.stdout, /back from the deployment of .* \(failed\)/);
    assert.deepEqual(await state(), former);
  });

  it("leaves a stack to be destroyed to nothing", async () => {
    await releaseGuards(stack.endpoint, await stack.engine.resources());
    await stack.engine.unprotect();
    await stack.must("destroy");
    assert.deepEqual(await stack.engine.resources(), []);
  });
});
