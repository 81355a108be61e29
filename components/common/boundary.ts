import * as pulumi from "@pulumi/pulumi";
import { arnOf, type Cloud } from "./iam";

/** A policy by name, with its path if it has one, or by its whole ARN. */
export const boundaryPattern = /^(arn:aws[\w-]*:iam::\d{12}:policy\/)?[\w+=,.@-]+(\/[\w+=,.@-]+)*$/;

/** ARN of a policy of this account that is given by name; an ARN is one already. */
export const boundaryArn = (cloud: Cloud, policy: string): string =>
  policy.startsWith("arn:") ? policy : arnOf(cloud, "iam", `policy/${policy}`, "");

/**
 * Gives every role of the program a permissions boundary: whatever policies a role gets, it may do no more than its boundary
 * says. Set for all at one place, so that no component can forget it. Children of remote components are not the program's
 * own, but these are handed the roles they use and make none.
 */
export function boundEveryRole(policyArn: string): void {
  pulumi.runtime.registerStackTransformation(({ type, props, opts }) =>
    type === "aws:iam/role:Role" ? { props: { ...props, permissionsBoundary: policyArn }, opts } : undefined,
  );
}
