/**
 * The drain hook: what the fleet schedule runs on an instance before it stops it (`docker exec <container> node
 * dist/server/drain.mjs`). Waits until the service has drained. Exit statuses as the schedule reads them: 0 drained (or not
 * running at all), 12 something could not be written or the time is up.
 */
const port = process.env.ADMIN_PORT ?? "9091";
const limitSeconds = Number(process.argv[2] ?? process.env.DRAIN_HOOK_SECONDS ?? "120");

async function drain(): Promise<number> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/drain`, {
      method: "POST",
      signal: AbortSignal.timeout(limitSeconds * 1000),
    });
    const result = (await answer.json()) as { lost: number; seconds: number };
    process.stdout.write(`drained in ${result.seconds} s, ${result.lost} quotes lost\n`);
    return result.lost === 0 ? 0 : 12;
  } catch (error) {
    if ((error as { cause?: { code?: string } }).cause?.code === "ECONNREFUSED") {
      process.stdout.write("the service is not running: nothing to drain\n");
      return 0;
    }
    process.stderr.write(`not drained: ${error instanceof Error ? error.message : "unknown"}\n`);
    return 12;
  }
}

void drain().then((status) => (process.exitCode = status));

export {};
