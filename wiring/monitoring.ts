import { Monitoring, type MonitoredApplication } from "../components/operations/monitoring";
import type { Platform } from "./platform";

/** Where an application's lines are: in the group that is named, its service's own, or its cluster's. */
function logOf(key: string, logGroupName: string | undefined, { settings, services, kubernetes }: Platform) {
  const own = logGroupName ?? services?.logGroupNames[key];
  if (own) return { logGroupName: own };
  const workload = settings.kubernetes?.workloads[key];
  if (!workload || !kubernetes) return undefined;
  return { logGroupName: kubernetes.applicationLogGroupName, kubernetesNamespace: workload.namespace };
}

/** Comes last: it looks at the alarms of everything before it. */
export function wireMonitoring(platform: Platform) {
  const { settings, cloud, tags, alarmTopics, alarms } = platform;
  const { monitoring } = settings;
  if (!monitoring || !alarmTopics) return undefined;
  const { paging, marketHours, dashboards, logRetentionDays } = monitoring;
  const applications: Record<string, MonitoredApplication> = {};
  for (const [key, { metrics, logGroupName }] of Object.entries(monitoring.applications)) {
    const log = logOf(key, logGroupName, platform);
    if (log) applications[key] = { metrics, ...log };
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
