import assert from "node:assert/strict";
import { validate } from "../../config";
import { main } from "../../delivery/freeze/cli";
import { freezeAt } from "../../delivery/freeze/freeze";
import { captured } from "../support/command";

const settings = (stage: string, schedule?: object) =>
  validate(
    { project: "trading-platform", organization: "organization", stack: stage },
    { stage, owner: "trading", network: {}, ...(schedule && { schedule }) },
    "us-east-1",
  );
const frozen = (at: string, schedule: object | undefined = {}) =>
  freezeAt(settings("prod", schedule), new Date(at)).frozen;

describe("deploy freeze", () => {
  it("holds from the start before a session to the stop after it, in New York's time", () => {
    assert.deepEqual(
      ["2026-11-20T13:59:00Z", "2026-11-20T14:00:00Z", "2026-11-20T21:29:00Z", "2026-11-20T21:30:00Z"].map((at) =>
        frozen(at),
      ),
      [false, true, true, false],
    );
    assert.equal(frozen("2026-07-10T13:00:00Z"), true, "an hour earlier in summer");
  });

  it("knows holidays, half days, weekends and the stack's own overrides", () => {
    assert.equal(frozen("2026-11-26T16:00:00Z"), false, "Thanksgiving");
    assert.deepEqual(
      [frozen("2026-11-27T18:00:00Z"), frozen("2026-11-27T18:31:00Z")],
      [true, false],
      "closes at 13:00",
    );
    assert.equal(frozen("2026-11-21T16:00:00Z"), false, "Saturday");
    assert.equal(frozen("2026-11-20T16:00:00Z", { overrides: [{ date: "2026-11-20", close: "closed" }] }), false);
  });

  it("takes the stack's exchange, and New York's where it has no schedule", () => {
    assert.equal(frozen("2026-11-19T03:00:00Z", { exchange: "CME Globex" }), true, "Globex trades at night");
    assert.deepEqual(
      [frozen("2026-11-20T16:00:00Z", undefined), frozen("2026-11-19T03:00:00Z", undefined)],
      [true, false],
    );
  });

  it("is for live trading alone", () => {
    for (const stage of ["dev", "qa"]) {
      const { frozen: is, reason } = freezeAt(settings(stage, {}), new Date("2026-11-20T16:00:00Z"));
      assert.deepEqual([is, reason], [false, `${stage} is ${stage}: it trades no money`]);
    }
  });

  it("is told by exit status, and overridden with a reason only", async () => {
    const open = ["prod", "--at", "2026-11-20T16:00:00Z"];
    const shut = await captured(main, ...open);
    assert.equal(shut.status, 1);
    assert.match(
      shut.stdout,
      /^Frozen: prod trades at NYSE until 2026-11-20T21:30:00\.000Z\n {2}fix: wait, or give --override a reason\n$/,
    );
    assert.equal((await captured(main, ...open, "--override", " ")).status, 1);
    const over = await captured(main, ...open, "--override", "the feed is down");
    assert.deepEqual([over.status, over.stdout.includes("Overridden: the feed is down")], [0, true]);
    assert.equal((await captured(main, "prod", "--at", "2026-11-21T16:00:00Z")).status, 0);
    const wrong = await captured(main, "prod", "--at", "tomorrow");
    assert.deepEqual([wrong.status, /not a time with its zone/.test(wrong.stderr)], [2, true]);
    const later = await captured(main, "prod", "--at", "2031-01-04T16:00:00Z");
    assert.match(later.stderr, /calendar of holidays is not checked for this day/);
  });
});
