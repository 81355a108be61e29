/**
 * Rotates the AUTH token of an ElastiCache replication group in two steps: ROTATE lets the new token in beside the old one,
 * and once the secret names the new one, SET shuts the old one out. Open connections stay open through both.
 */
import {
  DescribeReplicationGroupsCommand,
  ElastiCacheClient,
  ModifyReplicationGroupCommand,
  type AuthTokenUpdateStrategyType,
} from "@aws-sdk/client-elasticache";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { clientSettings, lazily, variable } from "../common/environment";
import { rotate, sleep, until, type RotatedStore, type RotationEvent } from "../common/rotation";
import { tokenTaken } from "./core";

/** The cache as a store whose token is rotated. */
export function cache(client: ElastiCacheClient, id: string, wait = sleep): RotatedStore {
  const ready = () =>
    until(
      `the cache ${id} has not taken its token`,
      async () => {
        const { ReplicationGroups } = await client.send(
          new DescribeReplicationGroupsCommand({ ReplicationGroupId: id }),
        );
        return tokenTaken(ReplicationGroups?.[0]);
      },
      wait,
    );
  const modify = async (token: string, strategy: AuthTokenUpdateStrategyType) => {
    await ready();
    await client.send(
      new ModifyReplicationGroupCommand({
        ReplicationGroupId: id,
        AuthToken: token,
        AuthTokenUpdateStrategy: strategy,
        ApplyImmediately: true,
      }),
    );
    await wait(15_000); // the status follows a change with a delay
  };
  return {
    field: "authToken",
    length: 64,
    set: (value) => modify(value, "ROTATE"),
    test: ready,
    finish: (value) => modify(value, "SET"),
  };
}

/** One step of a rotation. */
export const handler = lazily<RotationEvent, null>(() => {
  const secrets = new SecretsManagerClient(clientSettings);
  const store = cache(new ElastiCacheClient(clientSettings), variable("CACHE"));
  return async (event) => {
    await rotate(secrets, store, event);
    return null;
  };
});
