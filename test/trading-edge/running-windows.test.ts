import assert from "node:assert/strict";
import { Cron } from "croner";
import fc from "fast-check";
import { exchanges, sessionsBetween, wallClock, zoneOf, type Exchange } from "../../lambdas/common/exchange-calendar";
import {
  isEdge,
  isOpening,
  recurringSchedules,
  runningWindows,
  type RecurringSchedule,
  type WindowSettings,
} from "../../lambdas/common/running-windows";

const settings = (exchange: Exchange, more: Partial<WindowSettings> = {}): WindowSettings => ({
  exchange,
  startBeforeMinutes: 30,
  stopAfterMinutes: 30,
  minimumGapMinutes: 120,
  overrides: [],
  ...more,
});

const shown = (exchange: Exchange, at: Date) => {
  const { date, time } = wallClock(at, zoneOf(exchange));
  return `${date} ${time}`;
};
const windowsOf = (exchange: Exchange, first: string, last: string) =>
  runningWindows(settings(exchange), first, last).map(
    ({ startsAt, stopsAt }) => `${shown(exchange, startsAt)} to ${shown(exchange, stopsAt)}`,
  );

/** Every moment at which a schedule fires in a stretch of time, by a cron engine of its own in the schedule's zone. */
function firings({ cron, timezone }: RecurringSchedule, from: string, to: string): string[] {
  const [minute, hour, , month, weekdays] = cron.split(" ");
  const job = new Cron(`${minute} ${hour} * ${month} ${weekdays}`, { timezone, paused: true });
  const moments: string[] = [];
  const end = new Date(to);
  for (let at = job.nextRun(new Date(from)); at && at < end; at = job.nextRun(at)) moments.push(at.toISOString());
  return moments;
}

describe("running windows", () => {
  it("puts margins around NYSE's sessions, shorter on half days and none on holidays", () => {
    assert.deepEqual(windowsOf("NYSE", "2026-11-25", "2026-11-30"), [
      "2026-11-25 09:00 to 2026-11-25 16:30",
      "2026-11-27 09:00 to 2026-11-27 13:30",
      "2026-11-30 09:00 to 2026-11-30 16:30",
    ]);
  });

  it("runs through CME Globex's daily hour, and stops over weekends and long holiday halts", () => {
    assert.deepEqual(windowsOf("CME Globex", "2026-01-12", "2026-01-23"), [
      "2026-01-11 16:30 to 2026-01-16 16:30",
      "2026-01-18 16:30 to 2026-01-19 12:30", // Martin Luther King's day halts at noon
      "2026-01-19 16:30 to 2026-01-23 16:30",
    ]);
  });

  it("stops in the daily hour where the gap is allowed to be that short", () => {
    const tight = settings("CME Globex", { startBeforeMinutes: 5, stopAfterMinutes: 5, minimumGapMinutes: 30 });
    assert.equal(runningWindows(tight, "2026-01-12", "2026-01-16").length, 5);
  });

  for (const exchange of exchanges) {
    it(`schedules fire at every start, stop and check of ${exchange} from 2024 to 2027, and act only then`, () => {
      const one = settings(exchange);
      const expected = runningWindows(one, "2024-01-01", "2027-12-31");
      const acted = { start: new Set<string>(), stop: new Set<string>(), readiness: new Set<string>() };
      for (const schedule of recurringSchedules(one, 10)) {
        for (const moment of firings(schedule, "2023-12-31T12:00:00Z", "2027-12-31T23:00:00Z")) {
          const at = new Date(moment);
          const acts =
            schedule.action === "readiness"
              ? isOpening(one, new Date(at.getTime() + 600_000))
              : isEdge(one, schedule.action, at);
          if (acts) {
            assert.ok(!acted[schedule.action].has(moment), `two schedules act at ${moment}`);
            acted[schedule.action].add(moment);
          }
        }
      }
      const inside = (at: Date) => at > new Date("2023-12-31T12:00:00Z") && at < new Date("2027-12-31T23:00:00Z");
      const starts = expected.map(({ startsAt }) => startsAt).filter(inside);
      const stops = expected.map(({ stopsAt }) => stopsAt).filter(inside);
      const openings = sessionsBetween(exchange, "2024-01-01", "2027-12-31").map(({ opensAt }) => opensAt);
      const text = (moments: readonly Date[]) => moments.map((at) => at.toISOString());
      assert.deepEqual([...acted.start].sort(), text(starts));
      assert.deepEqual([...acted.stop].sort(), text(stops));
      assert.deepEqual(
        [...acted.readiness].sort(),
        text(openings.map((at) => new Date(at.getTime() - 600_000)).filter(inside)),
      );
    }).timeout(120_000);
  }

  it("needs few schedules, in the exchange's zone and AWS's form", () => {
    assert.deepEqual(
      recurringSchedules(settings("NYSE"), 10).map(({ action, cron, timezone }) => `${action} ${cron} ${timezone}`),
      [
        "start 0 9 ? * MON,TUE,WED,THU,FRI * America/New_York",
        "stop 30 13 ? * MON,TUE,WED,THU,FRI * America/New_York",
        "stop 30 16 ? * MON,TUE,WED,THU,FRI * America/New_York",
        "readiness 20 9 ? * MON,TUE,WED,THU,FRI * America/New_York",
      ],
    );
    for (const { cron } of recurringSchedules(settings("CME Globex"), 10)) {
      assert.match(cron, /^\d{1,2} \d{1,2} \? \* (SUN|MON|TUE|WED|THU|FRI|SAT)(,[A-Z]{3})* \*$/);
    }
  });

  it("fires at the closing that an override sets", () => {
    const one = settings("NYSE", { overrides: [{ date: "2026-12-02", close: "11:15" }] });
    const crons = recurringSchedules(one, 10).map(({ action, cron }) => `${action} ${cron}`);
    assert.ok(crons.includes("stop 45 11 ? * WED *"), crons.join("\n"));
    assert.ok(isEdge(one, "stop", new Date("2026-12-02T16:45:00Z")));
    assert.equal(isEdge(one, "stop", new Date("2026-12-02T21:30:00Z")), false, "the usual stop has nothing to do");
  });

  it("keeps windows in order, apart by the gap, and every session inside one", () => {
    const some = fc.record({
      exchange: fc.constantFrom(...exchanges),
      startBeforeMinutes: fc.integer({ min: 5, max: 720 }),
      stopAfterMinutes: fc.integer({ min: 0, max: 720 }),
      minimumGapMinutes: fc.integer({ min: 30, max: 1440 }),
      overrides: fc.constant([]),
    });
    fc.assert(
      fc.property(some, fc.integer({ min: 2024, max: 2030 }), (one, year) => {
        const windows = runningWindows(one, `${year}-01-01`, `${year}-12-31`);
        windows.forEach((window, index) => {
          assert.ok(window.startsAt < window.stopsAt);
          const next = windows[index + 1];
          if (next) assert.ok(next.startsAt.getTime() - window.stopsAt.getTime() >= one.minimumGapMinutes * 60_000);
        });
        for (const { opensAt, closesAt } of sessionsBetween(one.exchange, `${year}-01-01`, `${year}-12-31`)) {
          assert.ok(windows.some(({ startsAt, stopsAt }) => startsAt <= opensAt && closesAt <= stopsAt));
        }
      }),
      { numRuns: 40 },
    );
  }).timeout(120_000);
});
