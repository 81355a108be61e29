import type * as aws from "@pulumi/aws";
import { allowsAction, nameOf, statementsOf, type Allowed } from "../frame/documents";
import {
  on,
  pci,
  type Policy,
  type Report,
  type ResourceRule,
  type StackResource,
  type StackRule,
} from "../frame/policy";
import { forEachKnown, listOf } from "../frame/values";
import { isUnscoped, onManaged, onStatements, policyTypes } from "./documents";
import { OwnNames } from "./own-names";
import { foreignName, foreignStage, isAnyName, namedBy, type Looker } from "./stage-names";

/** What reads, changes or gives away a stage's data. */
const dataActions = [
  ...["GetObject", "GetObjectVersion", "PutObject", "DeleteObject", "ListBucket", "PutBucketPolicy"].map(
    (one) => `s3:${one}`,
  ),
  ...["GetSecretValue", "PutSecretValue", "UpdateSecret", "PutResourcePolicy"].map((one) => `secretsmanager:${one}`),
  ...["GetParameter", "GetParameters", "GetParametersByPath", "PutParameter"].map((one) => `ssm:${one}`),
] as const;

/** Actions by which an identity gets what a role may. */
const roleActions = ["sts:AssumeRole", "iam:PassRole"];

/**
 * AWS-managed policies whose holder reads any bucket's objects or any secret's value. Source: AWS's own documents, those
 * that allow `s3:GetObject` or `secretsmanager:GetSecretValue` on every resource without a condition.
 */
const managedReaders = new RegExp(
  `:policy/(?:[\\w-]+/)*(${[
    "AIDevOpsAgentActionsPolicy|AWSCodeDeployRoleForECS|AWSElasticBeanstalkService|AWSLambdaExecute",
    "AWSSecretsManagerClientReadOnlyAccess|AdministratorAccess|AdministratorAccess-Amplify|AgentRegistryFullAccess",
    "AmazonDynamoDBFullAccesswithDataPipeline|AmazonEC2RoleforAWSCodeDeploy|AmazonEC2RoleforDataPipelineRole",
    "AmazonEC2RoleforSSM|AmazonElasticMapReduce(?:FullAccess|ReadOnlyAccess|Role|forEC2Role)|AmazonElasticTranscoderRole",
    "AmazonMacieServiceRole|AmazonS3FullAccess|AmazonS3ReadOnlyAccess|DataScientist|DatabaseAdministrator",
    "PowerUserAccess|ReadOnlyAccess|SageMakerStudio(?:Admin|User)IAMPermissiveExecutionPolicy|SecretsManagerReadWrite",
    "SystemAdministrator",
  ].join("|")})$`,
);

type Condition = Allowed["conditions"][number];

const isPositive = ({ operator }: Condition) => /^(For\w+:)?(String|Arn)(Equals|Like)/i.test(operator);
const tagOf = (key: string, of: "resource" | "principal") =>
  new RegExp(`^[\\w-]+:${of}tag/(stage|stack)$`).exec(key)?.[1];

/** True for a condition that keeps a statement to what carries this stage's or this stack's tag. */
function keepsToStage(condition: Condition, { stage, stack }: Looker, of: "resource" | "principal"): boolean {
  const tag = tagOf(condition.key, of);
  if (!tag || !isPositive(condition) || /ifexists$/i.test(condition.operator)) return false;
  const own = [tag === "stage" ? stage : stack, `\${aws:PrincipalTag/${tag}}`];
  return condition.values.length > 0 && condition.values.every((value) => own.includes(value));
}

/** Conditions that name what is reached or who comes: tags, aliases, secrets and principals. */
const namingKey =
  /^(kms:(resourcealiases|requestalias|encryptioncontext:(secretarn|aws:s3:arn))|secretsmanager:(name|secretid)|aws:principalarn)$/;

/** The other stage that a condition lets in or reaches. */
function foreignIn(condition: Condition, looker: Looker): { what: string; stage: string } | undefined {
  const tagged = tagOf(condition.key, "resource") ?? tagOf(condition.key, "principal");
  if (!isPositive(condition) || (!tagged && !namingKey.test(condition.key))) return undefined;
  for (const value of condition.values) {
    const stage = foreignName(value.split(":").at(-1) ?? "", looker);
    if (stage) return { what: `${condition.key} ${value}`, stage };
  }
  return undefined;
}

/** What is said of a role's statement that leaves its stage. */
function checkIdentity(statements: readonly Allowed[], report: Report, looker: Looker): void {
  statements.forEach((statement, index) => {
    if (statement.effect !== "Allow") return;
    const name = nameOf(statement, index);
    const takesRoles = roleActions.some((action) => allowsAction(statement, action));
    const targets = statement.resources.map((arn) => ({ arn, ...namedBy(arn, looker) }));
    for (const { arn, service } of targets) {
      const other = service === "iam" && !takesRoles ? undefined : foreignStage(arn, looker);
      if (other) report(`${name} reaches ${arn} of ${other}`);
    }
    for (const condition of statement.conditions) {
      const other = foreignIn(condition, looker);
      if (other) report(`${name} reaches ${other.what} of ${other.stage}`);
    }
    if (statement.conditions.some((condition) => keepsToStage(condition, looker, "resource"))) return;
    const everyOf = (action: string) => {
      const [service = ""] = action.split(":");
      const every = (one: string) =>
        one === "*" || one === service || (one.endsWith("*") && service.startsWith(one.slice(0, -1)));
      return isUnscoped(statement) || targets.some((one) => every(one.service) && isAnyName(one.name));
    };
    const data = dataActions.filter((action) => allowsAction(statement, action) && everyOf(action));
    if (data.length > 0) report(`${name} allows ${data.join(", ")} on every stage's data`);
  });
}

