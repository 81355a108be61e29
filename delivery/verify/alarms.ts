import {
  CloudWatchClient,
  ListTagsForResourceCommand,
  paginateDescribeAlarms,
  type CompositeAlarm,
  type MetricAlarm,
} from "@aws-sdk/client-cloudwatch";
import { count, isOfStack, judged, tagsOf, type Check, type Finding } from "./check";

/** No alarm of the stack is in the state ALARM. Too little data is no alarm: a closed market gives none. */
export const alarms: Check = async ({ settings, client }) => {
  const cloudwatch = new CloudWatchClient(client);
  const firing: (MetricAlarm | CompositeAlarm)[] = [];
  // Only alarms that are on are asked for their tags: one call each, and there are few of them.
  const request = { StateValue: "ALARM", AlarmTypes: ["MetricAlarm", "CompositeAlarm"] } as const;
  for await (const page of paginateDescribeAlarms(
    { client: cloudwatch },
    { ...request, AlarmTypes: [...request.AlarmTypes] },
  )) {
    firing.push(...(page.MetricAlarms ?? []), ...(page.CompositeAlarms ?? []));
  }
  const findings: Finding[] = [];
  for (const { AlarmArn = "", AlarmName = "", AlarmDescription, StateReason } of firing) {
    const { Tags } = await cloudwatch.send(new ListTagsForResourceCommand({ ResourceARN: AlarmArn }));
    if (!isOfStack(tagsOf(Tags), settings)) continue;
    findings.push({ what: AlarmName, problem: [StateReason, AlarmDescription].filter(Boolean).join(" ") || "is on" });
  }
  return judged(
    "alarms",
    findings,
    findings.length === 0 ? "no alarm of the stack is on" : `${count(findings.length, "alarm")} on`,
  );
};
