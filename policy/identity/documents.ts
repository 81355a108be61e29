/** Identity policies in every resource that carries one. */
import type * as aws from "@pulumi/aws";
import { statementsOf, type Allowed } from "../frame/documents";
import { on, type Report, type ResourceAt, type ResourceRule } from "../frame/policy";
import { listOf } from "../frame/values";

export const policyTypes = [
  "aws:iam/policy:Policy",
  "aws:iam/rolePolicy:RolePolicy",
  "aws:iam/userPolicy:UserPolicy",
  "aws:iam/groupPolicy:GroupPolicy",
] as const;

/** A rule about the statements of every identity policy. */
export function onStatements(
  check: (statements: readonly Allowed[], report: Report, at: ResourceAt) => void,
): ResourceRule[] {
  return [
    ...on<aws.iam.RolePolicyArgs>(policyTypes, (props, report, at) => check(statementsOf(props.policy), report, at)),
    ...on<aws.iam.RoleArgs>("aws:iam/role:Role", (role, report, at) => {
      for (const { policy } of listOf(role.inlinePolicies)) check(statementsOf(policy), report, at);
    }),
    ...on<{ inlinePolicy?: string }>(
      "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy",
      (set, report, at) => check(statementsOf(set.inlinePolicy), report, at),
    ),
  ];
}

/** A rule about every policy that is attached by its ARN. */
export function onManaged(check: (arn: string, report: Report, at: ResourceAt) => void): ResourceRule[] {
  const each = (arns: readonly (string | undefined)[], report: Report, at: ResourceAt) => {
    for (const arn of arns) if (arn !== undefined) check(arn, report, at);
  };
  return [
    ...on<aws.iam.RoleArgs>("aws:iam/role:Role", ({ managedPolicyArns }, report, at) =>
      each(listOf(managedPolicyArns), report, at),
    ),
    ...on<{ policyArn?: string }>(
      [
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
        "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
        "aws:iam/policyAttachment:PolicyAttachment",
      ],
      ({ policyArn }, report, at) => each([policyArn], report, at),
    ),
    ...on<aws.iam.RolePolicyAttachmentsExclusiveArgs>(
      "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
      ({ policyArns }, report, at) => each(listOf(policyArns), report, at),
    ),
    ...on<{ managedPolicyArn?: string }>(
      "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment",
      ({ managedPolicyArn }, report, at) => each([managedPolicyArn], report, at),
    ),
  ];
}

/** True for a statement about every resource, or about every one of a kind. */
export const isUnscoped = ({ resources, notResources }: Allowed): boolean =>
  notResources.length > 0 || resources.some((resource) => /^(\*|arn:[\w-]*:[\w-]+:\*:\*:\*)$/.test(resource));

/** True where a condition narrows a statement to tagged, named or requested things. */
export const isNarrowed = ({ conditions }: Allowed): boolean =>
  conditions.some(
    ({ operator, key }) =>
      !/not/i.test(operator) &&
      /^(aws:resourcetag\/|[a-z0-9-]+:resourcetag\/|aws:requesttag\/|aws:resourceaccount|aws:resourceorgid|iam:passedtoservice|iam:awsservicename|kms:viaservice|kms:encryptioncontext|kms:resourcealiases|kms:calleraccount|cloudwatch:namespace|ec2:(vpc|subnet|launchtemplate|createaction)|ecs:cluster|ssm:resourcetag|lambda:functionarn|aws:calledvia|aws:sourcevpce?)/.test(
        key,
      ),
  );
