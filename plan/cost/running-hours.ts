/** How long a schedule lets instances run, by the exchange's real sessions. */
import { contextFor, type Stage } from "../../config/section";
import { sections } from "../../config/sections";
import { runningWindows } from "../../lambdas/common/running-windows";
import type { RecordedResource } from "../evaluate/monitor";
import { hoursPerMonth } from "./price-book";
import { list } from "./pricer";

/** The year whose sessions stand for every year's; holidays move by a day or two. */
const year = 2026;
const hourMs = 3_600_000;

const alarmType = "aws:cloudwatch/metricAlarm:MetricAlarm";

/** URNs of the instances that an alarm stops when they have nothing to do. */
export function stoppedWhenIdle(resources: readonly RecordedResource[]): Set<string> {
  const stops = (action: unknown) => typeof action === "string" && /^arn:[\w-]+:automate:[\w-]+:ec2:stop$/.test(action);
  return new Set(
    resources
      .filter(({ type, inputs }) => type === alarmType && list(inputs.alarmActions).some(stops))
      .flatMap(({ propertyDependencies }) => propertyDependencies.dimensions ?? []),
  );
}

export interface RunningHours {
  /** A month of one instance of these components. */
  readonly hours: number;
  /** Names of the components that the schedule switches. */
  readonly components: readonly string[];
  readonly note: string;
}

/** Hours a month that a stack's schedule keeps instances up; undefined where nothing stops them. */
export function scheduledHours(config: unknown, stage: Stage, region: string): RunningHours | undefined {
  // In dev the schedule is not armed.
  if (stage === "dev" || config === null || typeof config !== "object") return undefined;
  const { enabled, ...fields } = config as { enabled?: boolean };
  const parsed = enabled === false ? undefined : sections.schedule.schema(contextFor(stage, region)).safeParse(fields);
  if (!parsed?.success) return undefined;
  const { exchange, components, drainSeconds } = parsed.data;
  const windows = runningWindows(parsed.data, `${year}-01-01`, `${year}-12-31`);
  const running = windows.reduce((sum, { startsAt, stopsAt }) => sum + stopsAt.getTime() - startsAt.getTime(), 0);
  const yearly = running / hourMs + (windows.length * drainSeconds) / 3_600;
  const hours = Math.min(hoursPerMonth, yearly / 12);
  return {
    hours,
    components,
    note: `stopped outside ${exchange}'s sessions: ${hours.toFixed(1)} of ${hoursPerMonth} h, start and drain included`,
  };
}
