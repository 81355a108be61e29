import closeWithGrace from "close-with-grace";
import { ConfigurationError, readSettings, type Settings } from "./config";
import { startService } from "./service";

/** Exit statuses: 0 drained with nothing lost, 1 failed or something lost, 2 the environment is not usable. */
async function main(): Promise<void> {
  let settings: Settings;
  try {
    settings = readSettings(process.env);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
    return;
  }
  const service = await startService(settings);
  const allMilliseconds = (settings.DRAIN_DELAY_SECONDS + settings.DRAIN_LIMIT_SECONDS + 5) * 1000;
  closeWithGrace({ delay: allMilliseconds, logger: false }, async ({ signal, err }) => {
    if (err !== undefined) service.errors.capture(err, "process");
    const { lost } = await service.drain(signal ?? (err === undefined ? "asked" : "error"));
    if (lost > 0) throw new Error(`${lost} quotes were not written`);
  });
  const { lost } = await service.drained;
  // The drain hook has its answer by now; the log's stream empties before the process ends.
  setTimeout(() => process.exit(lost > 0 ? 1 : (process.exitCode ?? 0)), 100);
}

main().catch((error: unknown) => {
  process.stderr.write(
    `${JSON.stringify({ level: "error", message: "the service did not start", error: startError(error) })}\n`,
  );
  process.exit(1);
});

/** Before there is a log with its redaction: no fields, no stack. */
function startError(error: unknown): string {
  return error instanceof Error ? error.message : "unknown";
}
