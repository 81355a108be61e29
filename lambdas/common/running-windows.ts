/** When a fleet runs: the exchange's sessions with a margin on both sides, and the schedules that start and stop it. */
import {
  addDays,
  checkedThrough,
  sessionsBetween,
  wallClock,
  weekdayOf,
  zoneOf,
  type CalendarOverride,
  type Exchange,
} from "./exchange-calendar";

export interface WindowSettings {
  readonly exchange: Exchange;
  /** Minutes that instances start before the opening. */
  readonly startBeforeMinutes: number;
  /** Minutes that instances go on after the closing, before they are drained. */
  readonly stopAfterMinutes: number;
  /** Windows closer than this run through: stopping for CME Globex's daily hour would cost more than it saves. */
  readonly minimumGapMinutes: number;
  readonly overrides: readonly CalendarOverride[];
}

/** A stretch of time in which the fleet runs. */
export interface RunningWindow {
  readonly startsAt: Date;
  readonly stopsAt: Date;
}

export type ScheduledAction = "start" | "stop" | "readiness";

const minuteMs = 60_000;

/** The windows of the sessions between two trade dates, merged where they come close. */
export function runningWindows(settings: WindowSettings, first: string, last: string): RunningWindow[] {
  const windows: { startsAt: Date; stopsAt: Date }[] = [];
  for (const session of sessionsBetween(settings.exchange, first, last, settings.overrides)) {
    const startsAt = new Date(session.opensAt.getTime() - settings.startBeforeMinutes * minuteMs);
    const stopsAt = new Date(session.closesAt.getTime() + settings.stopAfterMinutes * minuteMs);
    const previous = windows.at(-1);
    if (previous && startsAt.getTime() - previous.stopsAt.getTime() < settings.minimumGapMinutes * minuteMs) {
      if (stopsAt > previous.stopsAt) previous.stopsAt = stopsAt;
    } else windows.push({ startsAt, stopsAt });
  }
  return windows;
}

const sameMinute = (a: Date, b: Date) => Math.floor(a.getTime() / minuteMs) === Math.floor(b.getTime() / minuteMs);

/** Longest stretch that Globex trades without a stop, and some: how far around a moment windows are looked at. */
const lookAroundDays = 10;

/** Whether a window starts or stops in a moment's minute. */
export function isEdge(settings: WindowSettings, action: "start" | "stop", at: Date): boolean {
  const { date } = wallClock(at, zoneOf(settings.exchange));
  const windows = runningWindows(settings, addDays(date, -lookAroundDays), addDays(date, lookAroundDays));
  return windows.some(({ startsAt, stopsAt }) => sameMinute(action === "start" ? startsAt : stopsAt, at));
}

/** Whether a session opens in a moment's minute. */
export function isOpening(settings: WindowSettings, at: Date): boolean {
  const { date } = wallClock(at, zoneOf(settings.exchange));
  const sessions = sessionsBetween(settings.exchange, addDays(date, -1), addDays(date, 1), settings.overrides);
  return sessions.some(({ opensAt }) => sameMinute(opensAt, at));
}

/** One recurring schedule in the exchange's time zone. */
export interface RecurringSchedule {
  readonly action: ScheduledAction;
  /** AWS cron expression without its `cron(...)`: minute, hour, day of month, month, weekdays, year. */
  readonly cron: string;
  readonly timezone: string;
}

const weekdayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] as const;

/**
 * The fewest weekly schedules that fire at every start, stop and readiness check of the calendar, half days and weeks with
 * holidays included. They also fire on days when there is nothing to do: whoever is called asks `isEdge` or `isOpening`.
 */
export function recurringSchedules(settings: WindowSettings, readinessBeforeMinutes: number): RecurringSchedule[] {
  const zone = zoneOf(settings.exchange);
  const [first, last] = ["2024-01-01", `${Number(checkedThrough.slice(0, 4)) + 3}-12-31`];
  const windows = runningWindows(settings, first, last);
  const openings = sessionsBetween(settings.exchange, first, last, settings.overrides);
  const moments: Record<ScheduledAction, Date[]> = {
    start: windows.map(({ startsAt }) => startsAt),
    stop: windows.map(({ stopsAt }) => stopsAt),
    readiness: openings.map(({ opensAt }) => new Date(opensAt.getTime() - readinessBeforeMinutes * minuteMs)),
  };
  const schedules: RecurringSchedule[] = [];
  for (const action of ["start", "stop", "readiness"] as const) {
    const weekdaysByTime = new Map<string, Set<number>>();
    for (const moment of moments[action]) {
      const { date, time } = wallClock(moment, zone);
      const weekdays = weekdaysByTime.get(time) ?? new Set<number>();
      weekdaysByTime.set(time, weekdays.add(weekdayOf(date)));
    }
    for (const [time, weekdays] of [...weekdaysByTime].sort(([a], [b]) => a.localeCompare(b))) {
      const [hour = "0", minute = "0"] = time.split(":");
      const names = [...weekdays].sort((a, b) => a - b).map((weekday) => weekdayNames[weekday]);
      const cron = `${Number(minute)} ${Number(hour)} ? * ${names.join(",")} *`;
      schedules.push({ action, cron, timezone: zone });
    }
  }
  return schedules;
}
