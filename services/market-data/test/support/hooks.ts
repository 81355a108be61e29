import { missingServers, startPostgres, type Postgres } from "./servers";

// Kept globally: mocha requires this file and tests import it, which makes two of it.
const kept = globalThis as typeof globalThis & { testPostgres?: Promise<Postgres> };

/** The run's PostgreSQL; every suite makes databases of its own in it. Started by the first that asks. */
export async function sharedPostgres(context: Mocha.Context): Promise<Postgres> {
  const missing = missingServers();
  if (missing !== undefined) {
    if (process.env.CI !== undefined) throw new Error(missing);
    process.stdout.write(`    ${missing}; what needs it is skipped\n`);
    context.skip();
  }
  return (kept.testPostgres ??= startPostgres());
}

export async function mochaGlobalTeardown(): Promise<void> {
  await (await kept.testPostgres)?.remove();
}
