import {
  GetScheduleCommand,
  ListTagsForResourceCommand,
  paginateListScheduleGroups,
  paginateListSchedules,
  SchedulerClient,
} from "@aws-sdk/client-scheduler";
import { recurringSchedules } from "../../lambdas/common/running-windows";
import { count, isOfStack, judged, skipped, tagsOf, type Check, type Finding } from "./check";

/** A schedule as it is compared: when it fires, and in whose time. */
export interface Firing {
  readonly when: string;
  readonly enabled: boolean;
}

/** What of the schedules differs from the calendar's. Pure. */
export function compareSchedules(expected: readonly string[], found: readonly Firing[]): Finding[] {
  const there = new Map(found.map((one) => [one.when, one]));
  const findings: Finding[] = [];
  for (const when of new Set(expected)) {
    const one = there.get(when);
    if (!one) findings.push({ what: when, problem: "is missing" });
    else if (!one.enabled) findings.push({ what: when, problem: "is disabled" });
  }
  const wanted = new Set(expected);
  for (const { when, enabled } of found) {
    if (enabled && !wanted.has(when)) findings.push({ what: when, problem: "fires and is not of the calendar" });
  }
  return findings;
}

/** The stack's schedule groups are found by their tags: a schedule itself has none. */
async function firings(
  scheduler: SchedulerClient,
  isOwn: (tags: Record<string, string>) => boolean,
): Promise<Firing[]> {
  const found: Firing[] = [];
  for await (const groups of paginateListScheduleGroups({ client: scheduler }, {})) {
    for (const { Name: GroupName, Arn: ResourceArn } of groups.ScheduleGroups ?? []) {
      if (GroupName === undefined || GroupName === "default") continue; // cannot be tagged
      const { Tags } = await scheduler.send(new ListTagsForResourceCommand({ ResourceArn }));
      if (!isOwn(tagsOf(Tags))) continue;
      for await (const page of paginateListSchedules({ client: scheduler }, { GroupName })) {
        for (const { Name } of page.Schedules ?? []) {
          const one = await scheduler.send(new GetScheduleCommand({ GroupName, Name }));
          found.push({
            when: `${one.ScheduleExpression} ${one.ScheduleExpressionTimezone}`,
            enabled: one.State !== "DISABLED",
          });
        }
      }
    }
  }
  return found;
}

/** Outside dev every start, stop and readiness check of the calendar is armed; in dev nothing fires by itself. */
export const schedules: Check = async ({ settings, client }) => {
  const { schedule, stage } = settings;
  if (!schedule) return skipped("schedules", "the stack has no schedule");
  const armed = stage !== "dev";
  const expected = armed
    ? recurringSchedules(schedule, schedule.readinessBeforeMinutes).map(
        ({ cron, timezone }) => `cron(${cron}) ${timezone}`,
      )
    : [];
  const found = await firings(
    new SchedulerClient(client),
    (tags) => isOfStack(tags, settings) && tags.component === "schedule",
  );
  const on = found.filter(({ enabled }) => enabled).length;
  const calendar = armed
    ? `the calendar of ${schedule.exchange} asks for ${expected.length}`
    : "dev is started by hand";
  return judged("schedules", compareSchedules(expected, found), `${count(on, "schedule")} armed; ${calendar}`);
};
