import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./tools";

const inherited = { PATH: process.env.PATH ?? "" };

describe("scripts of docker/", () => {
  for (const script of [
    "docker/app/hooks/drain",
    "docker/commands/deploy.sh",
    "docker/commands/run-document.sh",
    "docker/commands/setup-instance.sh",
    "docker/ib-gateway/start.sh",
  ]) {
    it(`${script} has no fault that shellcheck finds`, () => execFileSync("shellcheck", [join(root, script)]));
  }
});

describe("the stand-in bot", () => {
  const cwd = join(root, "docker/app");
  let folder: string;
  let env: Record<string, string>;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bot-"));
    env = { ...inherited, TRADER_HEARTBEAT: join(folder, "beat"), TRADER_POSITIONS_FILE: join(folder, "positions") };
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const python = (more: Record<string, string>, ...args: string[]) =>
    spawnSync("python3", ["-m", "trader", ...args], { cwd, env: { ...env, ...more }, encoding: "utf8" });

  it("says what it was told, is healthy while it runs, and ends well on SIGTERM", async () => {
    const child = spawn("python3", ["-m", "trader"], {
      cwd,
      env: { ...env, TRADING_MODE: "live", IB_GATEWAY_PORT: "4001" },
    });
    let output = "";
    const started = new Promise<void>((resolve) =>
      child.stdout.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        resolve();
      }),
    );
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    await started;
    const until = Date.now() + 10_000;
    while (python({}, "--health").status !== 0 && Date.now() < until);
    assert.equal(python({}, "--health").status, 0);
    child.kill("SIGTERM");
    assert.equal(await ended, 0);
    assert.equal(output, "trader: live, gateway port 4001\ntrader: ended\n");
  });

  it("is not healthy before its first heartbeat, nor 30 seconds after its last", () => {
    assert.equal(python({}, "--health").status, 1);
    const beat = join(folder, "beat");
    writeFileSync(beat, "");
    assert.equal(python({}, "--health").status, 0);
    const old = Date.now() / 1000 - 31;
    utimesSync(beat, old, old);
    assert.equal(python({}, "--health").status, 1);
  });

  it("refuses paper trading with the live port, and the other way round", () => {
    for (const [mode, port] of [
      ["paper", "4001"],
      ["live", "4002"],
    ] as const) {
      const { status, stderr } = python({ TRADING_MODE: mode, IB_GATEWAY_PORT: port });
      assert.equal(status, 1);
      assert.equal(stderr, `TRADING_MODE ${mode} does not go with IB_GATEWAY_PORT ${port}\n`);
    }
  });

  it("drains with 0 when nothing is open, and with 10, naming it, while a position is", () => {
    const drain = () => spawnSync(join(cwd, "hooks/drain"), { env, encoding: "utf8" });
    assert.equal(drain().status, 0);
    writeFileSync(join(folder, "positions"), "ES 2");
    const { status, stderr } = drain();
    assert.deepEqual([status, stderr], [10, "open positions: ES 2\n"]);
  });
});

describe("IB Gateway's start", () => {
  const start = (env: Record<string, string>, ...args: string[]) =>
    spawnSync("bash", [join(root, "docker/ib-gateway/start.sh"), ...args], {
      env: { ...inherited, ...env },
      encoding: "utf8",
    });

  it("knows paper and live alone", () => {
    const { status, stderr } = start({ TRADING_MODE: "demo" });
    assert.deepEqual([status, stderr], [2, "TRADING_MODE is paper or live, not demo\n"]);
  });

  it("refuses the other mode's port", () => {
    const paper = start({ TRADING_MODE: "paper", IB_GATEWAY_PORT: "4001" });
    assert.deepEqual([paper.status, paper.stderr], [2, "port 4001 is not the port for paper trading (4002)\n"]);
    const live = start({ TRADING_MODE: "live", IB_GATEWAY_PORT: "4002" });
    assert.deepEqual([live.status, live.stderr], [2, "port 4002 is not the port for live trading (4001)\n"]);
  });

  it("says which part of the login is missing, and never shows the other", () => {
    const { status, stderr } = start({ TWS_PASSWORD: "the-password" });
    assert.notEqual(status, 0);
    assert.match(stderr, /TWS_USERID: is missing/);
    assert.doesNotMatch(stderr, /the-password/);
  });
});
