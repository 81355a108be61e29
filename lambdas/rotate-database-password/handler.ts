/**
 * Rotates the master password of an RDS database through RDS's own API, which needs no way into the database's network and
 * carries the new password to every replica. RDS's managed rotation is not used: it refuses replicas.
 *
 * PostgreSQL keeps one password a user: new log-ins with the old one fail from the moment that RDS has taken the new one until
 * the secret names it, some 15 to 60 seconds. Open connections stay; clients that are refused read the secret again.
 */
import { DescribeDBInstancesCommand, ModifyDBInstanceCommand, RDSClient } from "@aws-sdk/client-rds";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { clientSettings, lazily, variable } from "../common/environment";
import { rotate, sleep, until, type RotatedStore, type RotationEvent } from "../common/rotation";
import { passwordTaken } from "./core";

/** The database as a store whose password is rotated. */
export function database(rds: RDSClient, identifier: string, wait = sleep): RotatedStore {
  const ready = () =>
    until(
      `the database ${identifier} has not taken its password`,
      async () => {
        const { DBInstances } = await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier }));
        return passwordTaken(DBInstances?.[0]);
      },
      wait,
    );
  const modify = (password: string) =>
    rds.send(
      new ModifyDBInstanceCommand({
        DBInstanceIdentifier: identifier,
        MasterUserPassword: password,
        ApplyImmediately: true,
      }),
    );
  return {
    field: "password",
    length: 40,
    async set(value) {
      await ready(); // RDS takes no change while another is under way
      await modify(value);
      await wait(15_000); // the status follows a change with a delay
    },
    test: ready,
    async restore(current) {
      await modify(current);
    },
  };
}

/** One step of a rotation. */
export const handler = lazily<RotationEvent, null>(() => {
  const secrets = new SecretsManagerClient(clientSettings);
  const store = database(new RDSClient(clientSettings), variable("DATABASE"));
  return async (event) => {
    await rotate(secrets, store, event);
    return null;
  };
});
