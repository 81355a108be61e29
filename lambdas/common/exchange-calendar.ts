/**
 * Trading sessions of NYSE and CME Globex by rule: holidays, half days and daylight saving, without a data feed.
 *
 * The rules are the exchanges' published holiday rules as they stand since 2022. Checked session by session against an
 * independent calendar from 2024 to `checkedThrough` (test/trading-edge/exchange-calendar.test.ts); after that day the
 * rules still answer, and whoever relies on them is told that the calendar is stale. Days that no rule knows (mourning,
 * storms) are overrides.
 */

/** Exchanges whose sessions are known. */
export const exchanges = ["NYSE", "CME Globex"] as const;
export type Exchange = (typeof exchanges)[number];

/** The last day that the rules were compared with an independent calendar. */
export const checkedThrough = "2027-12-31";

/** One session of an exchange. */
export interface Session {
  /** Trade date in the exchange's zone, `YYYY-MM-DD`; CME Globex opens on the evening before. */
  readonly date: string;
  readonly opensAt: Date;
  readonly closesAt: Date;
  /** Whether it closes before the usual time. */
  readonly early: boolean;
}

/** A day that differs from the rules: closed, or closing at another time. */
export interface CalendarOverride {
  /** `YYYY-MM-DD` in the exchange's zone. */
  readonly date: string;
  /** `closed`, or the closing time as `HH:MM` in the exchange's zone. */
  readonly close: string;
}

interface Rules {
  readonly zone: string;
  readonly open: string;
  /** Days between opening and trade date: 0 or -1. */
  readonly openOffsetDays: number;
  readonly close: string;
  readonly earlyClose: string;
  readonly holidays: (year: number) => readonly (string | undefined)[];
  readonly earlyDays: (year: number) => readonly (string | undefined)[];
}

const pad = (value: number) => String(value).padStart(2, "0");
const day = (year: number, month: number, date: number) => `${year}-${pad(month)}-${pad(date)}`;
const utc = (date: string) => new Date(`${date}T00:00:00Z`);

/** A date some days later or earlier. */
export function addDays(date: string, days: number): string {
  const at = utc(date);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}

/** 0 for Sunday to 6 for Saturday. */
export const weekdayOf = (date: string) => utc(date).getUTCDay();

/** The nth (from 1, or -1 for the last) of a weekday in a month. */
function nthWeekday(year: number, month: number, weekday: number, nth: number): string {
  if (nth > 0) {
    const first = day(year, month, 1);
    return addDays(first, ((weekday - weekdayOf(first) + 7) % 7) + 7 * (nth - 1));
  }
  const last = addDays(month === 12 ? day(year + 1, 1, 1) : day(year, month + 1, 1), -1);
  return addDays(last, -((weekdayOf(last) - weekday + 7) % 7));
}

