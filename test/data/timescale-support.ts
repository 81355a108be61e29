import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { request } from "node:http";
import { createServer as createTlsServer, type Server } from "node:https";
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

export const run = promisify(execFile);
const root = resolve(__dirname, "../..");
const program = join(root, "components/data/timescale-database/timescale-node.sh");
export const pgBin = ["17", "16", "15"]
  .map((major) => `/usr/lib/postgresql/${major}/bin`)
  .find((path) => existsSync(path));
export const python = join(root, ".emulator/bin/python");
const has = (tool: string) => {
  try {
    execFileSync("sh", ["-c", `command -v ${tool}`]);
    return true;
  } catch {
    return false;
  }
};
export const missing = [
  ...(pgBin ? [] : ["PostgreSQL (apt-get install postgresql)"]),
  ...(has("pgbackrest") ? [] : ["pgBackRest (apt-get install pgbackrest)"]),
  ...["openssl", "python3"].filter((tool) => !has(tool)),
  ...(existsSync(python) ? [] : ["the emulator (moto in .emulator)"]),
];

export const isRoot = userInfo().uid === 0;
export const user = isRoot ? "postgres" : userInfo().username;
/** Passwords that a person may have made up: every character with a meaning in a shell, in SQL or in a password file. */
const password = String.raw`it's "master": $(touch pwned) \back; drop`;
export const pendingPassword = String.raw`'; drop role owner; -- :name \'"$HOME`;

export const freePort = () =>
  new Promise<number>((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => done(port));
    });
  });

/** moto answers plain HTTP; pgBackRest speaks TLS only. */
export function tlsInFront(port: number, key: string, cert: string): Promise<Server> {
  const server = createTlsServer({ key, cert }, (from, to) => {
    const onward = request(
      { host: "127.0.0.1", port, method: from.method, path: from.url, headers: from.headers },
      (answer) => {
        to.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(to);
      },
    );
    onward.on("error", () => to.destroy());
    from.pipe(onward);
  });
  return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server)));
}

/** Stands in for the AWS command line: marks are files, secrets are fixed. */
export const awsStub = `#!/usr/bin/env bash
set -euo pipefail
store="$AWS_STUB_STORE"
[ ! -e "$store/broken" ] || { echo "Could not connect to the endpoint URL" >&2; exit 1; }
case "$1 $2" in
  "s3 cp")
    if [ "$4" = - ]; then file="$store/\${3##*/}"; cat "$file" 2>/dev/null || { echo "fatal error: (404) Not Found" >&2; exit 1; }
    else cat >"$store/\${4##*/}"; fi ;;
  "secretsmanager get-secret-value")
    if [[ "$*" == *AWSPENDING* ]]; then cat <<'PENDING'
${JSON.stringify({ password: pendingPassword })}
PENDING
    else cat <<'CURRENT'
${JSON.stringify({ password })}
CURRENT
    fi ;;
  "ssm get-parameter") cat "$store/tuning" ;;
  "cloudwatch put-metric-data") printf '%s\\n' "$@" >"$store/metrics" ;;
  *) echo "unexpected: $*" >&2; exit 2 ;;
esac
`;

export class Node {
  readonly directory: string;
  constructor(
    readonly name: "a" | "b",
    readonly port: number,
    readonly place: string,
  ) {
    this.directory = join(place, name);
  }

  /** Runs a command of the program; resolves with what it wrote, rejects where it failed. */
  async run(...words: string[]): Promise<string> {
    const env = {
      ...process.env,
      PATH: `${join(this.place, "bin")}:${process.env.PATH ?? ""}`,
      TIMESCALE_ENV: join(this.directory, "node.env"),
      AWS_STUB_STORE: join(this.place, "store"),
    };
    const child = run("bash", [program, ...words], { env });
    child.child.stdin?.end();
    const { stdout, stderr } = await child;
    return stdout + stderr;
  }

  /** One value by a client's connection: TLS, password, over TCP. */
  async ask(sql: string, options: { port?: number; sslmode?: string; password?: string } = {}): Promise<string> {
    const target = `host=127.0.0.1 port=${options.port ?? this.port} dbname=market user=owner sslmode=${options.sslmode ?? "require"}`;
    const { stdout } = await run(
      join(pgBin ?? "", "psql"),
      ["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", target, "-c", sql],
      {
        env: { ...process.env, PGPASSWORD: options.password ?? password },
      },
    );
    return stdout.trim();
  }
}

export async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 150; attempt++) {
    if (await check().catch(() => false)) return;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error(`waited in vain: ${what}`);
}
