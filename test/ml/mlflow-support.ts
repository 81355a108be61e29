import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { mlflowBootScript } from "../../components/ml/mlflow-server/boot";
import { startEmulator, type Emulator } from "../../sandbox/emulator";

const run = promisify(execFile);
const root = join(__dirname, "../..");

/** A Python environment with the server's pinned packages and the AWS command line. */
export const mlflowEnvironment = join(root, ".cache", "mlflow");

const postgresFolder = "/usr/lib/postgresql";
const postgresBin = (): string | undefined => {
  const newest = existsSync(postgresFolder)
    ? readdirSync(postgresFolder).sort((a, b) => Number(b) - Number(a))[0]
    : undefined;
  return newest === undefined ? undefined : join(postgresFolder, newest, "bin");
};

/** What the real server needs and this machine has not. */
export function missingForMlflow(): string[] {
  return [
    ...(existsSync(join(mlflowEnvironment, "bin", "mlflow"))
      ? []
      : ["MLflow in .cache/mlflow (bash test/ml/mlflow-environment.sh, about 1 GB)"]),
    ...(postgresBin() ? [] : ["PostgreSQL (apt-get install postgresql)"]),
    ...["jq", "openssl", "curl"].filter((tool) => {
      try {
        execFileSync("sh", ["-c", `command -v ${tool}`]);
        return false;
      } catch {
        return true;
      }
    }),
  ];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const credentials = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_REGION: "us-east-1" };
export const databasePassword = "databasePassword0123456789";
const asPostgres = (file: string, args: string[]): [string, string[]] =>
  process.getuid?.() === 0 ? ["runuser", ["-u", "postgres", "--", file, ...args]] : [file, args];

/** The host's own program with real MLflow, PostgreSQL and the AWS command line, against an emulated AWS. */
export class MlflowHost {
  readonly folder = mkdtempSync(join(tmpdir(), "mlflow-host-"));
  emulator!: Emulator;
  url = "";
  #port = 0;
  #database = 0;
  #server: ChildProcess | undefined;
  log = "";

  /** PostgreSQL with a password, and the emulated AWS. */
  async start(): Promise<void> {
    this.emulator = await startEmulator({ honourEndpoint: false });
    this.#database = await freePort();
    this.#port = await freePort();
    this.url = `http://127.0.0.1:${this.#port}`;
    const data = join(this.folder, "pg");
    mkdirSync(data);
    if (process.getuid?.() === 0) {
      const { stdout } = await run("id", ["-u", "postgres"]);
      chownSync(this.folder, Number(stdout), -1);
      chownSync(data, Number(stdout), -1);
    }
    const password = join(data, "..", "initial");
    writeFileSync(password, databasePassword, { mode: 0o644 });
    const bin = postgresBin() ?? "";
    const call = (file: string, args: string[]) => run(...asPostgres(join(bin, file), args), { cwd: this.folder });
    await call("initdb", ["-D", data, "-U", "platform", "-A", "scram-sha-256", `--pwfile=${password}`, "--no-sync"]);
    const options = `-p ${this.#database} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${data} -c fsync=off`;
    await call("pg_ctl", ["-D", data, "-l", join(data, "log"), "-o", options, "-w", "start"]);
    await this.sql("create database mlflow", "postgres");
    // The host's folder: its program's tree, with the environment where the host has it.
    mkdirSync(join(this.folder, "opt"));
    symlinkSync(mlflowEnvironment, join(this.folder, "opt", "mlflow"));
    // The command line takes its endpoint from the environment for every service but RDS.
    mkdirSync(join(this.folder, "bin"));
    const aws = join(mlflowEnvironment, "bin", "aws");
    writeFileSync(
      join(this.folder, "bin", "aws"),
      `#!/bin/bash\nexec '${aws}' --endpoint-url "$AWS_ENDPOINT_URL" "$@"\n`,
      {
        mode: 0o755,
      },
    );
    mkdirSync(join(this.folder, "etc", "mlflow"), { recursive: true });
    writeFileSync(join(this.folder, "etc", "mlflow", "rds.pem"), "");
  }

