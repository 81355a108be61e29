/** Checks that several services share. */
import type { Issue } from "../common/validation";
import type { SubnetRef } from "./load-balancer";

/** A zone of the Region, as opposed to a Local Zone (`us-east-1-chi-2a`). */
export function isRegionZone(zone: string): boolean {
  return /^[a-z]{2}(-[a-z]+)+-\d[a-z]$/.test(zone);
}

/** A service needs a subnet, and none of a Local Zone. */
export function networkIssues(subnets: readonly SubnetRef[], path: string): Issue[] {
  if (subnets.length === 0)
    return [{ path, problem: "is empty", fix: "Give the network at least one zone with an application subnet." }];
  const local = subnets.filter(({ zone }) => !isRegionZone(zone)).map(({ zone }) => zone);
  if (local.length === 0) return [];
  return [
    {
      path,
      problem: "lie in a Local Zone, where neither load balancers' targets nor Fargate nor EKS control planes belong",
      value: local,
      fix: "Leave the Local Zone's subnets out.",
    },
  ];
}

/** A TCP port. */
export function portIssue(port: number, path: string): Issue[] {
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return [];
  return [{ path, problem: "is not a port", value: port, allowed: "a whole number from 1 to 65535" }];
}
