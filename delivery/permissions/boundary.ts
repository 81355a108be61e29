/** What bounds the roles that deployments make, and who may change what bounds them. Pure. */
import { arnOf, type Cloud, type Statement } from "../../components/common/iam";
import { gitHubIssuer, pulumiIssuer } from "../components/identity-providers";
import { addsToNames, arnsOf } from "./arns";
import { actionsOf, otherStacksDenied, reaches, roleNames, usesService } from "./deploy-policy";
import { isKnownManaged, managedActions, managedName } from "./managed-policies";
import { namePatterns } from "./names";
import { policyLimit } from "./pack";
import type { StackPlan } from "./plans";

/** Name of a stage's boundary: fixed, so that stack files and conditions can name it before it is there. */
export const boundaryName = (project: string, stage: string): string => `${project}-boundary-${stage}`;

/** The delivery's own things, as a policy names them. */
export interface Guarded {
  readonly cloud: Cloud;
  /** Pulumi project of the platform. */
  readonly project: string;
  /** Pulumi project of the delivery, a tag of all that it makes. */
  readonly deliveryProject: string;
}

const list = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === "string" ? [value] : value;

/** Everything of IAM that changes something. */
const identityChanges = "Add Attach Create Delete Detach Pass Put Remove Set Tag Untag Update Upload"
  .split(" ")
  .map((word) => `iam:${word}*`);

/** Nobody but an administrator changes the delivery's roles, policies and identity providers, or passes its roles on. */
export function deliveryDenied({ cloud, project }: Guarded): Statement {
  return {
    Sid: "DeliveryStays",
    Effect: "Deny",
    Action: identityChanges,
    Resource: [
      ...[...reaches.map((reach) => `${reach}-*`), "registry-*"].map((name) => `*/${name}`),
      `policy/${boundaryName(project, "*")}`,
      ...[gitHubIssuer, pulumiIssuer].map((issuer) => `oidc-provider/${issuer}`),
    ].map((resource) => arnOf(cloud, "iam", resource, "")),
  };
}

/** Ways to blind those who watch the account. */
const blinding = [
  "access-analyzer:Delete*",
  ...["cloudtrail:Delete*", "cloudtrail:Put*", "cloudtrail:Stop*", "cloudtrail:Update*"],
  ...["config:Delete*", "config:PutConfigurationRecorder", "config:PutDeliveryChannel", "config:Stop*"],
  ...["guardduty:Create*", "guardduty:Delete*", "guardduty:Disassociate*", "guardduty:Stop*", "guardduty:Update*"],
  ...["securityhub:BatchDisable*", "securityhub:Delete*", "securityhub:Disable*", "securityhub:Update*"],
  "ec2:DeleteFlowLogs",
  "kms:DisableKey",
  "kms:ScheduleKeyDeletion",
] as const;

/** The first word of an action, as a pattern: `s3:GetObject` is of `s3:Get*`. */
function word(action: string): string {
  const [service = "", name = ""] = action.split(":");
  if (service === "sts") return action; // becoming another role is a right of its own
  const start = /^(?:[A-Z][a-z0-9]*){1,2}?(?=[A-Z]|$)/.exec(name)?.[0] ?? name;
  return `${service}:${start.length > 2 ? start : name}*`;
}

/** Patterns of actions without those that another one covers. */
function withoutCovered(patterns: readonly string[]): string[] {
  const all = [...new Set(patterns)].sort();
  const covers = (wide: string, one: string) => wide !== one && wide.endsWith("*") && one.startsWith(wide.slice(0, -1));
  return all.filter((one) => !all.some((wide) => covers(wide, one)));
}

/** Services whose words are never taken together: each of these opens something else. */
const apart: ReadonlySet<string> = new Set(["iam", "kms", "lambda", "s3", "secretsmanager", "ssm", "sts"]);

/** Patterns that are shorter by some characters: services with the most words are named whole, as many as it takes. */
export function shortened(patterns: readonly string[], characters: number): string[] {
  let left = characters;
  const services = [...new Set(patterns.map((one) => one.split(":")[0] ?? ""))].filter(
    (service) => !apart.has(service),
  );
  const sizes = services.map((service) => {
    const own = patterns.filter((one) => one.startsWith(`${service}:`));
    return { service, saved: JSON.stringify(own).length - JSON.stringify([`${service}:*`]).length };
  });
  const whole = new Set<string>();
  for (const { service, saved } of sizes.sort((a, b) => b.saved - a.saved)) {
    if (left <= 0) break;
    whole.add(service);
    left -= saved;
  }
  return withoutCovered([...patterns, ...[...whole].map((service) => `${service}:*`)]);
}

