import { ComplianceReport } from "../components/operations/compliance-report";
import type { Platform } from "./platform";

/** Comes after everything that it reports on. */
export function wireCompliance(platform: Platform) {
  const { settings, cloud, tags, alarmTopics, alarmTopicsKeyArn, buckets, logGroups, isProtected } = platform;
  if (!settings.compliance || !alarmTopics || !alarmTopicsKeyArn) return undefined;
  const { lockMode, ...rest } = settings.compliance;
  const report = new ComplianceReport("evidence", {
    ...rest,
    ...(lockMode !== "none" && { lockMode }),
    cloud,
    project: tags.project,
    stack: tags.stack,
    buckets,
    logGroups: logGroups.slice(),
    vaultName: platform.vaultName,
    topicArn: alarmTopics.info,
    topicKeyArn: alarmTopicsKeyArn,
    alarmTopicArn: alarmTopics.warning,
    protected: isProtected,
  });
  return { bucket: report.bucketName, function: report.functionName };
}
