import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  DescribeInstanceRefreshesCommand,
  StartInstanceRefreshCommand,
} from "@aws-sdk/client-auto-scaling";
import { nextStep, preferences, type Answer, type Group, type Refresh, type Wanted } from "./core";

/** What the handler needs of the world. */
export interface World {
  readonly client: AutoScalingClient;
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** Time between two looks, in milliseconds. */
const pollEvery = 15_000;
/** Time that is left for answering, in milliseconds. */
const margin = 30_000;

async function describeGroup(client: AutoScalingClient, name: string): Promise<Group> {
  const { AutoScalingGroups } = await client.send(
    new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }),
  );
  const group = AutoScalingGroups?.[0];
  if (!group) throw new Error(`There is no auto-scaling group ${name}`);
  return {
    version: group.LaunchTemplate?.Version,
    hostVersions: (group.Instances ?? []).map((instance) => instance.LaunchTemplate?.Version),
  };
}

async function newestRefresh(client: AutoScalingClient, name: string): Promise<Refresh | undefined> {
  const { InstanceRefreshes } = await client.send(
    new DescribeInstanceRefreshesCommand({ AutoScalingGroupName: name, MaxRecords: 1 }),
  );
  const refresh = InstanceRefreshes?.[0];
  if (!refresh?.InstanceRefreshId || !refresh.Status) return undefined;
  return {
    id: refresh.InstanceRefreshId,
    status: refresh.Status,
    reason: refresh.StatusReason,
    percent: refresh.PercentageComplete,
    version: refresh.DesiredConfiguration?.LaunchTemplate?.Version,
  };
}

async function start(client: AutoScalingClient, wanted: Wanted): Promise<string> {
  const { InstanceRefreshId } = await client.send(
    new StartInstanceRefreshCommand({
      AutoScalingGroupName: wanted.group,
      Strategy: "Rolling",
      DesiredConfiguration: { LaunchTemplate: { LaunchTemplateId: wanted.templateId, Version: wanted.version } },
      Preferences: { ...preferences },
    }),
  );
  if (!InstanceRefreshId) throw new Error(`AWS started no instance refresh of ${wanted.group}`);
  return InstanceRefreshId;
}

/**
 * Brings a group to a template's version and waits for it, as long as one call may; a later call goes on.
 * @throws where the refresh failed or was rolled back, or where the last call's time is over
 */
export function makeHandler({ client, now, sleep }: World) {
  return async (wanted: Wanted, context: { getRemainingTimeInMillis(): number }): Promise<Answer> => {
    const until = now() + context.getRemainingTimeInMillis() - margin;
    const before = wanted.earlier ? (JSON.parse(wanted.earlier) as Answer) : undefined;
    if (before?.state === "done") return before;
    let refresh = before?.refresh;
    for (;;) {
      const group = await describeGroup(client, wanted.group);
      const step = nextStep(wanted, group, await newestRefresh(client, wanted.group), refresh);
      if (step.do === "done") return { state: "done", message: step.message, refresh };
      if (step.do === "fail") throw new Error(step.message);
      if (step.do === "start") refresh = await start(client, wanted);
      if (now() + pollEvery > until) {
        const message = step.do === "wait" ? step.message : "the refresh has just begun";
        if (wanted.last) throw new Error(`The time for ${wanted.group} is over: ${message}`);
        return { state: "unfinished", message, refresh };
      }
      await sleep(pollEvery);
    }
  };
}

/** The function that Lambda calls. */
export const handler = makeHandler({
  client: new AutoScalingClient({}),
  now: Date.now,
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
});
