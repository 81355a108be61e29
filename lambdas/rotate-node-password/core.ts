import type { CommandInvocation } from "@aws-sdk/client-ssm";

const unfinished = ["Pending", "InProgress", "Delayed"];

/** True once every node has answered; throws where one failed, or none did it. */
export function allDone(invocations: readonly CommandInvocation[]): boolean {
  if (invocations.some(({ Status }) => Status === undefined || unfinished.includes(Status))) return false;
  if (invocations.length === 0) return false;
  const failed = invocations.filter(({ Status }) => Status !== "Success");
  if (failed.length > 0) {
    throw new Error(`the password was not changed on ${failed.map(({ InstanceId }) => InstanceId).join(", ")}`);
  }
  return true;
}