/** What the plan's roles may do by the policies that are written for them. */
function ownStatements(plan: StackPlan): Statement[] {
  return plan.resources
    .filter(({ type }) => type === "aws:iam/rolePolicy:RolePolicy" || type === "aws:iam/policy:Policy")
    .flatMap(({ inputs }) =>
      typeof inputs.policy === "string" ? (JSON.parse(inputs.policy) as { Statement: Statement[] }).Statement : [],
    );
}

/** ARNs of the AWS-managed policies that the plan's roles get. */
const attached = (plan: StackPlan): string[] => [
  ...new Set(
    plan.resources
      .filter(({ type }) => type === "aws:iam/rolePolicyAttachment:RolePolicyAttachment")
      .flatMap(({ inputs }) => (typeof inputs.policyArn === "string" ? [inputs.policyArn] : [])),
  ),
];

/** AWS-managed policies of the plan whose actions are not known. */
export const unknownManaged = (plan: StackPlan): string[] =>
  attached(plan)
    .filter((arn) => !isKnownManaged(arn))
    .map(managedName)
    .sort();

/** ARNs of a service's resources that are the stack's, and those that its roles' policies name beside them. */
function namedResources(service: "s3" | "secretsmanager", plan: StackPlan, cloud: Cloud): string[] {
  const own = plan.resources.filter((resource) => usesService(resource, service));
  const patterns = own.length > 0 ? arnsOf(service, namePatterns(own, addsToNames.has(service)), cloud) : [];
  const isOwn = (arn: string) => patterns.some((one) => one === arn || arn.startsWith(one.replace(/\*$/, "")));
  const others = ownStatements(plan)
    .filter(({ Effect }) => Effect === "Allow")
    .flatMap(({ Resource }) => list(Resource))
    .filter((arn) => arn.split(":")[2] === service && !isOwn(arn));
  return [...new Set([...patterns, ...others])];
}

/** Calls of services that are scoped otherwise, which read no data: settings of buckets, and a password to be. */
const everywhere = [
  "s3:GetAccountPublicAccessBlock",
  "s3:GetBucket*",
  "s3:ListAllMyBuckets",
  "secretsmanager:GetRandomPassword",
] as const;

/** Services that the plan's roles pass other roles to: by their own policies, and AWS Backup to what it restores. */
function passes(plan: StackPlan): string[] {
  const own = ownStatements(plan)
    .filter(({ Action }) => list(Action).includes("iam:PassRole"))
    .flatMap(({ Condition }) => list(Condition?.StringEquals?.["iam:PassedToService"]));
  const restores = attached(plan).some((arn) => managedName(arn) === "AWSBackupServiceRolePolicyForRestores");
  return [...new Set([...own, ...(restores ? ["ec2.amazonaws.com"] : [])])].sort();
}

/** Patterns of the names of the plan's roles that some services take on. */
const rolesOf = (plan: StackPlan, services: readonly string[]): string[] =>
  roleNames({
    ...plan,
    resources: plan.resources.filter(({ inputs }) => {
      const trust = inputs.assumeRolePolicy;
      return typeof trust === "string" && services.some((service) => trust.includes(`"${service}"`));
    }),
  });

/** What none of the stack's roles may do, whatever its policies say: another stack's, the delivery's, the account's watch. */
function outOfReach(plan: StackPlan, guarded: Guarded): Statement[] {
  const { cloud, project, deliveryProject } = guarded;
  const deny = (
    Sid: string,
    Action: readonly string[],
    rest: Pick<Statement, "Resource" | "Condition">,
  ): Statement => ({
    Sid,
    Effect: "Deny",
    Action,
    ...rest,
  });
  return [
    otherStacksDenied(plan, project),
    deliveryDenied(guarded),
    deny("KeysOfState", ["kms:CreateGrant", "kms:Decrypt", "kms:Generate*", "kms:Put*", "kms:ReEncrypt*"], {
      Resource: "*",
      Condition: { StringEquals: { "aws:ResourceTag/project": deliveryProject } },
    }),
    deny("State", ["s3:*Object*", "s3:DeleteBucket*", "s3:PutBucket*"], {
      Resource: ["", "/*"].map((end) => `arn:${cloud.partition}:s3:::state-bucket-*${end}`),
    }),
    // Whoever sends a command to a host acts with its role: hosts without this project's tag are somebody else's.
    deny("HostsOfOthers", ["ssm:SendCommand", "ssm:StartSession"], {
      Resource: arnOf(cloud, "ec2", "instance/*"),
      Condition: { StringNotEquals: { "ssm:resourceTag/project": project } },
    }),
    deny("Watch", blinding, { Resource: "*" }),
  ];
}

/**
 * A stage's boundary. It grants nothing: a role does what its own policies allow and this allows as well. So its actions may
 * be wider than any role's, by the first words of what the plan's roles call (a policy holds 6,144 characters); what matters
 * is what is not in it. Buckets and secrets are the stack's own; of IAM there is passing the stack's roles to the services
 * that they are passed to, and no change; what is denied stays denied.
 */
