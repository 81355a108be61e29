import {
  addDays,
  sessionsBetween,
  wallClock,
  zoneOf,
  type CalendarOverride,
  type Exchange,
} from "../../../lambdas/common/exchange-calendar";

export interface Calendar {
  readonly exchange: Exchange;
  readonly overrides: readonly CalendarOverride[];
}

/**
 * Seconds of the running session in which no tick came: since the last tick or the opening, whichever is later; 0 while the
 * exchange is closed. A server that has had no tick counts from the opening, so that one which restarts over and over does
 * not look fresh.
 */
export function tickAgeSeconds(now: Date, lastTickAt: number | undefined, calendar: Calendar): number {
  const { date } = wallClock(now, zoneOf(calendar.exchange));
  const session = sessionsBetween(calendar.exchange, date, addDays(date, 1), calendar.overrides).find(
    ({ opensAt, closesAt }) => opensAt <= now && now < closesAt,
  );
  if (!session) return 0;
  return Math.max(0, now.getTime() - Math.max(lastTickAt ?? 0, session.opensAt.getTime())) / 1000;
}
