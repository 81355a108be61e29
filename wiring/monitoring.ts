import { Monitoring, type MonitoredApplication } from "../components/operations/monitoring";
import type { Platform } from "./platform";

/** Comes last: it looks at the alarms of everything before it. */
export function wireMonitoring({ settings, cloud, tags, alarmTopics, alarms, services }: Platform) {
  const { monitoring } = settings;
  if (!monitoring || !alarmTopics) return undefined;
  const { paging, marketHours, dashboards, logRetentionDays } = monitoring;
  const applications: Record<string, MonitoredApplication> = {};
  for (const [key, { metrics, logGroupName }] of Object.entries(monitoring.applications)) {
    const group = logGroupName ?? services?.logGroupNames[key];
    if (group) applications[key] = { metrics, logGroupName: group };
  }
  const made = new Monitoring("watch", {
    cloud,
    project: tags.project,
    stack: tags.stack,
    topics: alarmTopics,
    paging: { mode: paging, marketHoursComponents: marketHours?.components ?? [] },
    alarms: alarms ?? [],
    applications,
    ...(marketHours && { marketHours: { exchange: marketHours.exchange, overrides: marketHours.overrides } }),
    dashboards,
    logRetentionDays,
  });
  return { testAlarms: made.testAlarmNames };
}
