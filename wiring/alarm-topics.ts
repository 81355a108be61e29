import type * as pulumi from "@pulumi/pulumi";
import type { TopicsAbroad } from "../components/common/alarm";
import { planAlarms, type Topics } from "../components/operations/alarm-plan";
import { AlarmTopics, type Severity } from "../components/operations/alarm-topics";
import { edgeRegion } from "../components/security/web-firewall";
import type { Settings } from "../config";
import type { Platform } from "./platform";

/** Regions in which the stack has something to watch beside its own: those of replicas, and of a site's edge. */
export function regionsAbroad(settings: Pick<Settings, "region" | "data" | "mlflow" | "site">): string[] {
  const { region, data, mlflow, site } = settings;
  const replicas = [data?.postgres, mlflow?.database].flatMap((database) =>
    Object.values(database?.readReplicas ?? {}),
  );
  const regions = [
    ...Object.values(data?.buckets ?? {}).map((bucket) => bucket.replicaRegion),
    ...replicas.map((replica) => replica.region),
    site ? edgeRegion : undefined,
  ];
  return [...new Set(regions.filter((one): one is string => one !== undefined && one !== region))].sort();
}

/** The topics of other Regions for one severity, as components take them. */
export function topicsAbroad({ alarmTopicsAbroad }: Platform, severity: Severity): TopicsAbroad {
  return Object.fromEntries(Object.entries(alarmTopicsAbroad).map(([region, topics]) => [region, topics[severity]]));
}

/** The topic of one severity for what is in a Region, the stack's own or another. */
export function topicIn(platform: Platform, region: string, severity: Severity): pulumi.Output<string> | undefined {
  return region === platform.cloud.region
    ? platform.alarmTopics?.[severity]
    : platform.alarmTopicsAbroad[region]?.[severity];
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
