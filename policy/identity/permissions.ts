import { allowsAction, nameOf } from "../frame/documents";
import { checkov, cis, fsbp, on, pci, reference, type Policy, type Report } from "../frame/policy";
import { isNarrowed, isUnscoped, onManaged, onStatements } from "./documents";
import { iamStageIsolated } from "./stage-isolation";
import { knowsNoResource } from "./unscopable";

const iamPage = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html";

/** AWS-managed policies that let their holder do anything, or give itself the right to. */
const adminPolicies = /:policy\/(AdministratorAccess|IAMFullAccess|PowerUserAccess|AWSAccountManagementFullAccess)/;

function checkManaged(arn: string, report: Report): void {
  const name = adminPolicies.exec(arn)?.[1];
  if (name) report(`it gets the AWS-managed policy ${name}`);
}

export const iamNoAdmin: Policy = {
  name: "iam-no-admin",
  description: "No identity may do everything.",
  severity: "critical",
  level: "mandatory",
  fix: "Allow the actions that the program calls, on the resources that it calls them for",
  url: iamPage,
  frameworks: [cis("1.16"), fsbp("IAM.1"), pci("7.2.1")],
  checkov: checkov(1, 62, 274, 275, "2:40", "2:56"),
  rules: [
    ...onStatements((statements, report) => {
      statements.forEach((statement, index) => {
        const every = statement.actions.some((action) => /^\*(:\*)?$/.test(action));
        if (statement.effect === "Allow" && every && isUnscoped(statement))
          report(`${nameOf(statement, index)} allows everything`);
      });
    }),
    ...onManaged(checkManaged),
  ],
};

export const iamNoWildcardAction: Policy = {
  name: "iam-no-wildcard-action",
  description: "Identity policies name their actions.",
  severity: "high",
  level: "mandatory",
  fix: "List the actions; a prefix such as ec2:Describe* counts as named",
  url: iamPage,
  frameworks: [fsbp("IAM.21"), pci("7.2.1")],
  checkov: checkov(49, 63),
  rules: onStatements((statements, report) => {
    statements.forEach((statement, index) => {
      if (statement.effect !== "Allow") return;
      const wild = statement.actions.filter((action) => /^(\*|[\w-]+:\*)$/.test(action));
      if (wild.length > 0) report(`${nameOf(statement, index)} allows ${wild.join(", ")}`);
      if (statement.notActions.length > 0)
        report(`${nameOf(statement, index)} allows all but a few actions (NotAction)`);
    });
  }),
};

export const iamNoDecryptEverything: Policy = {
  name: "iam-no-decrypt-everything",
  description: "No identity may decrypt with every key.",
  severity: "high",
  level: "mandatory",
  fix: "Name the keys, or bind the statement with kms:ViaService, kms:ResourceAliases or kms:EncryptionContext",
  url: "https://docs.aws.amazon.com/kms/latest/developerguide/iam-policies-best-practices.html",
  frameworks: [fsbp("KMS.1"), fsbp("KMS.2"), pci("7.2.1")],
  rules: onStatements((statements, report) => {
    statements.forEach((statement, index) => {
      const decrypts = ["kms:Decrypt", "kms:ReEncryptFrom"].some((action) => allowsAction(statement, action));
      const everyKey =
        isUnscoped(statement) ||
        statement.resources.some((resource) => /^arn:[\w-]+:kms:[^:]*:[^:]*:key\/\*$/.test(resource));
      if (decrypts && everyKey && !isNarrowed(statement)) report(`${nameOf(statement, index)} decrypts with every key`);
    });
  }),
};

/** What an identity needs to make itself mightier, when it may do it to whatever it likes. */
const escalations = [
  "iam:CreatePolicyVersion",
  "iam:SetDefaultPolicyVersion",
  "iam:AttachUserPolicy",
  "iam:AttachGroupPolicy",
  "iam:AttachRolePolicy",
  "iam:PutUserPolicy",
  "iam:PutGroupPolicy",
  "iam:PutRolePolicy",
  "iam:CreateAccessKey",
  "iam:CreateLoginProfile",
  "iam:UpdateLoginProfile",
  "iam:UpdateAssumeRolePolicy",
  "iam:AddUserToGroup",
  "iam:PassRole",
  "sts:AssumeRole",
  "lambda:UpdateFunctionCode",
  "ssm:SendCommand",
] as const;

/** ARNs that end in a bare wildcard where a name should be. */
const anyName = (resource: string) => /:(role|user|group|policy|function)[/:]\*$/.test(resource);

export const iamNoPrivilegeEscalation: Policy = {
  name: "iam-no-privilege-escalation",
  description: "No identity may give itself more rights, or pass or assume whatever role it likes.",
  severity: "critical",
  level: "mandatory",
  fix: "Name the roles and functions, and bind iam:PassRole with iam:PassedToService",
  url: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
  frameworks: [pci("7.2.1")],
  checkov: checkov(110, 286),
  rules: onStatements((statements, report) => {
    statements.forEach((statement, index) => {
      if (isNarrowed(statement) || !(isUnscoped(statement) || statement.resources.some(anyName))) return;
      const bounded = statement.conditions.some(({ key }) => key === "iam:permissionsboundary");
      const found = escalations.filter(
        (action) => allowsAction(statement, action) && !(bounded && action.startsWith("iam:")),
      );
      if (found.length > 0) report(`${nameOf(statement, index)} allows ${found.join(", ")} on anything`);
    });
  }),
};

export const iamResourceScoped: Policy = {
  name: "iam-resource-scoped",
  description: "Identity policies name the resources of actions that know any.",
  severity: "medium",
  level: "mandatory",
  fix: "Name the resources, or bind the statement with a condition on tags",
  url: iamPage,
  frameworks: [pci("7.2.1")],
  checkov: checkov(355, 356, 290, 111),
  rules: onStatements((statements, report) => {
    statements.forEach((statement, index) => {
      if (statement.effect !== "Allow" || !isUnscoped(statement) || isNarrowed(statement)) return;
      const scopable = statement.actions.filter((action) => !knowsNoResource(action));
      if (scopable.length > 0) report(`${nameOf(statement, index)} allows ${scopable.join(", ")} on every resource`);
    });
  }),
};

export const noIamUsers: Policy = {
  name: "no-iam-users",
  description: "People and programs use roles; there are no users, access keys or passwords of IAM.",
  severity: "high",
  level: "mandatory",
  fix: "Use a role: IAM Identity Center for people, an instance profile, task role or OIDC for programs",
  url: reference("iam/user"),
  frameworks: [cis("1.15"), fsbp("IAM.2")],
  checkov: checkov(40, 273),
  rules: [
    ...on<object>("aws:iam/user:User", (_user, report) => report("it is an IAM user")),
    ...on<object>("aws:iam/accessKey:AccessKey", (_key, report) => report("it is an access key that lives for ever")),
    ...on<object>("aws:iam/userLoginProfile:UserLoginProfile", (_profile, report) =>
      report("it is a console password of IAM"),
    ),
  ],
};

export const permissions: readonly Policy[] = [
  iamNoAdmin,
  iamNoWildcardAction,
  iamNoDecryptEverything,
  noIamUsers,
  iamResourceScoped,
  iamNoPrivilegeEscalation,
  iamStageIsolated,
];
