import { networkIssues, portIssue } from "../checks";
import type { Issue } from "../../common/validation";
import type { WebTierArgs } from ".";

type Checked = Omit<
  WebTierArgs,
  "cloud" | "vpcId" | "vpcCidr" | "publicSubnets" | "securityGroupId" | "keyArn" | "tags"
>;

/** All mistakes of a web tier's arguments. */
export function validateWebTier(args: Checked): Issue[] {
  const issues = [...networkIssues(args.appSubnets, "appSubnets"), ...portIssue(args.port, "port")];
  const groups = Object.entries(args.groups);
  if (groups.length === 0)
    issues.push({
      path: "groups",
      problem: "is empty",
      allowed: "blue, or blue and green",
      fix: "Give the release that runs as groups.blue.",
    });
  const weights = groups.reduce((sum, [, group]) => sum + group.weight, 0);
  if (groups.length > 0 && weights !== 100)
    issues.push({
      path: "groups",
      problem: `share out ${weights} % of the requests`,
      value: Object.fromEntries(groups.map(([color, { weight }]) => [color, weight])),
      allowed: "weights that add up to 100",
    });
  for (const [color, { image, instances, weight }] of groups) {
    if (typeof image === "string" && !image.includes("@sha256:"))
      issues.push({
        path: `groups.${color}.image`,
        problem: "is not pinned by digest, so two hosts could run two releases",
        value: image,
        allowed: "repository@sha256:<64 hexadecimal digits>",
        fix: "Take the digest that the registry shows for the tag.",
      });
    const { min, desired, max } = instances;
    if (!(Number.isInteger(min) && Number.isInteger(max) && min >= 0 && min <= desired && desired <= max && max >= 1))
      issues.push({
        path: `groups.${color}.instances`,
        problem: "are not in order",
        value: instances,
        allowed: "whole numbers with 0 <= min <= desired <= max",
      });
    if (weight > 0 && min === 0)
      issues.push({
        path: `groups.${color}.instances.min`,
        problem: "lets a group that gets requests shrink to nothing",
        value: min,
        allowed: "1 or more while the weight is above 0",
      });
  }
  for (const [name, value] of Object.entries(args.environment ?? {})) {
    if (!/^[A-Za-z_]\w*$/.test(name) || (typeof value === "string" && /[\r\n]/.test(value)))
      issues.push({
        path: `environment.${name}`,
        problem: "cannot stand in an environment file",
        allowed: "a name of letters, digits and _, and a value of one line",
      });
  }
  for (const name of Object.keys(args.secrets ?? {}).filter((one) => !/^[A-Za-z_]\w*$/.test(one))) {
    issues.push({ path: `secrets.${name}`, problem: "cannot name a variable", allowed: "letters, digits and _" });
  }
  if (!args.healthCheck.path.startsWith("/"))
    issues.push({
      path: "healthCheck.path",
      problem: "does not start with a slash",
      value: args.healthCheck.path,
      fix: `Write /${args.healthCheck.path}.`,
    });
  const { targetCpuPercent } = args.scaling;
  if (targetCpuPercent < 10 || targetCpuPercent > 90)
    issues.push({
      path: "scaling.targetCpuPercent",
      problem: "leaves no room to scale in time",
      value: targetCpuPercent,
      allowed: "10 to 90",
    });
  return issues;
}
