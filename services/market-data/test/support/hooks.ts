import { missingServers, startPostgres, type Postgres } from "./servers";

let postgres: Postgres | undefined;

/** The run's PostgreSQL; every suite makes databases of its own in it. Started by the first that asks. */
export async function sharedPostgres(context: Mocha.Context): Promise<Postgres> {
  const missing = missingServers();
  if (missing !== undefined) {
    if (process.env.CI !== undefined) throw new Error(missing);
    process.stdout.write(`    ${missing}; what needs it is skipped\n`);
    context.skip();
  }
  return (postgres ??= await startPostgres());
}

export async function mochaGlobalTeardown(): Promise<void> {
  await postgres?.remove();
}
