import { readFileSync } from "node:fs";
import pg from "pg";
import type { Settings } from "../config";
import type { Log } from "../observe/log";
import type { Metrics } from "../observe/metrics";
import type { Secrets } from "../secrets";

/** A statement with a name: prepared once a connection, and the dimension of its timing. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export const statement = (name: string, text: string): Statement => ({ name, text });

const slowMilliseconds = 250;

/** How a connection is made: shared by the pool, the session and the migrations. */
export function connectionConfig(settings: Settings, secrets: Secrets): pg.ClientConfig {
  return {
    host: settings.DATABASE_HOST,
    port: settings.DATABASE_PORT,
    database: settings.DATABASE_NAME,
    user: settings.DATABASE_USER,
    // Asked at every connection: a rotated password needs no restart.
    password: async () => (await secrets.find("DATABASE_PASSWORD")) ?? "",
    ssl:
      settings.DATABASE_TLS === "off"
        ? false
        : {
            rejectUnauthorized: true,
            ...(settings.DATABASE_CA_FILE === undefined ? {} : { ca: readFileSync(settings.DATABASE_CA_FILE, "utf8") }),
          },
    connectionTimeoutMillis: 3000,
    keepAlive: true,
    application_name: "market-data",
  };
}

/** The pool, with every statement timed and slow ones logged by name; values never are. */
export class Database {
  readonly #pool: pg.Pool;

  constructor(
    config: pg.ClientConfig,
    poolSize: number,
    private readonly log: Log,
    private readonly metrics: Metrics,
  ) {
    this.#pool = new pg.Pool({ ...config, max: poolSize, statement_timeout: 5000, query_timeout: 6000 });
    // An idle connection that breaks is replaced at its next use; without a listener it would end the process.
    this.#pool.on("error", (error) => log.warn("an idle database connection broke", { error }));
    metrics.collect(() => {
      metrics.gauge("DatabaseConnections", this.#pool.totalCount);
      metrics.gauge("DatabaseWaiting", this.#pool.waitingCount);
    });
  }

  async query<Row extends pg.QueryResultRow>(
    { name, text }: Statement,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    const started = performance.now();
    try {
      return (await this.#pool.query<Row>({ name, text, values: [...values] })).rows;
    } catch (error) {
      this.metrics.count("DatabaseErrors", { statement: name });
      throw error;
    } finally {
      const took = performance.now() - started;
      this.metrics.time("DatabaseTime", took, { statement: name });
      if (took > slowMilliseconds) this.log.warn("slow statement", { statement: name, milliseconds: Math.round(took) });
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}
