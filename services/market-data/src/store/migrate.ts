import { runner } from "node-pg-migrate";
import pg from "pg";
import type { Log } from "../observe/log";

/** Brings the schema up to date; instances that start together wait for the one that migrates. */
export async function migrate(config: pg.ClientConfig, folder: string, log: Log): Promise<number> {
  const client = new pg.Client(config);
  await client.connect();
  try {
    const say = (text: string) => void log.debug("migration", { text });
    const done = await runner({
      dbClient: client,
      dir: folder,
      migrationsTable: "schema_migrations",
      direction: "up",
      advisoryLockMode: "wait",
      logger: { debug: say, info: say, warn: say, error: say },
    });
    if (done.length > 0) log.info("schema migrated", { migrations: done.map(({ name }) => name) });
    return done.length;
  } finally {
    await client.end();
  }
}
