import { AlarmTopics } from "../components/operations/alarm-topics";
import type { Platform } from "./platform";

export function wireAlarmTopics(platform: Platform) {
  const { monitoring } = platform.settings;
  if (!monitoring) return undefined;
  platform.alarmTopics = new AlarmTopics("monitoring", { ...monitoring, cloud: platform.cloud }).arns;
  return platform.alarmTopics;
}
