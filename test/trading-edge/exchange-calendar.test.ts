import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import {
  addDays,
  checkedThrough,
  exchanges,
  isOpen,
  isStale,
  overrideProblem,
  sessionOn,
  sessionsBetween,
  wallClock,
  weekdayOf,
  zonedTime,
  zoneOf,
  type Exchange,
} from "../../lambdas/common/exchange-calendar";

/** The file of each group's sessions, and how many there are once Good Fridays without an employment report are out. */
const groups = {
  "CME Globex equity index": { file: "globex-equity-index", sessions: 1034 },
  "CME Globex FX": { file: "globex-fx", sessions: 1034 },
  "CME Globex interest rates": { file: "globex-interest-rates", sessions: 1034 },
  "CME Globex livestock": { file: "globex-livestock", sessions: 1009 },
} as const;

/** Sessions as PyPI's exchange_calendars and pandas_market_calendars have them; written by fixtures/exchange-sessions.py. */
function independent(name: string) {
  const lines = readFileSync(join(__dirname, "fixtures", `${name}.csv`), "utf8")
    .trim()
    .split("\n")
    .slice(1);
  return lines.map((line) => {
    const [date = "", opens = "", closes = ""] = line.split(",");
    return { date, opensAt: new Date(opens).toISOString(), closesAt: new Date(closes).toISOString() };
  });
}

const ours = (exchange: Exchange) =>
  sessionsBetween(exchange, "2024-01-01", checkedThrough).map(({ date, opensAt, closesAt }) => ({
    date,
    opensAt: opensAt.toISOString(),
    closesAt: closesAt.toISOString(),
  }));

const day = (date: string) => sessionOn("NYSE", date);
const clock = (at: Date | undefined, exchange: Exchange = "NYSE") => at && wallClock(at, zoneOf(exchange)).time;

describe("exchange calendar against independent calendars, 2024 to 2027", () => {
  it("has NYSE's 1004 sessions to the minute", () => {
    const expected = independent("XNYS");
    assert.equal(expected.length, 1004);
    assert.deepEqual(ours("NYSE"), expected);
  });

  it("has CME Globex's 1032 sessions; a full day ends at the 16:00 halt, where exchange_calendars counts on to 17:00", () => {
    const zone = zoneOf("CME Globex");
    const expected = independent("CMES").map((session) => {
      const full = wallClock(new Date(session.closesAt), zone).time === "17:00";
      return full ? { ...session, closesAt: zonedTime(session.date, "16:00", zone).toISOString() } : session;
    });
    assert.equal(expected.length, 1032);
    assert.deepEqual(ours("CME Globex"), expected);
  });

  for (const [group, { file, sessions }] of Object.entries(groups)) {
    it(`has the ${sessions} sessions of ${group} to the minute`, () => {
      // pandas_market_calendars lets financial futures trade on every Good Friday since 2023; exchange_calendars closes on
      // all of them. They trade on those with an employment report alone: see the next test.
      const withoutReport = ["2024-03-29", "2025-04-18", "2027-03-26"];
      const closed = independent("CMES").map(({ date }) => date);
      for (const date of withoutReport) assert.ok(!closed.includes(date), date);
      const expected = independent(file).filter(({ date }) => !withoutReport.includes(date));
      assert.equal(expected.length, sessions);
      assert.deepEqual(ours(group as Exchange), expected);
    });
  }

  it("knows which Good Fridays of 2010 to 2022 equity index futures traded on, for the employment report", () => {
    const lines = readFileSync(join(__dirname, "fixtures", "good-fridays.csv"), "utf8")
      .trim()
      .split("\n")
      .slice(1);
    assert.equal(lines.length, 13);
    const found = lines.map((line) => {
      const [date = ""] = line.split(",");
      return `${date},${clock(sessionOn("CME Globex equity index", date)?.closesAt, "CME Globex") ?? "closed"}`;
    });
    assert.deepEqual(found, lines);
    assert.equal(clock(sessionOn("CME Globex equity index", "2026-04-03")?.closesAt, "CME Globex"), "08:15");
  });

  it("was compared up to the day that it says, for every calendar on offer", () => {
    const compared = { NYSE: "XNYS", "CME Globex": "CMES" };
    assert.deepEqual([...exchanges], [...Object.keys(compared), ...Object.keys(groups)]);
    for (const name of [...Object.values(compared), ...Object.values(groups).map(({ file }) => file)]) {
      assert.equal(independent(name).at(-1)?.date, checkedThrough);
    }
  });
});

