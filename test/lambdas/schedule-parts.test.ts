import assert from "node:assert/strict";
import fc from "fast-check";
import type { CommandInvocation } from "@aws-sdk/client-ssm";
import validator from "asl-validator";
import { startMachine, stopMachine } from "../../components/trading/fleet-schedule/state-machines";
import { bisect, Throttled } from "../../lambdas/common/instances";
import { outcomeOf } from "../../lambdas/fleet-drain/core";
import { sentence, total } from "../../lambdas/schedule-report/core";
import { decide } from "../../lambdas/schedule-decide/core";
import { awsError, windows } from "../support/fleet";

describe("the schedule's decisions", () => {
  const ask = (scheduledTime: string | undefined, action: "start" | "stop" = "start") =>
    decide(windows, { action, scheduledTime, execution: "x" }, new Date("2026-11-21T12:00:00Z"));

  it("starts half an hour before the opening, on both sides of both clock changes", () => {
    for (const due of [
      "2026-03-06T14:00:00Z",
      "2026-03-09T13:00:00Z",
      "2026-10-30T13:00:00Z",
      "2026-11-02T14:00:00Z",
    ]) {
      assert.equal(ask(due).act, true, due);
      assert.equal(ask(due).reason, "a running window of NYSE starts");
    }
    for (const wrong of ["2026-03-09T14:00:00Z", "2026-11-02T13:00:00Z", "2026-11-22T14:00:00Z"]) {
      assert.equal(ask(wrong).act, false, wrong);
      assert.equal(ask(wrong).reason, "no running window of NYSE starts at this time");
    }
  });

  it("acts by hand at any time, with a lock of its own", () => {
    assert.deepEqual(ask(undefined, "stop"), { act: true, reason: "by hand", stale: false, lock: "stop#x" });
  });

  it("says when the calendar is older than it was checked for, and still acts", () => {
    const late = ask("2028-01-03T14:00:00Z");
    assert.deepEqual([late.act, late.stale], [true, true]);
    assert.equal(ask("2027-12-31T14:00:00Z").stale, false);
  });

  it("refuses a time that is none", () => {
    assert.throws(() => ask("tomorrow"), /scheduledTime is not a time: tomorrow/);
  });
});

describe("calls for many instances", () => {
  it("fail for exactly the bad ids, whatever they are, with few calls", async () => {
    const some = fc.array(fc.boolean(), { minLength: 0, maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(some, async (bad) => {
        const ids = bad.map((_, index) => `i-${index}`);
        const badIds = new Set(ids.filter((_, index) => bad[index]));
        const done: string[] = [];
        let calls = 0;
        const failed = await bisect(ids, (part) => {
          calls++;
          if (part.some((id) => badIds.has(id))) return Promise.reject(awsError("InvalidInstanceID.NotFound"));
          done.push(...part);
          return Promise.resolve();
        });
        assert.deepEqual(
          failed.map(({ id }) => id),
          ids.filter((id) => badIds.has(id)),
        );
        assert.ok(failed.every(({ code }) => code === "InvalidInstanceID.NotFound"));
        assert.deepEqual(
          done,
          ids.filter((id) => !badIds.has(id)),
        );
        assert.ok(calls <= 1 + 2 * badIds.size * Math.ceil(Math.log2(Math.max(2, ids.length))), `${calls} calls`);
      }),
    );
  });

  it("end at throttling instead of asking for more", async () => {
    let calls = 0;
    const busy = () => {
      calls++;
      return Promise.reject(awsError("ThrottlingException", "Rate exceeded"));
    };
    await assert.rejects(
      bisect(["a", "b", "c"], busy),
      (error) => error instanceof Throttled && /Rate exceeded/.test(error.message),
    );
    assert.equal(calls, 1);
  });
});

describe("what an invocation says", () => {
  const cases: readonly (readonly [CommandInvocation, string])[] = [
    [{ Status: "Pending" }, "waiting"],
    [{ Status: "InProgress" }, "waiting"],
    [{ Status: "Delayed" }, "waiting"],
    [{ Status: "Cancelling" }, "waiting"],
    [{ Status: "Success", StatusDetails: "Success" }, "drained"],
    [{ Status: "Failed", CommandPlugins: [{ ResponseCode: 10 }] }, "position-open"],
    [{ Status: "Failed", CommandPlugins: [{ ResponseCode: 11 }] }, "no-drain-hook"],
    [{ Status: "Failed", CommandPlugins: [{ ResponseCode: 12 }] }, "drain-failed"],
    [{ Status: "Failed" }, "drain-failed"],
    [{ Status: "Failed", StatusDetails: "Undeliverable" }, "not-delivered"],
    [{ Status: "Failed", StatusDetails: "InvalidPlatform" }, "not-delivered"],
    [{ Status: "TimedOut", StatusDetails: "DeliveryTimedOut" }, "not-delivered"],
    [{ Status: "TimedOut", StatusDetails: "ExecutionTimedOut" }, "drain-timed-out"],
    [{ Status: "Cancelled" }, "not-delivered"],
    [{}, "waiting"],
  ];
  for (const [invocation, outcome] of cases) {
    it(`${JSON.stringify(invocation)} is ${outcome}`, () => assert.equal(outcomeOf(invocation), outcome));
  }
});

describe("the report", () => {
  it("adds up batches and names at most five ids a problem", () => {
    const ids = ["a", "b", "c", "d", "e", "f", "g"];
    const outcome = total([
      { done: 3, problems: { "drain-failed": ids } },
      { done: 2, problems: { "agent-offline": ["z"] } },
    ]);
    assert.equal(outcome.failed, 8);
    assert.equal(
      sentence("stop", outcome),
      "5 stopped, 8 not (drain-failed: a, b, c, d, e, and 2 more; agent-offline: z)",
    );
  });
});

describe("the state machines", () => {
  const arn = (name: string) => `arn:aws:lambda:us-east-1:123456789012:function:${name}`;
  const arns = { decide: arn("a"), find: arn("b"), drain: arn("c"), power: arn("d"), report: arn("e") };
  for (const [name, definition] of Object.entries({ start: startMachine(arns), stop: stopMachine(arns, 900) })) {
    it(`${name} is valid Amazon States Language`, () => {
      const verdict = validator(structuredClone(definition));
      assert.ok(verdict.isValid, verdict.errorsText());
    });
  }
});
