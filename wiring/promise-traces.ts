/** The member of Pulumi's runtime that no declaration file shows. */
interface Debuggable {
  debuggablePromise: (promise: Promise<unknown>, context?: unknown) => Promise<unknown>;
}

/**
 * Leaves out the stack trace that Pulumi notes of every promise, mapped back to the sources: a third of a program's time.
 * It is read only where a program ends with promises that never settle; what those are called is noted still.
 */
export function withoutPromiseTraces(): void {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an internal module
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
