/**
 * Trading sessions of NYSE, CME Globex and its product groups by rule: holidays, half days and daylight saving, without a data feed.
 *
 * The rules are the exchanges' published holiday rules as they stand since 2022. Checked session by session against an
 * independent calendar each from 2024 to `checkedThrough` (test/trading-edge/exchange-calendar.test.ts); after that day the
 * rules still answer, and whoever relies on them is told that the calendar is stale. Days that no rule knows (mourning,
 * storms) are overrides.
 */
import { addDays, closeOn, rules, utc, weekdayOf, type Exchange } from "./exchange-rules";

export { addDays, exchanges, weekdayOf, type Exchange } from "./exchange-rules";

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
  const close = override?.close ?? closeOn(exchange, date);
  if (close === undefined) return undefined;
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
