import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { Update } from "../../delivery/common/history";
import { main } from "../../delivery/rollback/cli";
import { bucketClient, modelsAt, restoreArtifacts } from "../../delivery/rollback/models";
import { rollbackPoint } from "../../delivery/rollback/point";
import { programOf } from "../../delivery/rollback/program";
import { changedKeys, formerStackFile } from "../../delivery/rollback/stack-file";
import { startEmulator, type Emulator } from "../../sandbox/emulator";
import { assertTold, captured } from "../support/command";

const project = "trading-platform";
const at = (minute: number) => `2026-11-20T12:${String(minute).padStart(2, "0")}:00.000Z`;
const update = (minute: number, fields: object = {}): Update => ({
  version: 0,
  kind: "update",
  result: "succeeded",
  startTime: at(minute),
  ...{ resourceChanges: { update: 1, same: 5 } },
  ...fields,
});
const nothing = { resourceChanges: { same: 6 } };

describe("where a rollback goes", () => {
  const go = (history: Update[], since?: Date) => {
    const point = rollbackPoint(history, since);
    return typeof point === "string" ? point : [point.bad.startTime, point.good.startTime];
  };

  it("is the last good deployment before the last one that changed anything", () => {
    assert.deepEqual(go([update(9), update(8), update(7)]), [at(9), at(8)]);
    assert.deepEqual(go([update(9, nothing), update(8), update(7, nothing), update(6)]), [at(8), at(7)]);
    assert.deepEqual(go([update(9, { result: "failed" }), update(8, { result: "failed" }), update(7)]), [at(9), at(7)]);
    assert.deepEqual(go([update(9, { kind: "refresh" }), update(8), update(7)]), [at(8), at(7)]);
  });

  it("is nowhere, with the reason", () => {
    assert.equal(go([]), "no deployment has changed anything");
    assert.equal(go([update(9)]), "there is no good deployment before the last one");
    assert.match(String(go([update(9, { kind: "destroy" }), update(8)])), /^the stack was destroyed on/);
    assert.match(String(go([update(9, { result: "in-progress" }), update(8)])), /^a deployment is under way since/);
    assert.equal(
      go([update(9), update(8, { kind: "destroy" }), update(7)]),
      "there is no good deployment before the last one",
    );
    assert.match(String(go([update(9), update(8)], new Date(at(10)))), /before 2026-11-20T12:10/);
    assert.deepEqual(go([update(9), update(8)], new Date(at(9))), [at(9), at(8)]);
  });
});

describe("the stack file that a former deployment ran with", () => {
  const good = update(1, {
    config: {
      "aws:region": { value: "us-east-1", secret: false },
      [`${project}:fleet`]: { value: '{"image":"a"}', objectValue: { image: "a" }, secret: false },
      [`${project}:token`]: { secret: true },
    },
  });
  const current = {
    encryptionsalt: "v1:x",
    config: { [`${project}:fleet`]: { image: "b" }, [`${project}:token`]: { secure: "v1:y" }, [`${project}:gpu`]: {} },
  };

  it("has the former configuration, and today's encryption and secrets", () => {
    assert.deepEqual(formerStackFile(current, good, project, undefined), {
      encryptionsalt: "v1:x",
      config: {
        "aws:region": "us-east-1",
        [`${project}:fleet`]: { image: "a" },
        [`${project}:token`]: { secure: "v1:y" },
      },
    });
  });

  it("pins the models, and agrees to the removals that this takes", () => {
    const fleetOf = (removals: number) =>
      (formerStackFile(current, good, project, { listing: "/m.txt", removals }).config as Record<string, unknown>)[
        `${project}:fleet`
      ];
    assert.deepEqual(fleetOf(0), { image: "a", source: "listing", listing: "/m.txt" });
    assert.deepEqual(fleetOf(3), { image: "a", source: "listing", listing: "/m.txt", confirmRemovals: 3 });
  });

  it("cannot be made without a secret that is gone", () => {
    assert.throws(
      () => formerStackFile({ config: {} }, good, project, undefined),
      /secrets that the stack file no longer has: trading-platform:token/,
    );
  });

  it("is compared with the file as it is now", () => {
    assert.deepEqual(changedKeys(current, good), ["aws:region", `${project}:fleet`, `${project}:gpu`]);
    const region = { "aws:region": "us-east-1" };
    assert.deepEqual(
      changedKeys(current, good, region),
      [`${project}:fleet`, `${project}:gpu`],
      "the project's own default",
    );
  });
});

