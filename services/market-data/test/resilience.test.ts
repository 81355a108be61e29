import assert from "node:assert/strict";
import { createLog } from "../src/observe/log";
import { Metrics } from "../src/observe/metrics";
import { Redactor } from "../src/observe/redact";
import { resilience, UpstreamError, type ResilienceOptions } from "../src/resilience";
import { sleep, until } from "./support/servers";

describe("resilience", () => {
  const make = (options: ResilienceOptions = {}) => {
    const lines: string[] = [];
    const metrics = new Metrics("Test", "test", (line) => lines.push(line));
    const log = createLog({ level: "error", stage: "test", redactor: new Redactor() });
    const guard = resilience("outside", log, metrics, { backoffMilliseconds: 1, ...options });
    return {
      guard,
      flushed: async () => (await metrics.flush(), lines.map((line) => JSON.parse(line) as Record<string, unknown>)),
    };
  };
  const ill = () => Promise.reject(new UpstreamError("ill", "outside", true, 503));

  it("tries again what is worth it, and only that", async () => {
    const { guard } = make();
    let calls = 0;
    assert.equal(await guard.execute("x", () => ((calls += 1) < 3 ? ill() : Promise.resolve("yes"))), "yes");
    assert.equal(calls, 3);
    calls = 0;
    await assert.rejects(
      guard.execute(
        "x",
        () => ((calls += 1), Promise.reject(new UpstreamError("unknown symbol", "outside", false, 404))),
      ),
      /unknown symbol/,
    );
    assert.equal(calls, 1);
  });

  it("opens the circuit on failures, refuses without calling, tries one later, closes on success", async () => {
    const { guard, flushed } = make({ retries: 0, breakerCalls: 6, openMilliseconds: 200 });
    for (let i = 0; i < 6; i += 1) await assert.rejects(guard.execute("x", ill));
    assert.equal(guard.circuit(), "open");
    let calls = 0;
    await assert.rejects(
      guard.execute("x", () => ((calls += 1), Promise.resolve(1))),
      /[Cc]ircuit|breaker/,
    );
    assert.equal(calls, 0);
    await sleep(250);
    assert.equal(await guard.execute("x", () => Promise.resolve(2)), 2);
    assert.equal(guard.circuit(), "closed");
    const lines = await flushed();
    assert.ok(
      lines.some(
        (line) => line.upstream === "outside" && line.reason === "circuit-open" && line.UpstreamFailures === 2,
      ),
    );
    assert.ok(lines.some((line) => line.circuit === "half-open" && line.CircuitChanges === 1));
    assert.ok(lines.some((line) => line.operation === "x" && line.UpstreamTimeCount === 8));
  });

  it("does not open for answers that refuse", async () => {
    const { guard } = make({ retries: 0, breakerCalls: 6 });
    const refuse = () => Promise.reject(new UpstreamError("no", "outside", false, 400));
    for (let i = 0; i < 20; i += 1) await assert.rejects(guard.execute("x", refuse));
    assert.equal(guard.circuit(), "closed");
  });

  it("gives up on a call that hangs, tells it so, and counts it as a failure", async () => {
    const { guard, flushed } = make({ retries: 0, attemptMilliseconds: 30 });
    let told = false;
    const hang = (signal: AbortSignal) =>
      new Promise<never>(() => signal.addEventListener("abort", () => (told = true)));
    await assert.rejects(guard.execute("x", hang), /timed out/i);
    await until("the call is told", () => told, 1);
    assert.ok((await flushed()).some((line) => line.reason === "time-out"));
  });

  it("ends all attempts at the overall limit", async () => {
    const { guard } = make({ retries: 50, attemptMilliseconds: 40, totalMilliseconds: 100, breakerCalls: 1000 });
    let calls = 0;
    await assert.rejects(
      guard.execute("x", () => ((calls += 1), new Promise<never>(() => undefined))),
      /timed out/i,
    );
    assert.ok(calls >= 2 && calls <= 4, `${calls} attempts`);
  });

  it("lets so many in, so many wait, and refuses the rest", async () => {
    const { guard } = make({ concurrent: 2, queued: 3 });
    let running = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, (running += 1));
      await sleep(20);
      running -= 1;
    };
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => guard.execute("x", work)));
    assert.equal(most, 2);
    assert.equal(results.filter(({ status }) => status === "rejected").length, 3);
  });
});
