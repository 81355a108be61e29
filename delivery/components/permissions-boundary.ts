import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { arnOf, policyDocument, type Statement } from "../../components/common/iam";
import { ValidationError } from "../../components/common/validation";
import { boundaryName, boundaryStatements, tooLongBy, unknownManaged, type Guarded } from "../permissions/boundary";
import type { StackPlan } from "../permissions/plans";

export interface PermissionsBoundaryArgs {
  readonly plan: StackPlan;
  /** Name of the stage. */
  readonly stage: string;
  readonly guarded: Guarded;
}

/**
 * What no role of a stage exceeds, whatever policies it gets: the stack file names it as `permissionsBoundary`.
 *
 * Makes: a managed policy of a fixed name. Errors: `ValidationError` where a role has an AWS-managed policy whose actions are
 * not known, or where the boundary fits no policy. Costs nothing.
 */
export class PermissionsBoundary extends pulumi.ComponentResource {
  /** For the stack file. */
  readonly policyName: string;
  /** Plain, so that conditions can name it before it is there. */
  readonly arn: string;

  constructor(name: string, args: PermissionsBoundaryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:delivery:PermissionsBoundary", name, {}, opts);
    const { plan, stage, guarded } = args;
    const statements = checkedStatements(name, args);
    this.policyName = boundaryName(guarded.project, stage);
    this.arn = arnOf(guarded.cloud, "iam", `policy/${this.policyName}`, "");
    new aws.iam.Policy(
      name,
      {
        name: this.policyName,
        description: `Bounds the roles of ${guarded.project}/${plan.stack}; grants nothing`,
        policy: JSON.stringify(policyDocument(statements)),
      },
      { parent: this },
    );
    this.registerOutputs({ policyName: this.policyName, arn: this.arn });
  }
}

function checkedStatements(name: string, { plan, guarded }: PermissionsBoundaryArgs): Statement[] {
  const unknown = unknownManaged(plan);
  const statements = boundaryStatements(plan, guarded);
  const excess = tooLongBy(statements);
  const path = `stacks.${plan.stack}`;
  const issues = [
    ...(unknown.length > 0
      ? [
          {
            path,
            problem: `has AWS-managed policies whose actions are not known: ${unknown.join(", ")}`,
            fix: "Add them to delivery/permissions/managed-policies.ts, from AWS's managed policy reference.",
          },
        ]
      : []),
    ...(excess > 0
      ? [
          {
            path,
            problem: `needs a boundary that is ${excess} characters longer than a policy may be`,
            allowed: "6144 characters",
            fix: "Split the stack: sections that live apart can be stacks of their own.",
          },
        ]
      : []),
  ];
  if (issues.length > 0) throw new ValidationError(`Boundary ${name}`, issues);
  return statements;
}
