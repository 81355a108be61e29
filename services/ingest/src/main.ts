import closeWithGrace from "close-with-grace";
import { ConfigurationError, readSettings, type Settings } from "./config";
import { startService } from "./service";

/** Exit statuses: 0 drained with nothing lost, 1 failed, refused or something lost, 2 the environment is not usable. */
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
  const closing = closeWithGrace(
    { delay: (settings.INGEST_DRAIN_SECONDS + 4) * 1000, logger: false },
    async ({ err }) => {
      if (err !== undefined) process.stderr.write(`${JSON.stringify({ level: "error", message: err.message })}\n`);
      const lost = await service.drain();
      if (lost > 0) throw new Error(`${lost} ticks were not sent`); // status 1
    },
  );
  await service.refused;
  await service.drain();
  closing.uninstall();
  process.exit(1); // the next start reads the key anew
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : "unknown";
  process.stderr.write(`${JSON.stringify({ level: "error", message: `the server did not start: ${message}` })}\n`);
  process.exit(1);
});
