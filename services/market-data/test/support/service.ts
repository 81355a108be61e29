import { createHmac } from "node:crypto";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { readSettings } from "../../src/config";
import { startService, type Doors, type Service } from "../../src/service";
import type { Postgres } from "./servers";

export const jwtSecret = "test-secret-of-thirty-two-letters";
export const recordingFile = fileURLToPath(new URL("../../fixtures/recording.json", import.meta.url));

/** A token as the terminal's sign-in would give it. */
export function token(claims: Readonly<Record<string, unknown>>, secret = jwtSecret): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const body = `${part({ alg: "HS256", typ: "JWT" })}.${part({ exp: Math.floor(Date.now() / 1000) + 600, ...claims })}`;
  return `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`;
}

export const bearer = (role: string, sub = "user-1") => ({ authorization: `Bearer ${token({ sub, role })}` });

export interface Running extends Service {
  readonly logs: () => Record<string, unknown>[];
  readonly logText: () => string;
  readonly metrics: () => Record<string, unknown>[];
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>;
}

export function environment(
  postgres: Pick<Postgres, "port">,
  database: string,
  redisUrl: string,
): Record<string, string> {
  return {
    PORT: "0",
    ADMIN_PORT: "0",
    HOST: "127.0.0.1",
    LOG_LEVEL: "debug",
    DATABASE_HOST: "127.0.0.1",
    DATABASE_PORT: String(postgres.port),
    DATABASE_NAME: database,
    DATABASE_USER: "postgres",
    DATABASE_PASSWORD: "database-password-1",
    REDIS_URL: redisUrl,
    PROVIDERS: "recorded",
    RECORDING_FILE: recordingFile,
    JWT_SECRET: jwtSecret,
    TRUSTED_PROXIES: "1",
    DRAIN_DELAY_SECONDS: "0",
    DRAIN_LIMIT_SECONDS: "10",
    METRICS_INTERVAL_SECONDS: "300",
  };
}

/** The service in this process, with its log and metrics at hand. */
export async function runService(env: Record<string, string>, doors: Doors = {}): Promise<Running> {
  const lines: string[] = [];
  const metricLines: string[] = [];
  const logStream = new PassThrough();
  logStream.on("data", (chunk: Buffer) => lines.push(chunk.toString()));
  const service = await startService(readSettings(env), {
    logStream,
    writeMetrics: (line) => metricLines.push(line),
    ...doors,
  });
  const parse = (text: string) =>
    text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    ...service,
    logText: () => lines.join(""),
    logs: () => parse(lines.join("")),
    metrics: () => parse(metricLines.join("")),
    get: (path, headers = {}) => fetch(service.url + path, { headers }),
  };
}