/** Conditions that keep everybody of an account to few: a network, a service, named principals. */
const keepsToFew =
  /^(aws:(principalarn|sourcearn|sourcevpc|sourcevpce|vpcsourceip|userid|principalservicename)|kms:viaservice|s3:dataaccesspointarn)$/;

/** What is said of a resource's own policy that lets another stage's principal in. */
function checkResource(document: unknown, report: Report, looker: Looker): void {
  statementsOf(document).forEach((statement, index) => {
    if (statement.effect !== "Allow") return;
    const name = nameOf(statement, index);
    for (const [kind, value] of statement.principals) {
      const other =
        kind === "AWS" && value.includes(":") ? foreignName(value.split(":").at(-1) ?? "", looker) : undefined;
      if (other) report(`${name} lets ${value} of ${other} in`);
    }
    for (const condition of statement.conditions) {
      const other = foreignIn(condition, looker);
      if (other) report(`${name} lets ${other.what} of ${other.stage} in`);
    }
    const anyRole =
      statement.notPrincipal || statement.principals.some(([kind, value]) => kind !== "Service" && value === "*");
    const kept = statement.conditions.some(
      (condition) =>
        keepsToStage(condition, looker, "principal") || (isPositive(condition) && keepsToFew.test(condition.key)),
    );
    if (anyRole && !kept) report(`${name} lets every stage's roles in`);
  });
}

/** What keeps secrets, objects and keys, and the property that says who comes in. */
const guarded: readonly (readonly [types: readonly string[], property: string])[] = [
  [["aws:s3/bucketPolicy:BucketPolicy", "aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"], "policy"],
  [["aws:s3/accessPoint:AccessPoint", "aws:s3control/accessPointPolicy:AccessPointPolicy"], "policy"],
  [["aws:secretsmanager/secret:Secret", "aws:secretsmanager/secretPolicy:SecretPolicy"], "policy"],
  [["aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey", "aws:kms/externalKey:ExternalKey"], "policy"],
  [["aws:kms/keyPolicy:KeyPolicy"], "policy"],
  [["aws:iam/role:Role"], "assumeRolePolicy"],
];

const resourceRules: ResourceRule[] = [
  ...guarded.flatMap(([types, property]) =>
    on<Record<string, unknown>>(types, (props, report, at) => checkResource(props[property], report, at)),
  ),
  ...on<aws.kms.GrantArgs>("aws:kms/grant:Grant", ({ granteePrincipal }, report, at) => {
    const other = foreignName(granteePrincipal.split(":").at(-1) ?? "", at);
    if (other) report(`it lets ${granteePrincipal} of ${other} use the key`);
  }),
];

/** Every policy document of a stack, with the resource that it is written in. */
function* documentsOf(resource: StackResource): Generator {
  const { type, props } = resource;
  if ((policyTypes as readonly string[]).includes(type)) yield props.policy;
  if (type === "aws:iam/role:Role")
    for (const { policy } of listOf(props.inlinePolicies as readonly { policy?: unknown }[])) yield policy;
  for (const [types, property] of guarded) if (types.includes(type)) yield props[property];
}

/**
 * Two stages run the same program, so what Pulumi names differs in seven digits only, which no single resource shows: a
 * pattern that takes in this stack's bucket takes in every other stack's, and a name written out may be another's.
 */
const compareNames: StackRule = (stack, report, { project, stack: name, stage }) => {
  const looker = { project, stack: name, stage };
  const own = new OwnNames(stack);
  forEachKnown(stack.resources, (resource) => {
    for (const document of documentsOf(resource)) {
      statementsOf(document).forEach((statement, index) => {
        if (statement.effect !== "Allow") return;
        if (statement.conditions.some((one) => keepsToStage(one, looker, "resource"))) return;
        const takesRoles = roleActions.some((action) => allowsAction(statement, action));
        const principals = statement.principals.flatMap(([kind, value]) => (kind === "AWS" ? [value] : []));
        for (const arn of [...statement.resources, ...principals]) {
          const { service, name: meant } = namedBy(arn, looker);
          if (isAnyName(meant) || (service === "iam" && !takesRoles && !principals.includes(arn))) continue;
          const found = own.namesake(service, meant.split("/").at(-1) ?? "", resource);
          const written = `${nameOf(statement, index)} names ${arn}`;
          if (found === "strange")
            report(`${written}, which another stack has made: of this stage?`, resource, { advisory: true });
          else if (found) report(`${written}, which is ${found.name} of another stack`, resource);
        }
      });
    }
  });
};

export const iamStageIsolated: Policy = {
  name: "iam-stage-isolated",
  description:
    "No role of a stage may reach another stage's buckets, secrets or parameters, and none lets another stage's roles in.",
  severity: "critical",
  level: "mandatory",
  fix: "Name this stage's bucket, secret, parameter or role; to share an account, bind a wildcard with the tag stage",
  url: "https://docs.aws.amazon.com/whitepapers/latest/organizing-your-aws-environment/benefits-of-using-multiple-aws-accounts.html",
  frameworks: [pci("6.5.3")],
  rules: [
    ...onStatements((statements, report, at) => checkIdentity(statements, report, at)),
    ...onManaged((arn, report, at) => {
      const name = managedReaders.exec(arn)?.[1];
      if (name) report(`it gets the AWS-managed policy ${name}, which reads every stage's data`);
      const other =
        /:policy\//.test(arn) && !/::aws:policy\//.test(arn) ? foreignName(arn.split(":").at(-1) ?? "", at) : undefined;
      if (other) report(`it gets the policy ${arn} of ${other}`);
    }),
    ...resourceRules,
  ],
  stackRule: compareNames,
};
