import type { DBInstance } from "@aws-sdk/client-rds";

/** True once the instance runs with the password it was given. */
export function passwordTaken(instance: DBInstance | undefined): boolean {
  if (!instance) throw new Error("the database does not exist");
  return instance.DBInstanceStatus === "available" && !instance.PendingModifiedValues?.MasterUserPassword;
}
