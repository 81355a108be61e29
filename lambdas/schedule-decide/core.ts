import { isStale } from "../common/exchange-calendar";
import { isEdge, type WindowSettings } from "../common/running-windows";

/** What a start or stop begins with: by a schedule with its time, or by hand without. */
export interface Request {
  readonly action: "start" | "stop";
  /** Time that the schedule fired for, ISO 8601; absent when a person starts the state machine. */
  readonly scheduledTime?: string;
  readonly execution: string;
}

export interface Decision {
  readonly act: boolean;
  readonly reason: string;
  /** The calendar is older than it should be: rules still answer, but somebody has to look. */
  readonly stale: boolean;
  /** One execution at most acts for a key. */
  readonly lock: string;
}

/** Whether to act: by hand always, by schedule only in the minute in which a running window starts or stops. */
export function decide(settings: WindowSettings, request: Request, now: Date): Decision {
  const { action, scheduledTime, execution } = request;
  const at = scheduledTime === undefined ? now : new Date(scheduledTime);
  if (Number.isNaN(at.getTime())) throw new Error(`scheduledTime is not a time: ${String(scheduledTime)}`);
  const stale = isStale(settings.exchange, at);
  if (scheduledTime === undefined) return { act: true, reason: "by hand", stale, lock: `${action}#${execution}` };
  const act = isEdge(settings, action, at);
  const reason = act
    ? `a running window of ${settings.exchange} ${action === "start" ? "starts" : "stops"}`
    : `no running window of ${settings.exchange} ${action === "start" ? "starts" : "stops"} at this time`;
  return { act, reason, stale, lock: `${action}#${at.toISOString().slice(0, 16)}` };
}
