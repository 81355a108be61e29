import type { Issue } from "../common/validation";

/** Minutes of a day and of a week. */
const dayMinutes = 24 * 60;
const weekMinutes = 7 * dayMinutes;
const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/** A span of a day or a week, in minutes of UTC from its beginning; it may run over the end. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

const clock = String.raw`([01]\d|2[0-3]):([0-5]\d)`;
const dailyPattern = new RegExp(`^${clock}-${clock}$`);
const weeklyPattern = new RegExp(`^(${days.join("|")}):${clock}-(${days.join("|")}):${clock}$`, "i");

const spanOf = (start: number, end: number, around: number): Span => ({
  start,
  length: (end - start + around) % around,
});

/** Reads `03:00-04:00` (UTC), or undefined where it is none. */
export function parseDailyWindow(text: string): Span | undefined {
  const match = dailyPattern.exec(text);
  if (!match) return undefined;
  const [, fromHour, fromMinute, toHour, toMinute] = match.map(Number) as [number, number, number, number, number];
  return spanOf(fromHour * 60 + fromMinute, toHour * 60 + toMinute, dayMinutes);
}

/** Reads `Mon:04:00-Mon:05:00` (UTC, Monday first), or undefined where it is none. */
export function parseWeeklyWindow(text: string): Span | undefined {
  const match = weeklyPattern.exec(text);
  if (!match) return undefined;
  const minute = (at: number) =>
    days.indexOf((match[at] ?? "").toLowerCase() as (typeof days)[number]) * dayMinutes +
    Number(match[at + 1]) * 60 +
    Number(match[at + 2]);
  return spanOf(minute(1), minute(4), weekMinutes);
}

/** True where a daily window meets a weekly one on any day. */
export function windowsOverlap(daily: Span, weekly: Span): boolean {
  for (let day = -1; day <= 7; day++) {
    const start = day * dayMinutes + daily.start;
    for (const from of [weekly.start, weekly.start - weekMinutes]) {
      if (start < from + weekly.length && from < start + daily.length) return true;
    }
  }
  return false;
}

/** Checks a daily backup window and a weekly maintenance window, and that they keep apart. */
export function checkWindows(
  backup: { readonly path: string; readonly window: string },
  maintenance: { readonly path: string; readonly window: string },
  minimumMinutes: number,
): Issue[] {
  const issues: Issue[] = [];
  const daily = parseDailyWindow(backup.window);
  const weekly = parseWeeklyWindow(maintenance.window);
  const dailyForm = "hh:mm-hh:mm in UTC, such as 03:00-04:00";
  const weeklyForm = "ddd:hh:mm-ddd:hh:mm in UTC, such as mon:04:00-mon:05:00";
  for (const [at, span, allowed] of [
    [backup, daily, dailyForm],
    [maintenance, weekly, weeklyForm],
  ] as const) {
    if (!span) issues.push({ path: at.path, problem: "is not a window of time", value: at.window, allowed });
    else if (span.length < minimumMinutes) {
      issues.push({
        path: at.path,
        problem: `is ${span.length} minutes long; AWS asks for at least ${minimumMinutes}`,
        value: at.window,
        allowed,
      });
    }
  }
  if (daily && weekly && windowsOverlap(daily, weekly)) {
    issues.push({
      path: maintenance.path,
      problem: `overlaps the backup window ${backup.window}`,
      value: maintenance.window,
      fix: "Move one of the two; AWS refuses windows that meet.",
    });
  }
  return issues;
}
