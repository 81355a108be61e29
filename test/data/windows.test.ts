import assert from "node:assert/strict";
import { describe, it } from "mocha";
import * as fc from "fast-check";
import { checkWindows, parseDailyWindow, parseWeeklyWindow, windowsOverlap } from "../../components/data/windows";

const week = 7 * 24 * 60;
const two = (value: number) => String(value).padStart(2, "0");
const clock = (minutes: number) => `${two(Math.floor(minutes / 60) % 24)}:${two(minutes % 60)}`;
const names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const weekly = (minutes: number) => `${names[Math.floor((minutes % week) / 1440)]}:${clock(minutes % 1440)}`;

describe("windows", () => {
  it("reads document 004's windows, which touch and do not overlap", () => {
    assert.deepEqual(parseDailyWindow("03:00-04:00"), { start: 180, length: 60 });
    assert.deepEqual(parseWeeklyWindow("Mon:04:00-Mon:05:00"), { start: 240, length: 60 });
    assert.deepEqual(
      checkWindows({ path: "b", window: "03:00-04:00" }, { path: "m", window: "Mon:04:00-Mon:05:00" }, 30),
      [],
    );
  });

  it("reads windows over midnight and over the week's end", () => {
    assert.deepEqual(parseDailyWindow("23:30-00:30"), { start: 1410, length: 60 });
    assert.deepEqual(parseWeeklyWindow("sun:23:30-mon:00:30"), { start: 6 * 1440 + 1410, length: 60 });
  });

  it("finds the same overlaps as counting minutes", () => {
    const minute = fc.integer({ min: 0, max: 1439 });
    const length = fc.integer({ min: 30, max: 600 });
    fc.assert(
      fc.property(minute, length, fc.integer({ min: 0, max: week - 1 }), length, (from, long, at, span) => {
        const daily = parseDailyWindow(`${clock(from)}-${clock(from + long)}`)!;
        const other = parseWeeklyWindow(`${weekly(at)}-${weekly(at + span)}`)!;
        const busy = new Set(Array.from({ length: span }, (_, index) => (at + index) % week));
        const meets = Array.from({ length: 7 * long }, (_, index) => {
          const day = Math.floor(index / long);
          return (day * 1440 + from + (index % long)) % week;
        }).some((one) => busy.has(one));
        assert.equal(windowsOverlap(daily, other), meets);
      }),
    );
  });
});
