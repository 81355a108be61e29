/** Documents of IAM as tables of cases write them. */
import { a } from "./tables";

export const role = "aws:iam/role:Role";
export const rolePolicy = "aws:iam/rolePolicy:RolePolicy";

export const doc = (Action: unknown, Resource: unknown = "*", more: object = {}) =>
  JSON.stringify({ Statement: [{ Effect: "Allow", Action, Resource, ...more }] });
export const does = (...args: Parameters<typeof doc>) => ({ policy: doc(...args) });
export const inline = (...args: Parameters<typeof doc>) => a(role, { inlinePolicies: [{ policy: doc(...args) }] });
export const trusts = (Principal: unknown, Condition?: unknown) => ({
  assumeRolePolicy: JSON.stringify({
    Statement: [{ Effect: "Allow", Principal, Action: "sts:AssumeRole", ...(Condition ? { Condition } : {}) }],
  }),
});