describe("models of a former deployment, on an emulated AWS", () => {
  let emulator: Emulator;
  let s3: S3Client;
  const saved = { ...process.env };
  const Bucket = "rollback-models";
  const manifest = (models: string[]) =>
    JSON.stringify({ schemaVersion: 1, project, stack: "qa", shard: null, models });
  const put = (Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket, Key, Body }));
  const nextSecond = () => new Promise((resolve) => setTimeout(resolve, 1_100));

  before(async () => {
    emulator = await startEmulator({ honourEndpoint: false });
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: emulator.endpoint,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
    });
    s3 = bucketClient("us-east-1", undefined);
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
  });
  after(async () => {
    process.env = saved;
    await emulator.stop();
  });

  it("are the manifest's of that time; their deleted artifacts come back", async () => {
    for (const key of ["models/a", "models/b", "models/c/weights", "models/c/meta"]) await put(key, "model");
    await put("fleet/qa/manifest.json", manifest(["models/a", "models/b", "models/c"]));
    await nextSecond();
    const then = new Date();
    await nextSecond();
    for (const Key of ["models/b", "models/c/weights", "models/c/meta"])
      await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    await put("fleet/qa/manifest.json", manifest(["models/a"]));

    assert.deepEqual(await modelsAt(s3, Bucket, "qa", then), ["models/a", "models/b", "models/c"]);
    assert.deepEqual(await modelsAt(s3, Bucket, "qa"), ["models/a"]);
    assert.equal(await modelsAt(s3, Bucket, "prod", then), undefined);

    const models = ["models/a", "models/b", "models/c", "models/never"];
    const wanted = {
      // As a bucket would list them, so that a folder stays a folder.
      listing: ["models/a", "models/b", "models/c/meta", "models/c/weights", "models/never"],
      objects: ["models/b", "models/c/meta", "models/c/weights"],
      lost: ["models/never"],
    };
    assert.deepEqual(await restoreArtifacts(s3, Bucket, models, then, true), wanted);
    await assert.rejects(s3.send(new HeadObjectCommand({ Bucket, Key: "models/b" })), "a dry run restores nothing");
    assert.deepEqual(await restoreArtifacts(s3, Bucket, models, then, false), wanted);
    for (const Key of wanted.objects) await s3.send(new HeadObjectCommand({ Bucket, Key }));
  });

  it("stay deleted where they were deleted before", async () => {
    await put("models/old", "model");
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "models/old" }));
    await nextSecond();
    assert.deepEqual((await restoreArtifacts(s3, Bucket, ["models/old"], new Date(), false)).objects, []);
  });

  it("say so where the bucket cannot be read", async () => {
    await assert.rejects(
      modelsAt(s3, "no-such-rollback", "qa"),
      /Versions of s3:\/\/no-such-rollback\/fleet\/qa\/manifest\.json cannot be listed: NoSuchBucket/,
    );
  });
});

describe("the program of a former deployment", () => {
  let root: string;
  const git = (...args: string[]) =>
    execFileSync(
      "git",
      ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false", ...args],
      { cwd: root, encoding: "utf8" },
    ).trim();

  before(() => {
    root = mkdtempSync(path.join(tmpdir(), "program-"));
    git("init", "-q");
    mkdirSync(path.join(root, "node_modules"));
    writeFileSync(path.join(root, ".gitignore"), "node_modules\nwork\n");
    writeFileSync(path.join(root, "package-lock.json"), "{}");
    writeFileSync(path.join(root, "index.ts"), "first");
    git("add", ".");
    git("commit", "-qm", "First");
    writeFileSync(path.join(root, "index.ts"), "second");
    git("commit", "-qam", "Second");
  });
  after(() => rmSync(root, { recursive: true }));
  const open = (commit: string | undefined) =>
    programOf(
      update(1, { environment: commit === undefined ? {} : { "git.head": commit } }),
      root,
      path.join(root, "work"),
    );

  it("is the files as they are, where they are of its commit or nobody knows", () => {
    assert.equal(open(git("rev-parse", "HEAD")).folder, root);
    assert.match(open(undefined).note, /names no commit/);
  });

  it("is its commit in a work tree otherwise, with the same packages, and goes again", () => {
    const program = open(git("rev-parse", "HEAD~1"));
    assert.equal(readFileSync(path.join(program.folder, "index.ts"), "utf8"), "first");
    assert.ok(existsSync(path.join(program.folder, "node_modules")));
    program.close();
    assert.ok(!existsSync(program.folder));
  });

  it("is a folder of that work tree, where the project lies below the repository's top", () => {
    const below = path.join(root, "below");
    mkdirSync(below);
    writeFileSync(path.join(below, "Pulumi.yaml"), "name: x");
    const first = update(1, { environment: { "git.head": git("rev-parse", "HEAD~1") } });
    assert.throws(() => programOf(first, below, path.join(root, "work")), /Commit [0-9a-f]{40} has no folder below/);
    git("add", ".");
    git("commit", "-qm", "Below");
    writeFileSync(path.join(below, "Pulumi.yaml"), "name: y");
    git("commit", "-qam", "Again");
    const third = update(1, { environment: { "git.head": git("rev-parse", "HEAD~1") } });
    const program = programOf(third, below, path.join(root, "work"));
    assert.equal(readFileSync(path.join(program.folder, "Pulumi.yaml"), "utf8"), "name: x");
    program.close();
  });

  it("cannot be had where its commit is not in the repository", () => {
    assert.throws(() => open("0".repeat(40)), /git worktree add .* failed/);
  });
});

describe("npm run rollback", () => {
  it("tells mistakes by their message, and that there is nothing to do by status 1", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "rollback-"));
    const history = path.join(folder, "history.json");
    writeFileSync(path.join(folder, "Pulumi.yaml"), `name: ${project}\nruntime: nodejs\n`);
    const run = (...args: string[]) => captured(main, ...args, "--cwd", folder, "--history", history);
    writeFileSync(history, "[]");
    const none = await run("qa");
    assert.deepEqual([none.status, none.stdout], [1, "Nothing to roll back: no deployment has changed anything\n"]);
    writeFileSync(history, JSON.stringify([update(9), update(8)]));
    for (const [args, message] of [
      [["qa"], /There is no .*Pulumi\.qa\.yaml/],
      [["../up"], /"\.\.\/up" cannot be a stack's name/],
      [["qa", "--since", "noon"], /It is not a time/],
      [[], /missing required argument 'stack'/],
    ] as [string[], RegExp][]) {
      assertTold(await run(...args), 2, message, args.join(" "));
    }
    assert.match((await captured(main, "qa", "--cwd", "/nonesuch")).stderr, /--cwd \/nonesuch: has no Pulumi\.yaml/);
    rmSync(folder, { recursive: true });
  });
});
