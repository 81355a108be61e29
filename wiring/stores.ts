import * as pulumi from "@pulumi/pulumi";
import { dataStores, type DataStore } from "../components/data/data-platform";
import type { Platform } from "./platform";

type Variables = Record<string, pulumi.Output<string>>;

/**
 * Where the named stores are, under the names that the market-data service reads: the database is PostgreSQL where both are
 * named, and TimescaleDB stands beside it as TIMESCALE_*.
 */
export function storeVariables({ data, settings }: Platform, names: readonly DataStore[] = dataStores): Variables {
  const named = (store: DataStore) => names.includes(store);
  const variables: Variables = {};
  const databases = [named("postgres") ? data?.postgres : undefined, named("timescale") ? data?.timescale : undefined];
  databases
    .filter((database) => database !== undefined)
    .forEach((database, index) => {
      const prefix = index === 0 ? "DATABASE" : "TIMESCALE";
      variables[`${prefix}_HOST`] = database.endpoint;
      variables[`${prefix}_PORT`] = pulumi.output(String(database.port));
      variables[`${prefix}_NAME`] = pulumi.output(database.databaseName);
      variables[`${prefix}_SECRET_ARN`] = database.masterSecretArn;
    });
  if (data?.redis && named("redis")) {
    variables.REDIS_URL = pulumi.interpolate`rediss://${data.redis.endpoint}:${data.redis.port}`;
    variables.REDIS_CLUSTER = pulumi.output(String(settings.data?.redis?.clusterMode === true));
    variables.REDIS_SECRET_ARN = data.redis.authSecretArn;
  }
  return variables;
}