  async stop(): Promise<void> {
    await this.stopServer();
    const bin = postgresBin() ?? "";
    await run(...asPostgres(join(bin, "pg_ctl"), ["-D", join(this.folder, "pg"), "-m", "immediate", "stop"])).catch(
      () => undefined,
    );
    await this.emulator.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async sql(statement: string, database = "mlflow"): Promise<string> {
    const target = `host=127.0.0.1 port=${this.#database} dbname=${database} user=platform`;
    const { stdout } = await run(
      "psql",
      ["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", target, "-c", statement],
      {
        env: { ...process.env, PGPASSWORD: databasePassword },
      },
    );
    return stdout.trim();
  }

  /** Address of the database for a client of the tests'. */
  get address(): string {
    return `postgresql+psycopg2://platform:${databasePassword}@127.0.0.1:${this.#database}/mlflow`;
  }

  /** Environment of the host's program. */
  get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      ...credentials,
      PATH: [join(this.folder, "bin"), join(mlflowEnvironment, "bin"), process.env.PATH ?? ""].join(delimiter),
      AWS_ENDPOINT_URL: this.emulator.endpoint,
      MLFLOW_ROOT: this.folder,
      MLFLOW_SSLMODE: "prefer",
      MLFLOW_LOCAL_PORT: String(this.#port),
      MLFLOW_S3_ENDPOINT_URL: this.emulator.endpoint,
    };
  }

  script(arns: {
    readonly database: string;
    readonly admin: string;
    readonly tls: string;
    readonly users: Readonly<Record<string, string>>;
  }): string {
    const path = join(this.folder, "script");
    const text = mlflowBootScript({
      region: "us-east-1",
      name: "mlflow.trading.internal",
      zoneId: "Z1",
      database: {
        identifier: "db",
        host: "127.0.0.1",
        port: this.#database,
        user: "platform",
        secretArn: arns.database,
      },
      adminSecretArn: arns.admin,
      tlsSecretArn: arns.tls,
      caParameter: "/trading-platform/test/mlflow/certificate",
      artifacts: "s3://artifacts/mlflow/",
      users: arns.users,
    });
    writeFileSync(path, text, { mode: 0o755 });
    return path;
  }

  /** Runs one word of the program; rejects where it fails. */
  async word(script: string, word: string): Promise<string> {
    const { stdout, stderr } = await run("bash", [script, word], { env: this.environment });
    return stdout + stderr;
  }

  /** Starts the server and waits until it answers. */
  async serve(script: string): Promise<void> {
    const child = spawn("bash", [script, "serve"], {
      env: this.environment,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#server = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (data: Buffer) => (this.log += data.toString()));
    for (;;) {
      if (child.exitCode !== null) throw new Error(`the server ended:\n${this.log.slice(-4000)}`);
      const answered = await fetch(`${this.url}/health`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (answered) return;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  async stopServer(): Promise<void> {
    const child = this.#server;
    this.#server = undefined;
    if (child?.pid === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("close", resolve));
    process.kill(-child.pid, "SIGKILL"); // its own group: the server and its workers
    await ended;
  }

  /** Runs a Python program with MLflow's own client. */
  async python(text: string, user: string, password: string): Promise<string> {
    const path = join(this.folder, "client.py");
    writeFileSync(path, text);
    const { stdout } = await run(join(mlflowEnvironment, "bin", "python"), [path], {
      env: {
        ...this.environment,
        MLFLOW_TRACKING_URI: this.url,
        MLFLOW_TRACKING_USERNAME: user,
        MLFLOW_TRACKING_PASSWORD: password,
        GIT_PYTHON_REFRESH: "quiet",
        MLFLOW_HTTP_REQUEST_MAX_RETRIES: "1", // a server that is gone fails the test at once
      },
    });
    return stdout;
  }
}
