import { AutoScalingClient, paginateDescribeAutoScalingGroups } from "@aws-sdk/client-auto-scaling";
import type { Finding, Subject } from "../check";

/** Auto-scaling groups of the stack with fewer healthy instances than they want. */
export async function groups({ settings, client }: Subject): Promise<{ looked: number; findings: Finding[] }> {
  const scaling = new AutoScalingClient(client);
  const Filters = [
    { Name: "tag:project", Values: [settings.project] },
    { Name: "tag:stack", Values: [settings.stack] },
  ];
  const findings: Finding[] = [];
  let looked = 0;
  for await (const page of paginateDescribeAutoScalingGroups({ client: scaling }, { Filters })) {
    for (const { AutoScalingGroupName = "", DesiredCapacity = 0, Instances = [] } of page.AutoScalingGroups ?? []) {
      looked++;
      const healthy = Instances.filter(
        ({ LifecycleState, HealthStatus }) =>
          LifecycleState === "InService" && HealthStatus?.toUpperCase() === "HEALTHY",
      ).length;
      if (healthy < DesiredCapacity)
        findings.push({
          what: AutoScalingGroupName,
          problem: `has ${healthy} of ${DesiredCapacity} instances healthy`,
        });
    }
  }
  return { looked, findings };
}
