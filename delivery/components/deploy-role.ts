import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument, type Statement } from "../../components/common/iam";
import { ValidationError } from "../../components/common/validation";
import { deliveryDenied, unboundRoles, withBoundary, type Guarded } from "../permissions/boundary";
import { deployStatements, unknownTypes, type Reach } from "../permissions/deploy-policy";
import { attachmentLimit, packStatements, wildcardReport, type Wildcard } from "../permissions/pack";
import type { StackPlan } from "../permissions/plans";
import type { StateAccess } from "./state-store";

export interface DeployRoleArgs {
  readonly plan: StackPlan;
  /** The account, the projects, and what of the delivery the role may not change. */
  readonly guarded: Guarded;
  /** Boundary that every role made by this one has to have; undefined while the stack's roles have none. */
  readonly boundaryArn?: string | undefined;
  /** `deploy` changes everything of the stack; the others read. */
  readonly reach: Reach;
  /** Statements of trust: whose tokens assume the role. */
  readonly trust: pulumi.Input<readonly Statement[]>;
  /** Where the stack's state lies in a bucket. */
  readonly state?: pulumi.Input<StateAccess> | undefined;
}

const titles: Readonly<Record<Reach, string>> = { deploy: "Deploys", drift: "Looks for drift of", preview: "Previews" };

/** Longest session: a first deployment with databases takes most of an hour. */
const sessionSeconds = 2 * 60 * 60;

/**
 * One stack's state and the key of its secrets. A deployment writes it; a preview and a look for drift read it, and only
 * lock and unlock. Other stacks' state is out of reach.
 */
export function stateStatements(access: StateAccess, project: string, stack: string, reach: Reach): Statement[] {
  const { bucketArn, keyArn, secretsKeyArn } = access;
  const at = (...paths: string[]) => paths.map((path) => `${bucketArn}/.pulumi/${path}`);
  const locks = at(`locks/organization/${project}/${stack}/*`);
  const own = at(`stacks/${project}/${stack}.json*`, `history/${project}/${stack}/*`, `backups/${project}/${stack}/*`);
  return [
    { Sid: "StateBucket", Effect: "Allow", Action: ["s3:ListBucket", "s3:GetBucketLocation"], Resource: bucketArn },
    { Sid: "State", Effect: "Allow", Action: "s3:GetObject", Resource: [...at("meta.yaml"), ...own, ...locks] },
    {
      Sid: "StateWrites",
      Effect: "Allow",
      Action: ["s3:PutObject", "s3:DeleteObject"],
      Resource: reach === "deploy" ? [...own, ...locks] : locks,
    },
    {
      Sid: "StateKeys",
      Effect: "Allow",
      Action: ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:DescribeKey"],
      Resource: [keyArn, secretsKeyArn],
    },
  ];
}

/**
 * The role that a stage's jobs assume by a token, with what the resource types of its plan need and nothing more.
 *
 * Makes: a role, its managed policies (as many as IAM's limit of 6,144 characters asks for) and their attachments.
 * Errors: `ValidationError` where a plan has a resource type that the provider's table does not know, or where the
 * permissions fit no ten policies. Costs nothing.
 */
export class DeployRole extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  /** Statements that name no resource, for people who review the role. */
  readonly wildcards: readonly Wildcard[];

  constructor(name: string, args: DeployRoleArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:delivery:DeployRole", name, {}, opts);
    const { project } = args.guarded;
    const statements = checkedStatements(name, args);
    const policies = packStatements(statements);
    const role = new aws.iam.Role(
      name,
      {
        description: `${titles[args.reach]} ${project}/${args.plan.stack}`,
        assumeRolePolicy: pulumi.output(args.trust).apply((trust) => JSON.stringify(policyDocument(trust))),
        maxSessionDuration: sessionSeconds,
      },
      { parent: this },
    );
    const attach = (role_: string, policy: pulumi.Input<string>) => {
      const made = new aws.iam.Policy(`${name}-${role_}`, { policy, description: `Part of ${name}` }, { parent: this });
      new aws.iam.RolePolicyAttachment(`${name}-${role_}`, { role: role.name, policyArn: made.arn }, { parent: this });
    };
    policies.forEach((some, index) => attach(String(index + 1), JSON.stringify(policyDocument(some))));
    if (args.state !== undefined) {
      attach(
        "state",
        pulumi
          .output(args.state)
          .apply((it) => JSON.stringify(policyDocument(stateStatements(it, project, args.plan.stack, args.reach)))),
      );
    }
    this.arn = role.arn;
    this.wildcards = wildcardReport(statements);
    this.registerOutputs({ arn: this.arn, wildcards: this.wildcards });
  }
}

/** Who deploys changes nothing of the delivery, and makes roles within the boundary alone where it is asked for. */
function roleStatements(
  statements: readonly Statement[],
  { guarded, reach, boundaryArn }: Pick<DeployRoleArgs, "guarded" | "reach" | "boundaryArn">,
): Statement[] {
  if (reach !== "deploy") return [...statements];
  const own = [...statements, deliveryDenied(guarded)];
  return boundaryArn === undefined ? own : withBoundary(own, boundaryArn);
}

/** The role's statements; nothing is registered where they cannot be right. */
function checkedStatements(name: string, { plan, guarded, reach, boundaryArn }: DeployRoleArgs): Statement[] {
  const unknown = unknownTypes(plan);
  if (unknown.length > 0) {
    throw new ValidationError(`Deploy role ${name}`, [
      {
        path: `stacks.${plan.stack}`,
        problem: `has resource types whose calls are not known: ${unknown.join(", ")}`,
        fix: "Make delivery/permissions/actions.json anew: its first lines say how.",
      },
    ]);
  }
  const unbound = boundaryArn === undefined ? [] : unboundRoles(plan, boundaryArn);
  if (unbound.length > 0) {
    throw new ValidationError(`Deploy role ${name}`, [
      {
        path: `stacks.${plan.stack}`,
        problem: `has roles without the boundary that requireBoundary asks for: ${unbound.join(", ")}`,
        fix: `Set ${guarded.project}:permissionsBoundary to ${boundaryArn?.split("/").at(-1)} in Pulumi.${plan.stack}.yaml and deploy it first.`,
      },
    ]);
  }
  const statements = roleStatements(deployStatements(plan, guarded.cloud, reach, guarded.project), {
    guarded,
    reach,
    boundaryArn,
  });
  const policies = packStatements(statements).length;
  if (policies >= attachmentLimit) {
    throw new ValidationError(`Deploy role ${name}`, [
      {
        path: `stacks.${plan.stack}`,
        problem: `needs ${policies} policies`,
        allowed: `${attachmentLimit - 1}, beside the one for state`,
        fix: "Split the stack: sections that live apart can be stacks of their own.",
      },
    ]);
  }
  return statements;
}
