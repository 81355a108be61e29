import {
  DescribeClustersCommand,
  DescribeServicesCommand,
  ECSClient,
  paginateListClusters,
  paginateListServices,
} from "@aws-sdk/client-ecs";
import { batchesOf } from "../../../lambdas/common/instances";
import { isOfStack, tagsOf, type Finding, type Subject } from "../check";

/** The stack's clusters, by their tags. */
async function clustersOf(ecs: ECSClient, { settings }: Subject): Promise<string[]> {
  const arns: string[] = [];
  for await (const page of paginateListClusters({ client: ecs }, {})) arns.push(...(page.clusterArns ?? []));
  const own: string[] = [];
  for (const clusters of batchesOf(arns, 100)) {
    const { clusters: found = [] } = await ecs.send(new DescribeClustersCommand({ clusters, include: ["TAGS"] }));
    for (const { clusterArn, tags } of found) if (clusterArn && isOfStack(tagsOf(tags), settings)) own.push(clusterArn);
  }
  return own;
}

/** Services of the stack that do not run as many tasks as they should, or whose deployment failed or goes on. */
export async function services(subject: Subject): Promise<{ looked: number; findings: Finding[] }> {
  const ecs = new ECSClient(subject.client);
  const findings: Finding[] = [];
  let looked = 0;
  for (const cluster of await clustersOf(ecs, subject)) {
    const arns: string[] = [];
    for await (const page of paginateListServices({ client: ecs }, { cluster })) arns.push(...(page.serviceArns ?? []));
    for (const some of batchesOf(arns, 10)) {
      const answer = await ecs.send(new DescribeServicesCommand({ cluster, services: some }));
      for (const { serviceName = "", runningCount = 0, desiredCount = 0, deployments = [] } of answer.services ?? []) {
        looked++;
        const rollout = deployments.find(({ rolloutState }) => rolloutState === "FAILED") ?? deployments[0];
        if (runningCount < desiredCount)
          findings.push({ what: serviceName, problem: `runs ${runningCount} of ${desiredCount} tasks` });
        else if (rollout?.rolloutState === "FAILED" || rollout?.rolloutState === "IN_PROGRESS") {
          const reason = rollout.rolloutStateReason ? `: ${rollout.rolloutStateReason}` : "";
          findings.push({ what: serviceName, problem: `its deployment is ${rollout.rolloutState}${reason}` });
        }
      }
    }
  }
  return { looked, findings };
}
