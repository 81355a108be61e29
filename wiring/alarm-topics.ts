import { planAlarms } from "../components/operations/alarm-plan";
import { AlarmTopics } from "../components/operations/alarm-topics";
import type { Platform } from "./platform";

export function wireAlarmTopics(platform: Platform) {
  const { monitoring } = platform.settings;
  if (monitoring) {
    const topics = new AlarmTopics("monitoring", { ...monitoring, cloud: platform.cloud });
    platform.alarmTopics = topics.arns;
    platform.alarmTopicsKeyArn = topics.keyArn;
  }
  platform.alarms = planAlarms(platform.alarmTopics, {
    mode: monitoring?.paging ?? "each",
    marketHoursComponents: monitoring?.marketHours?.components ?? [],
  });
  return platform.alarmTopics;
}
