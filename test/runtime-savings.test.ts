import * as assert from "node:assert/strict";
import { debugVariable, withoutDebugMessages, withoutPromiseTraces } from "../wiring/runtime-savings";

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
    assert.match(new Error("beside it").stack ?? "", /runtime-savings\.test/);
  });
});

describe("Debug messages of Pulumi's runtime", () => {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- the object that the runtime itself calls
  const log = require("@pulumi/pulumi/log") as Record<"debug" | "info" | "warn", (text: string) => Promise<void>>;
  const { debug, info, warn } = log;
  afterEach(() => Object.assign(log, { debug }));

  it("stay in the program, and all others go to the engine as ever", () => {
    withoutDebugMessages({});
    assert.notEqual(log.debug, debug);
    assert.deepEqual([log.info, log.warn], [info, warn]);
  });

  it("can be waited for like any other", async () => {
    withoutDebugMessages({});
    await log.debug("Registering resource: t=aws:ec2/vpc:Vpc, name=network");
  });

  it(`go to the engine where ${debugVariable} asks for them`, () => {
    withoutDebugMessages({ [debugVariable]: "true" });
    assert.equal(log.debug, debug);
  });
});
