import type { Issue } from "../../common/validation";
import { networkIssues, portIssue } from "../checks";
import { taskSizeIssues } from "./task-size";
import type { FargateServiceArgs } from ".";

/** Seconds between SIGTERM and SIGKILL that Fargate takes. */
const stopSeconds = { min: 2, max: 120 } as const;

function singletonIssues(args: Checked): Issue[] {
  if (!args.singleton) return [];
  const issues: Issue[] = [];
  if (args.desiredCount > 1)
    issues.push({
      path: "desiredCount",
      problem: "runs a singleton more than once",
      value: args.desiredCount,
      allowed: "0 or 1",
      fix: "Set desiredCount to 1, or singleton to false.",
    });
  if (args.scaling)
    issues.push({
      path: "scaling",
      problem: "would run a singleton more than once",
      fix: "Remove scaling, or set singleton to false.",
    });
  if (args.deployment && args.deployment.strategy !== "rolling")
    issues.push({
      path: "deployment.strategy",
      problem: "runs old and new side by side, which a singleton must not",
      value: args.deployment.strategy,
      allowed: "rolling",
    });
  if (args.spot)
    issues.push({
      path: "spot",
      problem: "may take a singleton away in the middle of its work",
      value: true,
      allowed: "false for a singleton",
    });
  return issues;
}

function scalingIssues(args: Checked): Issue[] {
  if (!args.scaling) return [];
  const issues: Issue[] = [];
  const { min, max, targetCpuPercent } = args.scaling;
  if (!(Number.isInteger(min) && Number.isInteger(max) && min >= 1 && min <= max))
    issues.push({
      path: "scaling",
      problem: "has bounds out of order",
      value: { min, max },
      allowed: "whole numbers with 1 <= min <= max",
    });
  if (args.desiredCount < min || args.desiredCount > max)
    issues.push({
      path: "desiredCount",
      problem: "lies outside of scaling's bounds",
      value: args.desiredCount,
      allowed: `${min} to ${max}`,
    });
  if (targetCpuPercent < 10 || targetCpuPercent > 90)
    issues.push({
      path: "scaling.targetCpuPercent",
      problem: "leaves no room to scale in time",
      value: targetCpuPercent,
      allowed: "10 to 90",
    });
  return issues;
}

function deploymentIssues(args: Checked): Issue[] {
  const issues: Issue[] = [];
  const strategy = args.deployment?.strategy ?? "rolling";
  if (strategy !== "rolling" && !args.route)
    issues.push({
      path: "deployment.strategy",
      problem: "shifts requests, and the service gets none",
      value: strategy,
      allowed: "rolling without a route",
      fix: "Give the service a route of the load balancer, or take rolling.",
    });
  const percent = args.deployment?.canaryPercent;
  if (percent !== undefined && (percent < 1 || percent > 50))
    issues.push({
      path: "deployment.canaryPercent",
      problem: "is not a small first share",
      value: percent,
      allowed: "1 to 50",
    });
  const stop = args.stopTimeoutSeconds ?? 30;
  if (!Number.isInteger(stop) || stop < stopSeconds.min || stop > stopSeconds.max)
    issues.push({
      path: "stopTimeoutSeconds",
      problem: "is not a time that Fargate waits between SIGTERM and SIGKILL",
      value: stop,
      allowed: `${stopSeconds.min} to ${stopSeconds.max}`,
      fix: "Let longer work save its state and go on in the next task.",
    });
  return issues;
}

function routeIssues(args: Checked): Issue[] {
  const issues: Issue[] = [];
  if (args.route && args.port === undefined)
    issues.push({ path: "port", problem: "is missing on a service that a load balancer speaks to" });
  if (args.route && args.route.paths.length === 0)
    issues.push({
      path: "route.paths",
      problem: "is empty, so no request reaches the service",
      allowed: "patterns such as /bot/*",
    });
  if (args.route && args.route.paths.length > 5)
    issues.push({
      path: "route.paths",
      problem: "has more patterns than a rule takes",
      value: args.route.paths.length,
      allowed: "1 to 5",
    });
  if (args.route && !args.healthCheck)
    issues.push({ path: "healthCheck", problem: "is missing on a service that a load balancer speaks to" });
  if (args.healthCheck && !args.healthCheck.path.startsWith("/"))
    issues.push({
      path: "healthCheck.path",
      problem: "does not start with a slash",
      value: args.healthCheck.path,
      fix: `Write /${args.healthCheck.path}.`,
    });
  const interval = args.healthCheck?.intervalSeconds ?? 30;
  if (interval < 5 || interval > 300)
    issues.push({
      path: "healthCheck.intervalSeconds",
      problem: "is not an interval of a health check",
      value: interval,
      allowed: "5 to 300",
    });
  return issues;
}

type Checked = Omit<
  FargateServiceArgs,
  "cloud" | "clusterArn" | "clusterName" | "vpcId" | "securityGroupId" | "keyArn" | "alarmTopicArn"
>;

/** All mistakes of a service's arguments. */
export function validateFargateService(args: Checked): Issue[] {
  const issues = [
    ...networkIssues(args.appSubnets, "appSubnets"),
    ...taskSizeIssues(args.cpuUnits, args.memoryMiB),
    ...(args.port === undefined ? [] : portIssue(args.port, "port")),
    ...singletonIssues(args),
    ...scalingIssues(args),
    ...deploymentIssues(args),
    ...routeIssues(args),
  ];
  if (typeof args.image === "string" && !args.image.includes("@sha256:"))
    issues.push({
      path: "image",
      problem: "is not pinned by digest, so a restart could run another release",
      value: args.image,
      allowed: "repository@sha256:<64 hexadecimal digits>",
      fix: "Take the digest that the registry shows for the tag.",
    });
  if (!Number.isInteger(args.desiredCount) || args.desiredCount < 0)
    issues.push({ path: "desiredCount", problem: "is not a number of tasks", value: args.desiredCount });
  for (const name of Object.keys(args.secrets ?? {}).filter((one) => one in (args.environment ?? {}))) {
    issues.push({
      path: `secrets.${name}`,
      problem: "is a plain variable too",
      fix: `Remove ${name} from environment or from secrets.`,
    });
  }
  for (const name of Object.keys(args.environment ?? {})) {
    if (!/(password|secret|token|api_?key|private_?key)$/i.test(name)) continue;
    issues.push({
      path: `environment.${name}`,
      problem: "reads like a secret, and the environment of a task definition is readable by many",
      fix: `Put it into Secrets Manager and name it under secrets.${name}.`,
    });
  }
  return issues;
}
