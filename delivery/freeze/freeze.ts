import type { Settings } from "../../config";
import { addDays, isStale, wallClock, zoneOf } from "../../lambdas/common/exchange-calendar";
import { runningWindows, type WindowSettings } from "../../lambdas/common/running-windows";

/** The calendar of a live stack without a schedule of its own. */
const defaultWindows: WindowSettings = {
  exchange: "NYSE",
  startBeforeMinutes: 30,
  stopAfterMinutes: 30,
  minimumGapMinutes: 120,
  overrides: [],
};

/** Longest stretch that Globex trades without a stop, and some. */
const lookAroundDays = 10;

/** Whether a stack may be deployed at a moment, and why. */
export interface Freeze {
  readonly frozen: boolean;
  readonly reason: string;
  /** When it ends, in UTC; undefined where there is none. */
  readonly until?: Date;
  /** The calendar was not compared with another one for this day. */
  readonly stale: boolean;
}

/**
 * A live stack is frozen from the start of its instances before a session to their stop after it. Other stages trade no
 * money and are never frozen. Pure.
 */
export function freezeAt(settings: Settings, at: Date): Freeze {
  const { stack, stage, schedule } = settings;
  if (stage !== "prod") return { frozen: false, stale: false, reason: `${stack} is ${stage}: it trades no money` };
  const windows: WindowSettings = schedule ?? defaultWindows;
  const { date } = wallClock(at, zoneOf(windows.exchange));
  const stale = isStale(windows.exchange, at);
  const around = runningWindows(windows, addDays(date, -lookAroundDays), addDays(date, lookAroundDays));
  const now = around.find(({ startsAt, stopsAt }) => startsAt <= at && at < stopsAt);
  if (now) {
    const reason = `${stack} trades at ${windows.exchange} until ${now.stopsAt.toISOString()}`;
    return { frozen: true, stale, until: now.stopsAt, reason };
  }
  const next = around.find(({ startsAt }) => startsAt > at);
  const then = next ? `; the next session begins for it at ${next.startsAt.toISOString()}` : "";
  return { frozen: false, stale, reason: `${windows.exchange} is closed${then}` };
}
