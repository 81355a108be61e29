import { execFile, spawn, type ChildProcess } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createConnection, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";

const run = promisify(execFile);

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const postgresBin = () => {
  const root = "/usr/lib/postgresql";
  const newest = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a))[0] : undefined;
  return newest === undefined ? undefined : join(root, newest, "bin");
};
const redisBin = "/usr/bin/redis-server";

/** Why the real servers cannot be started here; undefined when they can. */
export function missingServers(): string | undefined {
  if (postgresBin() === undefined) return "PostgreSQL is missing: apt-get install postgresql";
  if (!existsSync(redisBin)) return "Redis is missing: apt-get install redis-server";
  return undefined;
}

/** PostgreSQL refuses to run as root: there, everything runs as the package's user. */
const asPostgres = (file: string, args: string[]): [string, string[]] =>
  process.getuid?.() === 0 ? ["runuser", ["-u", "postgres", "--", file, ...args]] : [file, args];

export interface Postgres {
  readonly port: number;
  /** A database of its own, empty. */
  readonly database: () => Promise<string>;
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** A private PostgreSQL on a free port, in a folder that goes with it. */
export async function startPostgres(): Promise<Postgres> {
  const bin = postgresBin() ?? "";
  const folder = mkdtempSync(join(tmpdir(), "market-pg-"));
  if (process.getuid?.() === 0) {
    const { stdout } = await run("id", ["-u", "postgres"]);
    chownSync(folder, Number(stdout), -1);
  }
  const data = join(folder, "data");
  const port = await freePort();
  const call = (file: string, args: string[]) => run(...asPostgres(join(bin, file), args), { cwd: folder });
  await call("initdb", ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]);
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${folder} -c fsync=off -c max_connections=100`;
  // Its output goes to a file: a pipe would keep pg_ctl's caller waiting for the server's end.
  const start = async () => {
    await call("pg_ctl", ["-D", data, "-w", "-l", join(folder, "log"), "-o", options, "start"]);
  };
  const stop = async () => {
    await call("pg_ctl", ["-D", data, "-w", "-m", "immediate", "stop"]);
  };
  await start();
  let number = 0;
  return {
    port,
    start,
    stop,
    database: async () => {
      const name = `test_${process.pid}_${(number += 1)}`;
      const client = new pg.Client({ host: "127.0.0.1", port, user: "postgres", database: "postgres" });
      await client.connect();
      await client.query(`CREATE DATABASE ${name}`);
      await client.end();
      return name;
    },
    remove: async () => {
      await stop().catch(() => undefined);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface Redis {
  readonly port: number;
  readonly url: string;
  /** As a machine that dies: no goodbye, and nothing is kept. */
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
  /** Still there, but answers nothing. */
  readonly freeze: () => void;
  readonly thaw: () => void;
  readonly cli: (...args: string[]) => Promise<string>;
  readonly remove: () => Promise<void>;
}

export async function startRedis(extra: readonly string[] = []): Promise<Redis> {
  const folder = mkdtempSync(join(tmpdir(), "market-redis-"));
  const port = await freePort();
  let child: ChildProcess | undefined;
  const start = async () => {
    child = spawn(
      redisBin,
      ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no", ...extra],
      {
        stdio: "ignore",
      },
    );
    await untilListens(port);
  };
  const kill = async () => {
    const current = child;
    if (current === undefined || current.exitCode !== null || current.signalCode !== null) return;
    const ended = new Promise((resolve) => current.once("exit", resolve));
    current.kill("SIGKILL");
    await ended;
  };
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    start,
    kill,
    freeze: () => void child?.kill("SIGSTOP"),
    thaw: () => void child?.kill("SIGCONT"),
    cli: async (...args) => (await run("redis-cli", ["-p", String(port), ...args])).stdout.trim(),
    remove: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilListens(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = createConnection({ port, host: "127.0.0.1" }, () => {
        socket.end();
        resolve(true);
      }).on("error", () => resolve(false));
    });
    if (open) return;
    await sleep(25);
  }
  throw new Error(`nothing listens on port ${port}`);
}

export const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Waits until something holds; says what was waited for. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, seconds = 15): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(25);
  }
}
