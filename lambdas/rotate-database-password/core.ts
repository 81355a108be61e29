import type { DBInstance } from "@aws-sdk/client-rds";

/** States in which RDS serves clients and takes a new password; the second can last for hours after storage has grown. */
const serving = ["available", "storage-optimization", "backing-up"];

/** True once the instance runs with the password it was given. */
export function passwordTaken(instance: DBInstance | undefined): boolean {
  if (!instance) throw new Error("the database does not exist");
  return serving.includes(instance.DBInstanceStatus ?? "") && !instance.PendingModifiedValues?.MasterUserPassword;
}
