import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildByHand, nodeFolder, type BuiltImage } from "../support/image";
import { sharedPostgres } from "../support/hooks";
import { freePort, startRedis, until, type Postgres, type Redis } from "../support/servers";
import { environment, recordingFile } from "../support/service";

const repository = fileURLToPath(new URL("../../../..", import.meta.url)).replace(/\/$/, "");

/** The Dockerfile's own steps, done by hand in a folder of their own, and its command started as the image's user. */
describe("the image, built by hand", function () {
  this.timeout(300_000);
  let place: string;
  let image: BuiltImage;
  let path: string;
  let postgres: Postgres;
  let redis: Redis;
  let child: ChildProcess | undefined;

  before(async function () {
    postgres = await sharedPostgres(this);
    redis = await startRedis();
    place = mkdtempSync(join(tmpdir(), "market-image-"));
    chmodSync(place, 0o755);
    image = await buildByHand(repository, "services/market-data/Dockerfile", place);
    path = nodeFolder(place);
  });
  after(async () => {
    child?.kill("SIGKILL");
    await redis.remove();
    rmSync(place, { recursive: true, force: true });
  });

  const workdir = () => join(image.root, image.workdir);
  const inImage = (file: string) => file.replace(/^\/app\//, `${workdir()}/`);
  /** As root the image's own user; otherwise this user, which is not root either. */
  const identity = () => (process.getuid?.() === 0 ? image.user : {});
  const containerEnv = (more: Record<string, string>) => ({
    ...Object.fromEntries(Object.entries(image.env).map(([key, value]) => [key, inImage(value)])),
    PATH: path,
    ...more,
  });

  it("takes the bundle along and nothing else: no modules, no sources, no tests", () => {
    assert.deepEqual(readdirSync(workdir()).sort(), ["dist", "rds.pem"]);
    assert.deepEqual(readdirSync(join(workdir(), "dist")).sort(), ["migrations", "server", "site"]);
    assert.deepEqual(image.fetched, ["https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"]);
    assert.equal(existsSync(join(place, "build/repository/services/market-data/test")), false);
    assert.equal(existsSync(join(place, "build/repository/components")), false);
  });

  it("starts as a user that is not root, is found healthy, serves its page, and drains on SIGTERM with status 0", async () => {
    const port = await freePort();
    // The recording is a fixture of the tests, outside of the image.
    const recording = join(place, "recording.json");
    copyFileSync(recordingFile, recording);
    const env = containerEnv({
      ...environment(postgres, await postgres.database(), redis.url),
      PORT: String(port),
      ADMIN_PORT: String(await freePort()),
      RECORDING_FILE: recording,
      STATIC_FOLDER: join(workdir(), "dist/site"),
    });
    const [command = "", ...args] = image.command;
    assert.equal(command, "node");
    const started = spawn(join(path, command), args, { cwd: workdir(), env, stdio: "pipe", ...identity() });
    child = started;
    let output = "";
    for (const stream of [started.stdout, started.stderr])
      stream.on("data", (chunk: Buffer) => (output += String(chunk)));
    const ended = new Promise((resolve) => started.once("exit", (code, signal) => resolve(code ?? signal)));
    const healthy = () =>
      new Promise<boolean>((resolve) => {
        const [tool = "", ...words] = image.healthCommand;
        execFile(join(path, tool), words, { cwd: workdir(), env, ...identity() }, (error) => resolve(error === null));
      });
    assert.equal(await healthy(), false, "nothing runs yet");
    await until("the image's own health check", healthy, 60).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${output}`);
    });
    const status = readFileSync(`/proc/${started.pid}/status`, "utf8");
    assert.match(status, process.getuid?.() === 0 ? /^Uid:\t1000\t/m : /^Uid:\t[1-9]/m);
    const get = async (address: string) => (await fetch(`http://127.0.0.1:${port}${address}`)).status;
    await until("ready", async () => (await get("/health/ready")) === 200, 30);
    assert.deepEqual([await get("/v1/quotes/AAPL"), await get("/")], [200, 200]);
    started.kill("SIGTERM");
    assert.equal(await ended, 0, output);
  });
});
