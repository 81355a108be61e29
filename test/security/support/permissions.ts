import { allowsAction, covers, statementsOf, type Allowed } from "../../../policy/frame/documents";
import type { RecordedResource, RunResult } from "../../../plan/evaluate/monitor";
import { plain } from "../../support/program";

/** A role of a stack with everything that it may do. */
export interface Role {
  readonly name: string;
  readonly statements: readonly Allowed[];
  /** AWS-managed policies that are attached to it. */
  readonly managed: readonly string[];
}

const rolePolicy = "aws:iam/rolePolicy:RolePolicy";
const attachment = "aws:iam/rolePolicyAttachment:RolePolicyAttachment";

/** The roles of a stack, with the policies that are written for them. */
export function rolesOf({ resources }: RunResult): Role[] {
  const of = (role: RecordedResource, type: string) =>
    resources.filter((one) => one.type === type && (one.propertyDependencies.role ?? []).includes(role.urn));
  return resources
    .filter(({ type }) => type === "aws:iam/role:Role")
    .map((role) => {
      const inline = (role.inputs.inlinePolicies ?? []) as readonly { policy?: unknown }[];
      const documents = [
        ...of(role, rolePolicy).map(({ inputs }) => inputs.policy),
        ...inline.map((one) => one.policy),
      ];
      return {
        name: role.name,
        statements: documents.flatMap((document) => statementsOf(plain(document))),
        managed: [
          ...of(role, attachment).map(({ inputs }) => String(inputs.policyArn)),
          ...((role.inputs.managedPolicyArns ?? []) as string[]),
        ],
      };
    });
}

/**
 * Ways to more rights than one has, each a set of actions that must all be allowed. Source: Rhino Security Labs, "AWS IAM
 * Privilege Escalation - Methods and Mitigation" (21 ways), and Datadog's pathfinding.cloud for the services that came later.
 */
export const escalationPaths: readonly (readonly string[])[] = [
  ["iam:CreatePolicyVersion"],
  ["iam:SetDefaultPolicyVersion"],
  ["iam:CreateAccessKey"],
  ["iam:CreateLoginProfile"],
  ["iam:UpdateLoginProfile"],
  ["iam:AttachUserPolicy"],
  ["iam:AttachGroupPolicy"],
  ["iam:AttachRolePolicy"],
  ["iam:PutUserPolicy"],
  ["iam:PutGroupPolicy"],
  ["iam:PutRolePolicy"],
  ["iam:DeleteRolePolicy"],
  ["iam:DetachRolePolicy"],
  ["iam:PutRolePermissionsBoundary"],
  ["iam:DeleteRolePermissionsBoundary"],
  ["iam:AddUserToGroup"],
  ["iam:UpdateAssumeRolePolicy"],
  ["iam:CreateServiceSpecificCredential"],
  ["iam:AddRoleToInstanceProfile"],
  ["sts:AssumeRole"],
  ["iam:PassRole", "ec2:RunInstances"],
  ["iam:PassRole", "ec2:AssociateIamInstanceProfile"],
  ["iam:PassRole", "ec2:RequestSpotInstances"],
  ["iam:PassRole", "autoscaling:CreateLaunchConfiguration"],
  ["iam:PassRole", "lambda:CreateFunction"],
  ["iam:PassRole", "ecs:RegisterTaskDefinition"],
  ["iam:PassRole", "ecs:RunTask"],
  ["iam:PassRole", "batch:RegisterJobDefinition"],
  ["iam:PassRole", "states:CreateStateMachine"],
  ["iam:PassRole", "states:UpdateStateMachine"],
  ["iam:PassRole", "scheduler:CreateSchedule"],
  ["iam:PassRole", "scheduler:UpdateSchedule"],
  ["iam:PassRole", "cloudformation:CreateStack"],
  ["iam:PassRole", "cloudformation:UpdateStack"],
  ["iam:PassRole", "codebuild:CreateProject"],
  ["iam:PassRole", "codebuild:UpdateProject"],
  ["iam:PassRole", "datapipeline:CreatePipeline"],
  ["iam:PassRole", "glue:CreateDevEndpoint"],
  ["iam:PassRole", "glue:CreateJob"],
  ["iam:PassRole", "glue:UpdateJob"],
  ["iam:PassRole", "sagemaker:CreateNotebookInstance"],
  ["iam:PassRole", "sagemaker:CreateTrainingJob"],
  ["iam:PassRole", "sagemaker:CreateProcessingJob"],
  ["iam:PassRole", "ssm:StartAutomationExecution"],
  ["iam:PassRole", "bedrock-agentcore:CreateCodeInterpreter"],
  ["sagemaker:CreatePresignedNotebookInstanceUrl"],
  ["glue:UpdateDevEndpoint"],
  ["lambda:UpdateFunctionCode"],
  ["lambda:UpdateFunctionConfiguration"],
  ["lambda:AddPermission"],
  ["ssm:SendCommand"],
  ["ssm:StartSession"],
  ["ec2-instance-connect:SendSSHPublicKey"],
  ["ec2:ModifyInstanceAttribute"],
  ["ec2:ReplaceIamInstanceProfileAssociation"],
  ["ecs:ExecuteCommand"],
  ["eks:CreateAccessEntry"],
  ["eks:AssociateAccessPolicy"],
  ["kms:PutKeyPolicy"],
  ["s3:PutBucketPolicy"],
  ["secretsmanager:PutResourcePolicy"],
];

