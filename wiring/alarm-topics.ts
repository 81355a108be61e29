import type * as pulumi from "@pulumi/pulumi";
import { planAlarms, type Topics } from "../components/operations/alarm-plan";
import { AlarmTopics, type Severity } from "../components/operations/alarm-topics";
import type { Settings } from "../config";
import type { Platform } from "./platform";

/** Regions in which the stack has something to watch beside its own: those of replicas. */
export function regionsAbroad({ region, data, mlflow }: Pick<Settings, "region" | "data" | "mlflow">): string[] {
  const replicas = [data?.postgres, mlflow?.database].flatMap((database) =>
    Object.values(database?.readReplicas ?? {}),
  );
  const regions = [
    ...Object.values(data?.buckets ?? {}).map((bucket) => bucket.replicaRegion),
    ...replicas.map((replica) => replica.region),
  ];
  return [...new Set(regions.filter((one): one is string => one !== undefined && one !== region))].sort();
}

/** The topics of other Regions for one severity, as components take them. */
export function topicsAbroad(
  { alarmTopicsAbroad }: Platform,
  severity: Severity,
): Readonly<Record<string, pulumi.Output<string>>> {
  return Object.fromEntries(Object.entries(alarmTopicsAbroad).map(([region, topics]) => [region, topics[severity]]));
}

export function wireAlarmTopics(platform: Platform) {
  const { cloud, settings } = platform;
  const { monitoring } = settings;
  const abroad: Record<string, Topics> = {};
  if (monitoring) {
    const topics = new AlarmTopics("monitoring", { ...monitoring, cloud });
    platform.alarmTopics = topics.arns;
    platform.alarmTopicsKeyArn = topics.keyArn;
    for (const region of regionsAbroad(settings))
      abroad[region] = new AlarmTopics(`monitoring-${region}`, { ...monitoring, cloud, region }).arns;
  }
  platform.alarmTopicsAbroad = abroad;
  platform.alarms = planAlarms(
    platform.alarmTopics,
    { mode: monitoring?.paging ?? "each", marketHoursComponents: monitoring?.marketHours?.components ?? [] },
    abroad,
  );
  return platform.alarmTopics;
}
