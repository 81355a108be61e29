import { LogArchive } from "../components/operations/log-archive";
import type { Platform } from "./platform";

/** Comes after everything that has a log group. */
export function wireLogArchive({ settings, cloud, tags, alarmTopics, logGroups, isProtected }: Platform) {
  if (!settings.logArchive) return undefined;
  const archive = new LogArchive("log-archive", {
    ...settings.logArchive,
    cloud,
    stack: tags.stack,
    groups: logGroups,
    alarmTopicArn: alarmTopics?.critical,
    protected: isProtected,
  });
  return { bucket: archive.bucketName, workgroup: archive.workgroupName, database: archive.databaseName };
}
