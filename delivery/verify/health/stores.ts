import {
  ElastiCacheClient,
  ListTagsForResourceCommand,
  paginateDescribeReplicationGroups,
} from "@aws-sdk/client-elasticache";
import { paginateDescribeDBInstances, RDSClient } from "@aws-sdk/client-rds";
import { isOfStack, tagsOf, type Finding, type Subject } from "../check";

/** States of a database that serve: work behind the scenes that takes nothing from its clients. */
const serving = new Set(["available", "backing-up", "storage-optimization", "configuring-enhanced-monitoring"]);

/** Databases of the stack that do not serve. */
export async function databases({ settings, client }: Subject): Promise<{ looked: number; findings: Finding[] }> {
  const findings: Finding[] = [];
  let looked = 0;
  for await (const page of paginateDescribeDBInstances({ client: new RDSClient(client) }, {})) {
    for (const { DBInstanceIdentifier = "", DBInstanceStatus = "unknown", TagList } of page.DBInstances ?? []) {
      if (!isOfStack(tagsOf(TagList), settings)) continue;
      looked++;
      if (!serving.has(DBInstanceStatus))
        findings.push({ what: DBInstanceIdentifier, problem: `is ${DBInstanceStatus}` });
    }
  }
  return { looked, findings };
}

/** Redis of the stack that does not serve. */
export async function caches({ settings, client }: Subject): Promise<{ looked: number; findings: Finding[] }> {
  const elasticache = new ElastiCacheClient(client);
  const findings: Finding[] = [];
  let looked = 0;
  for await (const page of paginateDescribeReplicationGroups({ client: elasticache }, {})) {
    for (const { ARN, ReplicationGroupId = "", Status = "unknown" } of page.ReplicationGroups ?? []) {
      const { TagList } = await elasticache.send(new ListTagsForResourceCommand({ ResourceName: ARN }));
      if (!isOfStack(tagsOf(TagList), settings)) continue;
      looked++;
      if (!["available", "snapshotting"].includes(Status))
        findings.push({ what: ReplicationGroupId, problem: `is ${Status}` });
    }
  }
  return { looked, findings };
}
