import {
  DescribeTagsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  paginateDescribeTargetGroups,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { batchesOf } from "../../../lambdas/common/instances";
import { isOfStack, tagsOf, type Finding, type Subject } from "../check";

/** States that pass by themselves: a target that comes, or one that goes. */
const passing = new Set(["healthy", "unused", "draining"]);

/** Targets of the stack's load balancers that are not healthy, and the number of targets. */
export async function targets({ settings, client }: Subject): Promise<{ looked: number; findings: Finding[] }> {
  const elb = new ElasticLoadBalancingV2Client(client);
  const groups = new Map<string, string>();
  for await (const page of paginateDescribeTargetGroups({ client: elb }, {})) {
    for (const { TargetGroupArn, TargetGroupName } of page.TargetGroups ?? [])
      if (TargetGroupArn) groups.set(TargetGroupArn, TargetGroupName ?? TargetGroupArn);
  }
  const findings: Finding[] = [];
  let looked = 0;
  for (const ResourceArns of batchesOf([...groups.keys()], 20)) {
    const { TagDescriptions = [] } = await elb.send(new DescribeTagsCommand({ ResourceArns }));
    for (const { ResourceArn: TargetGroupArn = "", Tags } of TagDescriptions) {
      if (!isOfStack(tagsOf(Tags), settings)) continue;
      const { TargetHealthDescriptions = [] } = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
      looked += TargetHealthDescriptions.length;
      for (const { Target, TargetHealth } of TargetHealthDescriptions) {
        const state = TargetHealth?.State ?? "unknown";
        if (passing.has(state)) continue;
        const problem = `is ${state}${TargetHealth?.Description ? `: ${TargetHealth.Description}` : ""}`;
        findings.push({ what: `${groups.get(TargetGroupArn)}/${Target?.Id}`, problem });
      }
    }
  }
  return { looked, findings };
}
