import type { ReplicationGroup } from "@aws-sdk/client-elasticache";

/** True once the cache runs with the token it was given. */
export function tokenTaken(group: ReplicationGroup | undefined): boolean {
  if (!group) throw new Error("the cache does not exist");
  return group.Status === "available" && !group.PendingModifiedValues?.AuthTokenStatus;
}
