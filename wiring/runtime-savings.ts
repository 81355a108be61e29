/* eslint-disable @typescript-eslint/no-require-imports -- internal modules of Pulumi's runtime */

/** The member of Pulumi's runtime that no declaration file shows. */
interface Debuggable {
  debuggablePromise: (promise: Promise<unknown>, context?: unknown) => Promise<unknown>;
}

/**
 * Leaves out the stack trace that Pulumi notes of every promise, mapped back to the sources: a third of a program's time.
 * It is read only where a program ends with promises that never settle; what those are called is noted still.
 */
export function withoutPromiseTraces(): void {
  const debuggable = require("@pulumi/pulumi/runtime/debuggable") as Debuggable;
  const note = debuggable.debuggablePromise;
  debuggable.debuggablePromise = (promise, context) => {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      return note(promise, context);
    } finally {
      Error.stackTraceLimit = limit;
    }
  };
}

/** Set to see what `withoutDebugMessages` leaves out: `TRADING_PLATFORM_DEBUG=true pulumi preview --debug`. */
export const debugVariable = "TRADING_PLATFORM_DEBUG";

/**
 * Leaves out the runtime's debug messages: some four a resource, each a call to the engine that waits for the answer to the
 * one before, and a program does not end before the last. The engine shows them with `--debug` alone, which it does not tell
 * the program; whoever wants them sets a variable.
 */
export function withoutDebugMessages(environment: Readonly<Record<string, string | undefined>> = process.env): void {
  if (environment[debugVariable] === "true") return;
  const log = require("@pulumi/pulumi/log") as { debug: (...message: unknown[]) => Promise<void> };
  log.debug = () => Promise.resolve();
}
