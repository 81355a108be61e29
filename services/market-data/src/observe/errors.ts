import { createHash } from "node:crypto";
import type { Log } from "./log";
import type { Metrics } from "./metrics";
import type { Redactor } from "./redact";

/** One error as an error tracker gets it; already redacted. */
export interface TrackedError {
  readonly fingerprint: string;
  readonly at: string;
  readonly source: string;
  readonly error: unknown;
  readonly context: unknown;
}

/** Where errors are sent: Sentry, a webhook, a test's array. A hook that fails is logged and never disturbs. */
export type ErrorHook = (error: TrackedError) => void | Promise<void>;

/** A hook is called at most once a minute for one fingerprint: an outage is one error, not a million. */
const quietMilliseconds = 60_000;

/** Unexpected errors: counted, logged with their stack, handed to hooks. */
export class ErrorTracker {
  readonly #hooks: ErrorHook[] = [];
  readonly #lastSent = new Map<string, number>();

  constructor(
    private readonly log: Log,
    private readonly metrics: Metrics,
    private readonly redactor: Redactor,
  ) {}

  use(hook: ErrorHook): void {
    this.#hooks.push(hook);
  }

  capture(error: unknown, source: string, context: Readonly<Record<string, unknown>> = {}): void {
    const fingerprint = fingerprintOf(error, source);
    this.metrics.count("Errors", { source });
    this.log.error(error instanceof Error ? error.message : "unexpected error", {
      source,
      fingerprint,
      error,
      ...context,
    });
    const now = Date.now();
    if (now - (this.#lastSent.get(fingerprint) ?? -Infinity) < quietMilliseconds) return;
    if (this.#lastSent.size > 1000) this.#lastSent.clear();
    this.#lastSent.set(fingerprint, now);
    const tracked: TrackedError = {
      fingerprint,
      at: new Date(now).toISOString(),
      source,
      error: this.redactor.value(error),
      context: this.redactor.value(context),
    };
    for (const hook of this.#hooks) {
      void Promise.resolve()
        .then(() => hook(tracked))
        .catch((failure: unknown) => this.log.warn("an error hook failed", { error: failure }));
    }
  }
}

/** Same place and kind of error, whatever ids and figures its message holds. */
function fingerprintOf(error: unknown, source: string): string {
  const { name, message, stack } = error instanceof Error ? error : { name: "", message: String(error), stack: "" };
  const place =
    stack
      ?.split("\n")
      .find((line) => /^\s+at /.test(line))
      ?.replace(/:\d+:\d+\)?$/, "") ?? "";
  const text = [source, name, message.replace(/[\da-f-]{8,}|\d+/gi, "#"), place].join("|");
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** Sends errors as JSON to a URL (read when needed: it is a secret). */
export function webhook(url: () => Promise<string>): ErrorHook {
  return async (error) => {
    const answer = await fetch(await url(), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(error),
      signal: AbortSignal.timeout(5000),
    });
    if (!answer.ok) throw new Error(`error webhook answered ${answer.status}`);
  };
}
