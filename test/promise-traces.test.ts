import * as assert from "node:assert/strict";
import { withoutPromiseTraces } from "../wiring/promise-traces";

interface Noted extends Promise<unknown> {
  readonly _debugCtx: unknown;
  readonly _debugStackTrace: string;
}
interface Debuggable {
  debuggablePromise: (promise: Promise<unknown>, context?: unknown) => Promise<unknown>;
}

describe("Notes of Pulumi's promises", () => {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an internal module
  const debuggable = require("@pulumi/pulumi/runtime/debuggable") as Debuggable;
  const { debuggablePromise } = debuggable;
  afterEach(() => Object.assign(debuggable, { debuggablePromise }));

  it("keep a promise's name and leave out its stack trace", async () => {
    withoutPromiseTraces();
    const promise = Promise.resolve(7) as Noted;
    assert.equal(await debuggable.debuggablePromise(promise, "resource network-vpc"), 7);
    assert.equal(promise._debugCtx, "resource network-vpc");
    assert.doesNotMatch(promise._debugStackTrace, /\n\s+at /);
  });

  it("leave the stack traces of errors as they are", async () => {
    withoutPromiseTraces();
    await debuggable.debuggablePromise(Promise.resolve());
    assert.match(new Error("beside it").stack ?? "", /promise-traces\.test/);
  });
});
