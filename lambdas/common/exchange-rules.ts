/** Holiday rules of the exchanges: which days they close, which they end early, and when. */

/**
 * Calendars that are known: the exchanges, and the product groups of CME Globex whose holidays an independent calendar
 * knows. Energy, metals, grains and crypto are not offered: there is none that gets their half days right.
 */
export const exchanges = [
  "NYSE",
  "CME Globex",
  "CME Globex equity index",
  "CME Globex FX",
  "CME Globex interest rates",
  "CME Globex livestock",
] as const;
export type Exchange = (typeof exchanges)[number];

/** Days of a year; what falls out of it or does not happen in it is undefined. */
type Days = (year: number) => readonly (string | undefined)[];

interface Rules {
  readonly zone: string;
  readonly open: string;
  /** Days between opening and trade date: 0 or -1. */
  readonly openOffsetDays: number;
  readonly close: string;
  readonly holidays: Days;
  /** Early closings as `HH:MM` in the exchange's zone, and their days. */
  readonly early: Readonly<Record<string, Days>>;
}

const pad = (value: number) => String(value).padStart(2, "0");
const day = (year: number, month: number, date: number) => `${year}-${pad(month)}-${pad(date)}`;

/** Midnight in UTC of a date. */
export const utc = (date: string) => new Date(`${date}T00:00:00Z`);

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
const dayAfterThanksgiving = (year: number) => addDays(thanksgiving(year), 1);
const christmas = (year: number) => nearestWorkday(day(year, 12, 25));

/** The date where it falls on Monday to Thursday: eves before a weekend are full days or the holiday itself. */
function ifBeforeFriday(date: string): string | undefined {
  const weekday = weekdayOf(date);
  return weekday >= 1 && weekday <= 4 ? date : undefined;
}

const christmasEve = (year: number) => ifBeforeFriday(day(year, 12, 24));
const independenceEve = (year: number) => ifBeforeFriday(day(year, 7, 3));

/**
 * Whether the United States' employment report comes out on Good Friday, as it does on the first Friday of April; financial
 * futures trade for it then, for some hours.
 */
const reportOnGoodFriday = (year: number) => goodFriday(year) === nthWeekday(year, 4, 5, 1);

/** Both exchanges closed (CME Globex shortened) for a national day of mourning. */
const dayOfMourning = "2025-01-09";

/** Globex trades nearly round the clock, from the evening before, and halts from 16:00 to 17:00. */
const globex = { zone: "America/Chicago", open: "17:00", openOffsetDays: -1, close: "16:00" } as const;

const globexFinancialHolidays: Days = (year) => [
  newYear(year),
  reportOnGoodFriday(year) ? undefined : goodFriday(year),
  christmas(year),
];
const goodFridayWithReport: Days = (year) => [reportOnGoodFriday(year) ? goodFriday(year) : undefined];

/** Holidays of the United States on which Globex trades until noon. */
const nationalHolidays: Days = (year) => [
  martinLutherKing(year),
  presidents(year),
  memorial(year),
  juneteenth(year),
  independence(year),
  labor(year),
  thanksgiving(year),
];

export const rules: Readonly<Record<Exchange, Rules>> = {
  NYSE: {
    zone: "America/New_York",
    open: "09:30",
    openOffsetDays: 0,
    close: "16:00",
    holidays: (year) => [newYear(year), ...nationalHolidays(year), goodFriday(year), christmas(year), dayOfMourning],
    early: { "13:00": (year) => [independenceEve(year), dayAfterThanksgiving(year), christmasEve(year)] },
  },
  // All products together, as exchange_calendars counts them. Who trades one product group takes the group's own calendar,
  // which knows its hours on holidays.
  "CME Globex": {
    ...globex,
    holidays: (year) => [newYear(year), goodFriday(year), christmas(year), dayOfMourning],
    early: {
      "12:00": (year) => [
        ...nationalHolidays(year).filter((date) => date !== juneteenth(year)),
        dayAfterThanksgiving(year),
        christmasEve(year),
      ],
    },
  },
  "CME Globex equity index": {
    ...globex,
    holidays: globexFinancialHolidays,
    early: {
      "08:15": goodFridayWithReport,
      "12:00": nationalHolidays,
      "12:15": (year) => [independenceEve(year), dayAfterThanksgiving(year), christmasEve(year)],
    },
  },
  "CME Globex FX": {
    ...globex,
    holidays: globexFinancialHolidays,
    early: {
      "10:15": goodFridayWithReport,
      "12:15": (year) => [dayAfterThanksgiving(year), christmasEve(year)],
    },
  },
  "CME Globex interest rates": {
    ...globex,
    holidays: globexFinancialHolidays,
    early: {
      "10:15": goodFridayWithReport,
      "12:00": nationalHolidays,
      "12:15": (year) => [dayAfterThanksgiving(year), christmasEve(year)],
    },
  },
  // Livestock trades by day, as the floor did, and keeps NYSE's holidays but Juneteenth.
  "CME Globex livestock": {
    zone: "America/Chicago",
    open: "08:30",
    openOffsetDays: 0,
    close: "13:05",
    holidays: (year) => [
      newYear(year),
      ...nationalHolidays(year).filter((date) => date !== juneteenth(year)),
      goodFriday(year),
      christmas(year),
    ],
    early: { "12:05": (year) => [dayAfterThanksgiving(year), christmasEve(year)] },
  },
};

/** When an exchange closes on a weekday by its rules; undefined on its holidays. */
export function closeOn(exchange: Exchange, date: string): string | undefined {
  const { close, early, holidays } = rules[exchange];
  const year = Number(date.slice(0, 4));
  if (holidays(year).includes(date)) return undefined;
  return Object.entries(early).find(([, days]) => days(year).includes(date))?.[0] ?? close;
}
