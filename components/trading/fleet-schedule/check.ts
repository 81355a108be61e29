import { overrideProblem } from "../../../lambdas/common/exchange-calendar";
import type { WindowSettings } from "../../../lambdas/common/running-windows";
import type { Issue } from "../../common/validation";

/** The part of a schedule's settings that can be wrong. */
export interface ScheduleNumbers {
  readonly components: readonly string[];
  readonly windows: WindowSettings;
  readonly readinessBeforeMinutes: number;
  readonly drainSeconds: number;
}

/** What is wrong with a schedule's settings; paths are those of the section `schedule`. */
export function checkFleetSchedule(args: ScheduleNumbers): Issue[] {
  const issues: Issue[] = [];
  const { windows, readinessBeforeMinutes, drainSeconds } = args;
  if (args.components.length === 0) {
    issues.push({ path: "components", problem: "is empty", fix: "Name the components whose instances are switched." });
  }
  const range = (path: string, value: number, low: number, high: number, unit: string) => {
    if (Number.isInteger(value) && value >= low && value <= high) return;
    issues.push({ path, problem: "is out of range", value, allowed: `${low} to ${high} ${unit}` });
  };
  range("startBeforeMinutes", windows.startBeforeMinutes, 5, 720, "minutes");
  range("stopAfterMinutes", windows.stopAfterMinutes, 0, 720, "minutes");
  range("minimumGapMinutes", windows.minimumGapMinutes, 30, 1440, "minutes");
  range("drainSeconds", drainSeconds, 30, 14_400, "seconds");
  if (readinessBeforeMinutes < 1 || readinessBeforeMinutes >= windows.startBeforeMinutes) {
    issues.push({
      path: "readinessBeforeMinutes",
      problem: "does not lie between the start and the opening",
      value: readinessBeforeMinutes,
      allowed: `1 to ${windows.startBeforeMinutes - 1} minutes`,
      fix: "Instances need the time from the start to the check to boot.",
    });
  }
  if (drainSeconds > windows.minimumGapMinutes * 60) {
    issues.push({
      path: "drainSeconds",
      problem: "is longer than the shortest stop, so that a start could meet a stop that still drains",
      value: drainSeconds,
      allowed: `at most ${windows.minimumGapMinutes * 60} (minimumGapMinutes)`,
      fix: "Shorten the drain, or raise minimumGapMinutes.",
    });
  }
  windows.overrides.forEach((override, index) => {
    const problem = overrideProblem(override);
    if (problem) issues.push({ path: `overrides[${index}]`, problem, value: override });
  });
  return issues;
}