describe("exchange calendar", () => {
  it("closes on holidays and weekends", () => {
    for (const date of ["2026-12-25", "2026-04-03", "2026-06-19", "2026-07-03", "2026-11-21", "2026-11-22"]) {
      assert.equal(day(date), undefined, date);
    }
  });

  it("closes early on half days", () => {
    assert.deepEqual([day("2026-11-27")?.early, clock(day("2026-11-27")?.closesAt)], [true, "13:00"]);
    assert.deepEqual([day("2026-11-25")?.early, clock(day("2026-11-25")?.closesAt)], [false, "16:00"]);
    const globex = sessionOn("CME Globex", "2026-11-26");
    assert.deepEqual([globex?.early, clock(globex?.closesAt, "CME Globex")], [true, "12:00"]);
  });

  it("tells the product groups of CME Globex apart on holidays", () => {
    const closings = (date: string) =>
      exchanges.slice(2).map((group) => clock(sessionOn(group, date)?.closesAt, group));
    assert.deepEqual(closings("2026-11-26"), ["12:00", "16:00", "12:00", undefined], "Thanksgiving");
    assert.deepEqual(closings("2026-11-27"), ["12:15", "12:15", "12:15", "12:05"], "the day after it");
    assert.deepEqual(closings("2025-07-03"), ["12:15", "16:00", "16:00", "13:05"], "the eve of Independence Day");
    assert.deepEqual(closings("2026-06-19"), ["12:00", "16:00", "12:00", "13:05"], "Juneteenth");
    assert.deepEqual(closings("2026-04-03"), ["08:15", "10:15", "10:15", undefined], "a Good Friday with the report");
  });

  it("does not close for a New Year's Day on Saturday, and moves one on Sunday to Monday", () => {
    assert.ok(day("2027-12-31"));
    assert.equal(day("2023-01-02"), undefined);
  });

  it("keeps the wall clock over both clock changes", () => {
    const opening = (date: string) => day(date)?.opensAt.toISOString();
    assert.deepEqual(
      [opening("2026-03-06"), opening("2026-03-09")],
      ["2026-03-06T14:30:00.000Z", "2026-03-09T13:30:00.000Z"],
    );
    assert.deepEqual(
      [opening("2026-10-30"), opening("2026-11-02")],
      ["2026-10-30T13:30:00.000Z", "2026-11-02T14:30:00.000Z"],
    );
    // Globex opens on the evening of the very Sunday that the clocks change.
    const globex = (date: string) => sessionOn("CME Globex", date)?.opensAt.toISOString();
    assert.deepEqual(
      [globex("2026-03-09"), globex("2026-11-02")],
      ["2026-03-08T22:00:00.000Z", "2026-11-01T23:00:00.000Z"],
    );
  });

  it("takes overrides before rules", () => {
    assert.equal(sessionOn("NYSE", "2026-11-23", [{ date: "2026-11-23", close: "closed" }]), undefined);
    const early = sessionOn("NYSE", "2026-11-23", [{ date: "2026-11-23", close: "12:30" }]);
    assert.deepEqual([early?.early, clock(early?.closesAt)], [true, "12:30"]);
    assert.ok(sessionOn("NYSE", "2026-12-25", [{ date: "2026-12-25", close: "16:00" }]), "an override opens a holiday");
    assert.equal(
      sessionOn("NYSE", "2026-11-21", [{ date: "2026-11-21", close: "16:00" }]),
      undefined,
      "never a weekend",
    );
  });

  it("says what is wrong with an override", () => {
    assert.equal(overrideProblem({ date: "2026-02-30", close: "closed" }), "date is not YYYY-MM-DD");
    assert.equal(overrideProblem({ date: "tomorrow", close: "closed" }), "date is not YYYY-MM-DD");
    assert.equal(overrideProblem({ date: "2026-02-27", close: "24:00" }), 'close is neither "closed" nor a time HH:MM');
    assert.equal(overrideProblem({ date: "2026-02-27", close: "13:00" }), undefined);
  });

  it("is open from the opening up to the closing, and stale after the last checked day", () => {
    const at = (text: string) => isOpen("NYSE", new Date(text));
    assert.deepEqual(
      ["2026-11-20T14:29:59Z", "2026-11-20T14:30:00Z", "2026-11-20T20:59:59Z", "2026-11-20T21:00:00Z"].map(at),
      [false, true, true, false],
    );
    assert.ok(isOpen("CME Globex", new Date("2026-11-23T00:00:00Z")), "Sunday evening in Chicago");
    assert.equal(isOpen("CME Globex", new Date("2026-11-22T22:59:00Z")), false);
    assert.equal(isStale("NYSE", new Date("2028-01-01T04:59:00Z")), false, "still 31 December in New York");
    assert.equal(isStale("NYSE", new Date("2028-01-01T05:00:00Z")), true);
  });

  it("turns wall clocks into moments and back, except where a clock change skips them", () => {
    const zones = ["America/New_York", "America/Chicago", "Europe/London", "Australia/Lord_Howe", "UTC"];
    const minutes = fc.integer({ min: 0, max: 4 * 365 * 1440 });
    fc.assert(
      fc.property(minutes, fc.constantFrom(...zones), (minute, zone) => {
        const text = new Date(Date.UTC(2024, 0, 1) + minute * 60_000).toISOString();
        const [date, time] = [text.slice(0, 10), text.slice(11, 16)];
        const shown = wallClock(zonedTime(date, time, zone), zone);
        if (shown.time === time) assert.equal(shown.date, date);
        else {
          const skipped = Date.parse(`${shown.date}T${shown.time}Z`) - Date.parse(`${date}T${time}Z`);
          assert.ok(skipped > 0 && skipped <= 3_600_000, `${date} ${time} ${zone} -> ${shown.date} ${shown.time}`);
          assert.equal(weekdayOf(date), 0, "clocks change on Sundays");
        }
      }),
      { numRuns: 3000 },
    );
    // The hour that happens twice: its first occurrence, still on summer time.
    assert.equal(zonedTime("2026-11-01", "01:30", "America/New_York").toISOString(), "2026-11-01T05:30:00.000Z");
    assert.equal(zonedTime("2026-03-08", "02:30", "America/New_York").toISOString(), "2026-03-08T07:30:00.000Z");
  });

  it("never overlaps sessions and never opens at a weekend's trade date", () => {
    for (const exchange of exchanges) {
      const sessions = sessionsBetween(exchange, "2024-01-01", "2040-12-31");
      sessions.forEach((session, index) => {
        assert.ok(session.opensAt < session.closesAt);
        const next = sessions[index + 1];
        if (next) assert.ok(session.closesAt <= next.opensAt);
        assert.ok(weekdayOf(session.date) % 6 !== 0);
      });
    }
    assert.equal(addDays("2024-02-28", 1), "2024-02-29");
  });
});
