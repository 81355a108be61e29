import { FleetSchedule } from "../components/trading/fleet-schedule";
import type { Platform } from "./platform";

export function wireSchedule({ settings, cloud, tags, scheduledVolumeKeyArns, isProtected, alarmTopics }: Platform) {
  if (!settings.schedule) return undefined;
  const schedule = new FleetSchedule("schedule", {
    ...settings.schedule,
    windows: settings.schedule,
    cloud,
    project: tags.project,
    stack: tags.stack,
    armed: settings.stage !== "dev",
    protected: isProtected,
    volumeKeyArns: scheduledVolumeKeyArns,
    alarmTopicArn: alarmTopics?.critical,
  });
  return { start: schedule.startMachineArn, stop: schedule.stopMachineArn, times: schedule.schedules };
}
