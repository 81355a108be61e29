import type * as aws from "@pulumi/aws";
import { allowsAnybody, nameOf, statementsOf, type Allowed } from "../frame/documents";
import { checkov, on, pci, reference, type Policy } from "../frame/policy";
import { isGiven } from "../frame/values";

const role = "aws:iam/role:Role";

/** Sides of a web identity that pin who comes: the token's subject, by issuer. */
const subjectOf = ({ conditions }: Allowed) =>
  conditions.filter(({ key }) => /(:sub|:amr|:repository|:job_workflow_ref)$/.test(key));

export const iamTrustScoped: Policy = {
  name: "iam-trust-scoped",
  description: "Roles say who may assume them.",
  severity: "critical",
  level: "mandatory",
  fix: "Name the service, role or provider in assumeRolePolicy; give another account's principal an sts:ExternalId",
  url: reference("iam/role"),
  frameworks: [pci("7.2.1")],
  checkov: checkov(60, 61),
  rules: on<aws.iam.RoleArgs>(role, ({ assumeRolePolicy }, report) => {
    statementsOf(assumeRolePolicy).forEach((statement, index) => {
      if (statement.effect !== "Allow") return;
      const name = nameOf(statement, index);
      if (allowsAnybody(statement)) report(`${name} lets anybody assume the role`);
      for (const [kind, value] of statement.principals) {
        if (kind === "Service" && value.includes("*")) report(`${name} lets every service assume the role`);
        if (kind === "Federated" && statement.conditions.length === 0) report(`${name} trusts everybody at ${value}`);
        const whole = kind === "AWS" && (/^\d{12}$/.test(value) || /:root$/.test(value));
        if (whole && statement.conditions.length === 0)
          report(`${name} lets every identity of the account ${value} assume the role`);
      }
    });
  }),
};

export const oidcSubjectPinned: Policy = {
  name: "oidc-subject-pinned",
  description: "A role that trusts tokens names whose: the repository, the service account, the stack.",
  severity: "critical",
  level: "mandatory",
  fix: "Add StringEquals on the provider's :sub and :aud; a wildcard only after the repository or the namespace",
  url: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html",
  frameworks: [pci("7.2.1")],
  checkov: checkov(358),
  rules: on<aws.iam.RoleArgs>(role, ({ assumeRolePolicy }, report) => {
    statementsOf(assumeRolePolicy).forEach((statement, index) => {
      const federated = statement.principals.some(
        ([kind, value]) => kind === "Federated" && !value.includes(":saml-provider/"),
      );
      if (statement.effect !== "Allow" || !federated) return;
      const name = nameOf(statement, index);
      const subjects = subjectOf(statement);
      if (subjects.length === 0) report(`${name} takes any subject`);
      for (const { operator, values } of subjects) {
        if (/not|ifexists/i.test(operator)) report(`${name} takes any subject but a few`);
        for (const value of values.filter((one) => one.includes("*"))) {
          // `repo:org/repository:*` and `system:serviceaccount:namespace:*` still say whose; anything earlier does not.
          const pinned = /like/i.test(operator) && /^[^*]+:[^*:/]+[/:][^*:/]+:.*$/.test(value);
          if (!pinned) report(`${name} takes the subject ${value}`);
        }
      }
      if (!statement.conditions.some(({ key }) => key.endsWith(":aud"))) report(`${name} takes any audience`);
    });
  }),
};

export const lambdaPermissionScoped: Policy = {
  name: "lambda-permission-scoped",
  description: "Whoever may call a function is named, a service with the resource on whose behalf it calls.",
  severity: "high",
  level: "mandatory",
  fix: "Set sourceArn, or sourceAccount where AWS gives no ARN",
  url: reference("lambda/permission"),
  frameworks: [pci("7.2.1")],
  checkov: checkov(364),
  rules: on<aws.lambda.PermissionArgs>("aws:lambda/permission:Permission", (permission, report) => {
    const { principal } = permission;
    const bound = isGiven(() => permission.sourceArn) || isGiven(() => permission.sourceAccount);
    if (principal === "*") {
      if (!isGiven(() => permission.principalOrgId) && !bound) report("anybody may call the function");
    } else if (/\.amazonaws\.com(\.cn)?$/.test(principal) && !bound)
      report(`${principal} may call it on anybody's behalf`);
  }),
};

export const instanceHasProfile: Policy = {
  name: "instance-has-profile",
  description: "Instances get their rights from an instance profile.",
  severity: "medium",
  level: "mandatory",
  fix: "Set iamInstanceProfile, on the instance or in its launch template",
  url: reference("ec2/instance"),
  checkov: checkov("2:41"),
  rules: [
    ...on<aws.ec2.InstanceArgs>(
      ["aws:ec2/instance:Instance", "aws:ec2/spotInstanceRequest:SpotInstanceRequest"],
      (instance, report) => {
        if (!isGiven(() => instance.iamInstanceProfile) && !isGiven(() => instance.launchTemplate))
          report("it has no instance profile");
      },
    ),
    ...on<aws.ec2.LaunchTemplateArgs>(
      ["aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/launchConfiguration:LaunchConfiguration"],
      (template, report, { urn }) => {
        // Templates of EKS and Batch get their profile from the node group or the compute environment.
        const byService = /(eks|EksPlatform|batch|Backtest|GpuTrainer|GpuFarm)/.test(urn);
        const given = isGiven(() => template.iamInstanceProfile);
        if (!given) report("its instances have no instance profile", { advisory: byService });
      },
    ),
  ],
};

export const trust: readonly Policy[] = [iamTrustScoped, lambdaPermissionScoped, oidcSubjectPinned, instanceHasProfile];