/** A way to more rights that a role has, with the statements that open it. */
export interface Escalation {
  readonly path: readonly string[];
  readonly statements: readonly Allowed[];
}

/** The ways to more rights that a role has, whatever it may use them on. */
export function escalationsOf({ statements }: Pick<Role, "statements">): Escalation[] {
  return escalationPaths.flatMap((path) => {
    const opening = path.map((action) => statements.filter((statement) => allowsAction(statement, action)));
    return opening.every((found) => found.length > 0) ? [{ path, statements: opening.flat() }] : [];
  });
}

/** Names of actions that end in a wildcard, but for reading (`Describe*`, `List*`, `Get*`). */
export function wildcardsOf({ statements }: Pick<Role, "statements">): string[] {
  return statements
    .filter(({ effect }) => effect === "Allow")
    .flatMap(({ actions, notActions }) => [...actions, ...notActions.map((action) => `all but ${action}`)])
    .filter((action) => action.includes("*") || action.startsWith("all but"));
}

/** True for a statement that is bound: to named resources, or by a condition. */
export const isBound = ({ resources, notResources, conditions }: Allowed): boolean =>
  notResources.length === 0 &&
  (conditions.length > 0 || resources.every((resource) => !/^\*$|:\*$|[/:]\*$/.test(resource)));

/** What a request is about. */
export interface Foreign {
  readonly arn: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** True unless a condition on the resource's tags fails; other conditions are taken for fulfilled, the worst case. */
function mayHold({ operator, key, values }: Allowed["conditions"][number], tags: Foreign["tags"]): boolean {
  const tag = /^(?:aws|[\w-]+):resourcetag\/(.+)$/.exec(key)?.[1];
  if (tag === undefined || !/^String(Equals|Like)/.test(operator)) return true;
  const found = Object.entries(tags).find(([name]) => name.toLowerCase() === tag)?.[1];
  return found !== undefined && values.some((value) => covers(value, found));
}

/** Whether a role may do something to a resource that is not its stack's. */
export function mayDo({ statements }: Pick<Role, "statements">, action: string, { arn, tags }: Foreign): boolean {
  const applying = statements.filter(
    (statement) =>
      allowsAction({ ...statement, effect: "Allow" }, action) &&
      (statement.resources.some((resource) => covers(resource, arn)) ||
        (statement.notResources.length > 0 && !statement.notResources.some((resource) => covers(resource, arn)))) &&
      statement.conditions.every((condition) => mayHold(condition, tags)),
  );
  return (
    applying.some(({ effect }) => effect === "Allow") &&
    !applying.some(({ effect, conditions }) => effect === "Deny" && conditions.length === 0)
  );
}