/** Easter Sunday of the Gregorian calendar (Meeus, Jones, Butcher). */
function easter(year: number): string {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const g = Math.floor((8 * b + 13) / 25);
  const h = (19 * a + b - Math.floor(b / 4) - g + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const n = h + l - 7 * m + 114;
  return day(year, Math.floor(n / 31), (n % 31) + 1);
}

/** A weekend holiday moves to the Friday before or the Monday after. */
function nearestWorkday(date: string): string {
  const weekday = weekdayOf(date);
  return weekday === 6 ? addDays(date, -1) : weekday === 0 ? addDays(date, 1) : date;
}

/** New Year's Day moves from Sunday to Monday; on a Saturday the exchanges do not close for it. */
function newYear(year: number): string | undefined {
  const date = day(year, 1, 1);
  return weekdayOf(date) === 6 ? undefined : nearestWorkday(date);
}

const martinLutherKing = (year: number) => nthWeekday(year, 1, 1, 3);
const presidents = (year: number) => nthWeekday(year, 2, 1, 3);
const goodFriday = (year: number) => addDays(easter(year), -2);
const memorial = (year: number) => nthWeekday(year, 5, 1, -1);
const juneteenth = (year: number) => nearestWorkday(day(year, 6, 19));
const independence = (year: number) => nearestWorkday(day(year, 7, 4));
const labor = (year: number) => nthWeekday(year, 9, 1, 1);
const thanksgiving = (year: number) => nthWeekday(year, 11, 4, 4);
const christmas = (year: number) => nearestWorkday(day(year, 12, 25));

/** The date where it falls on Monday to Thursday: eves before a weekend are full days or the holiday itself. */
function ifBeforeFriday(date: string): string | undefined {
  const weekday = weekdayOf(date);
  return weekday >= 1 && weekday <= 4 ? date : undefined;
}

/** Both exchanges closed (CME Globex shortened) for a national day of mourning. */
const dayOfMourning = "2025-01-09";

const rules: Readonly<Record<Exchange, Rules>> = {
  NYSE: {
    zone: "America/New_York",
    open: "09:30",
    openOffsetDays: 0,
    close: "16:00",
    earlyClose: "13:00",
    holidays: (year) => [
      newYear(year),
      martinLutherKing(year),
      presidents(year),
      goodFriday(year),
      memorial(year),
      juneteenth(year),
      independence(year),
      labor(year),
      thanksgiving(year),
      christmas(year),
      dayOfMourning,
    ],
    earlyDays: (year) => [
      ifBeforeFriday(day(year, 7, 3)),
      addDays(thanksgiving(year), 1),
      ifBeforeFriday(day(year, 12, 24)),
    ],
  },
  // Globex trades nearly round the clock and halts from 16:00 to 17:00. Product groups differ on holidays (equity index
  // futures halt first); the rules give the whole exchange's earliest halt, a product that trades on needs an override.
  "CME Globex": {
    zone: "America/Chicago",
    open: "17:00",
    openOffsetDays: -1,
    close: "16:00",
    earlyClose: "12:00",
    holidays: (year) => [newYear(year), goodFriday(year), christmas(year), dayOfMourning],
    earlyDays: (year) => [
      martinLutherKing(year),
      presidents(year),
      memorial(year),
      independence(year),
      labor(year),
      thanksgiving(year),
      addDays(thanksgiving(year), 1),
      ifBeforeFriday(day(year, 12, 24)),
    ],
  },
};

/** The exchange's time zone. */
export const zoneOf = (exchange: Exchange) => rules[exchange].zone;

const formats = new Map<string, Intl.DateTimeFormat>();

/** A moment's wall clock in a zone. */
export function wallClock(at: Date, zone: string): { date: string; time: string } {
  let format = formats.get(zone);
  if (!format) {
    const two = "2-digit" as const;
    format = new Intl.DateTimeFormat("sv-SE", {
      timeZone: zone,
      year: "numeric",
      month: two,
      day: two,
      hour: two,
      minute: two,
      hourCycle: "h23",
    });
    formats.set(zone, format);
  }
  const [date = "", time = ""] = format.format(at).split(" "); // Swedish dates are ISO 8601
  return { date, time };
}

const offsets = new Map<string, number>();

/** Milliseconds that a zone's clocks are ahead of UTC at a moment; kept, as neighbouring days ask for the same moments. */
function offsetAt(at: number, zone: string): number {
  const key = `${zone} ${at}`;
  let offset = offsets.get(key);
  if (offset === undefined) {
    const { date, time } = wallClock(new Date(at), zone);
    offset = Date.parse(`${date}T${time}:00Z`) - at;
    offsets.set(key, offset);
  }
  return offset;
}

/**
 * The moment of a wall clock in a zone. A time that a clock change skips is the moment just as long after the change; one
 * that happens twice is the first.
 */
export function zonedTime(date: string, time: string, zone: string): Date {
  const wanted = Date.parse(`${date}T${time}:00Z`);
  // The two offsets in force around the wanted moment; clocks never change twice within two days.
  const before = offsetAt(wanted - 86_400_000, zone);
  const after = offsetAt(wanted + 86_400_000, zone);
  const first = wanted - before;
  if (before === after || offsetAt(first, zone) === before) return new Date(first);
  const second = wanted - after;
  return new Date(offsetAt(second, zone) === after ? second : first);
}

/** The session of a trade date; undefined on weekends, holidays and days closed by an override. */
export function sessionOn(
  exchange: Exchange,
  date: string,
  overrides: readonly CalendarOverride[] = [],
): Session | undefined {
  const rule = rules[exchange];
  const weekday = weekdayOf(date);
  if (weekday === 0 || weekday === 6) return undefined;
  const override = overrides.find((one) => one.date === date);
  if (override?.close === "closed") return undefined;
  const year = Number(date.slice(0, 4));
  if (!override && rule.holidays(year).includes(date)) return undefined;
  const usual = rule.earlyDays(year).includes(date) ? rule.earlyClose : rule.close;
  const close = override?.close ?? usual;
  return {
    date,
    opensAt: zonedTime(addDays(date, rule.openOffsetDays), rule.open, rule.zone),
    closesAt: zonedTime(date, close, rule.zone),
    early: close < rule.close,
  };
}

/** The sessions whose trade dates lie between two dates, both included. */
export function sessionsBetween(
  exchange: Exchange,
  first: string,
  last: string,
  overrides: readonly CalendarOverride[] = [],
): Session[] {
  const sessions: Session[] = [];
  for (let date = first; date <= last; date = addDays(date, 1)) {
    const session = sessionOn(exchange, date, overrides);
    if (session) sessions.push(session);
  }
  return sessions;
}

/** Whether the exchange trades at a moment. */
export function isOpen(exchange: Exchange, at: Date, overrides: readonly CalendarOverride[] = []): boolean {
  const { date } = wallClock(at, zoneOf(exchange));
  return sessionsBetween(exchange, date, addDays(date, 1), overrides).some(
    ({ opensAt, closesAt }) => opensAt <= at && at < closesAt,
  );
}

/** Whether a moment lies after the last day that the rules were compared with another calendar. */
export function isStale(exchange: Exchange, at: Date): boolean {
  return wallClock(at, zoneOf(exchange)).date > checkedThrough;
}

const overridePattern = /^(closed|([01]\d|2[0-3]):[0-5]\d)$/;

/** What is wrong with an override, or undefined. */
export function overrideProblem(override: CalendarOverride): string | undefined {
  const { date, close } = override;
  const parsed = /^\d{4}-\d{2}-\d{2}$/.test(date) ? utc(date) : new Date(NaN);
  if (Number.isNaN(parsed.getTime()) || parsed.toISOString().slice(0, 10) !== date) return "date is not YYYY-MM-DD";
  if (!overridePattern.test(close)) return 'close is neither "closed" nor a time HH:MM';
  return undefined;
}