export function boundaryStatements(plan: StackPlan, guarded: Guarded): Statement[] {
  const { cloud } = guarded;
  const called = ownStatements(plan)
    .filter(({ Effect }) => Effect === "Allow")
    .flatMap(({ Action }) => list(Action));
  const patterns = withoutCovered([
    ...called.filter((action) => !action.startsWith("iam:")).map(word),
    ...attached(plan).flatMap((arn) => managedActions(arn, actionsOf(plan))),
  ]);
  const of = (service: string) => patterns.filter((one) => one.startsWith(`${service}:`));
  const scoped = [...of("s3"), ...of("secretsmanager")];
  const allow = (
    Sid: string,
    Action: readonly string[],
    rest: Pick<Statement, "Resource" | "Condition">,
  ): Statement[] =>
    Action.length > 0 && list(rest.Resource).length > 0 ? [{ Sid, Effect: "Allow", Action, ...rest }] : [];
  const passed = passes(plan);
  const work = [...patterns.filter((one) => !scoped.includes(one)), ...everywhere];
  const rest = [
    ...allow("OwnBuckets", of("s3"), { Resource: namedResources("s3", plan, cloud) }),
    // Tools and images that AWS publishes; never a bucket of this account.
    ...allow("BucketsOfOthers", ["s3:GetObject"], {
      Resource: "*",
      Condition: { StringNotEquals: { "aws:ResourceAccount": cloud.accountId } },
    }),
    ...allow("OwnSecrets", of("secretsmanager"), { Resource: namedResources("secretsmanager", plan, cloud) }),
    ...(passed.length > 0
      ? allow("PassRoles", ["iam:PassRole"], {
          Resource: rolesOf(plan, passed).map((name) => arnOf(cloud, "iam", `role/${name}`, "")),
          Condition: { StringEquals: { "iam:PassedToService": passed } },
        })
      : []),
    ...allow("LinkedRoles", ["iam:CreateServiceLinkedRole"], {
      Resource: arnOf(cloud, "iam", "role/aws-service-role/*", ""),
    }),
    ...outOfReach(plan, guarded),
  ];
  const whole = (actions: readonly string[]) => [...allow("Work", actions, { Resource: "*" }), ...rest];
  const excess = tooLongBy(whole(work));
  return excess > 0 ? whole(shortened(work, excess)) : whole(work);
}

/** Characters by which a boundary is longer than IAM takes; 0 where it fits. */
export const tooLongBy = (statements: readonly Statement[]): number =>
  Math.max(0, JSON.stringify({ Version: "2012-10-17", Statement: statements }).length - policyLimit);

/**
 * Actions of IAM that make a role mightier and that know the condition `iam:PermissionsBoundary`: for a new role the boundary
 * that it is to have, for one that exists the boundary that it has. Source: AWS's service authorization reference of IAM.
 */
const givesRights = new Set([
  "iam:AttachRolePolicy",
  "iam:CreateRole",
  "iam:DeleteRolePolicy",
  "iam:DetachRolePolicy",
  "iam:PutRolePermissionsBoundary",
  "iam:PutRolePolicy",
]);
const dropsBoundary = "iam:DeleteRolePermissionsBoundary";

/**
 * Statements of a deploying role that makes roles within a boundary and no others: what gives a role rights has the condition,
 * and no boundary is ever taken off.
 */
export function withBoundary(statements: readonly Statement[], boundaryArn: string): Statement[] {
  const divided = statements.flatMap((statement): Statement[] => {
    const actions = list(statement.Action);
    if (statement.Effect !== "Allow" || !actions.some((action) => givesRights.has(action) || action === dropsBoundary))
      return [statement];
    const roles = list(statement.Resource).filter((arn) => arn.split(":").at(-1)?.startsWith("role/"));
    return [
      { ...statement, Action: actions.filter((action) => !givesRights.has(action) && action !== dropsBoundary) },
      {
        Sid: `${statement.Sid ?? ""}Bounded`,
        Effect: "Allow",
        Action: actions.filter((action) => givesRights.has(action)),
        Resource: roles,
        Condition: { StringEquals: { "iam:PermissionsBoundary": boundaryArn } },
      },
    ];
  });
  return [...divided, { Sid: "BoundariesStay", Effect: "Deny", Action: dropsBoundary, Resource: "*" }];
}

/** Roles of a plan that have not a boundary. */
export const unboundRoles = (plan: StackPlan, boundaryArn: string): string[] =>
  plan.resources
    .filter(({ type, inputs }) => type === "aws:iam/role:Role" && inputs.permissionsBoundary !== boundaryArn)
    .map(({ name }) => name);
