import type { Cloud, Statement } from "../../components/common/iam";
import actionsByType from "./actions.json";
import { addsToNames, arnsOf, isNamed } from "./arns";
import {
  dependents,
  imagePush,
  isWanted,
  linkedRoles,
  lookups,
  remoteChildren,
  remotePasses,
  recovery,
  verification,
} from "./dependents";
import { namePatterns } from "./names";
import type { PlannedResource, StackPlan } from "./plans";

const table = actionsByType as Readonly<Record<string, readonly string[]>>;

/**
 * What a role may do: everything that deployments do; what a look for drift reads; or what the preview of a pull request
 * reads, whose code nobody has seen yet: that one reads no secret.
 */
export const reaches = ["deploy", "drift", "preview"] as const;
export type Reach = (typeof reaches)[number];

const serviceOf = (action: string) => action.slice(0, action.indexOf(":"));
const nameOf = (action: string) => action.slice(action.indexOf(":") + 1);

/** Reading that AWS knows no resource for, or for which one would have to be listed first. */
function isListing(action: string): boolean {
  const name = nameOf(action);
  if (serviceOf(action) === "s3") return name === "ListAllMyBuckets";
  return /^(Describe|List)/.test(name) || /^ec2:Get/.test(action) || action === "tag:GetResources";
}

/** Whether a role of some reach may make a call. */
function isWithin(action: string, reach: Reach): boolean {
  if (reach === "deploy") return true;
  const reading = /^(Describe|Get|List|BatchGet|Validate|Select)/.test(nameOf(action));
  return reading && (reach === "drift" || action !== "secretsmanager:GetSecretValue");
}

/** Writing that AWS knows no resource for: settings of the account, and the first breath of what has no name. */
const withoutResource: readonly RegExp[] = [
  /^ec2:(Enable|Disable)(EbsEncryptionByDefault|ImageBlockPublicAccess|SerialConsoleAccess|SnapshotBlockPublicAccess)$/,
  /^ec2:Modify(InstanceMetadataDefaults|AvailabilityZoneGroup)$/,
  /^s3:(Get|Put)AccountPublicAccessBlock$/,
  /^kms:CreateKey$/,
  /^guardduty:CreateDetector$/,
  /^config:\w*(DeliveryChannel|ConfigurationRecorder)\w*$/,
  /^ecr:GetAuthorizationToken$/,
  /^logs:\w*(LogDelivery|LogDeliveries|ResourcePolic)\w*$/,
  /^secretsmanager:GetRandomPassword$/,
  /^states:ValidateStateMachineDefinition$/,
  /^securityhub:(BatchEnableStandards|BatchDisableStandards|GetEnabledStandards)$/,
  /^sts:GetCallerIdentity$/,
  /^sns:(Unsubscribe|GetSubscriptionAttributes|SetSubscriptionAttributes)$/,
];

/** Types that a plan names and that the provider's table does not have. */
export function unknownTypes(plan: StackPlan): string[] {
  const types = plan.resources.flatMap(({ type }) => remoteChildren[type] ?? [type]);
  return [...new Set(types)].filter((type) => type.startsWith("aws:") && !table[type]).sort();
}

/** Every action that the resources of a plan need, in order. */
export function actionsOf(plan: StackPlan): string[] {
  const types = new Set(plan.resources.flatMap(({ type }) => [type, ...(remoteChildren[type] ?? [])]));
  const direct = [...types].flatMap((type) => table[type] ?? []).filter(isWanted);
  const pushes = [...types].some((type) => type.startsWith("aws:ecr/repository:"));
  const more = [
    ...direct,
    ...lookups,
    ...verification,
    ...recovery,
    ...(pushes ? [...imagePush, "ecr:GetAuthorizationToken"] : []),
  ];
  return [...new Set([...more, ...more.flatMap((action) => dependents[action] ?? [])])].sort();
}

/** Services of a plan's resource types as Pulumi names them: `aws:ec2/vpc:Vpc` is of `ec2`. */
const pulumiService = (type: string) => /^aws:(\w+)\//.exec(type)?.[1] ?? "";

/** Services that the plan's roles are for: whoever deploys passes the roles to these and to no other. */
function passedTo(resources: readonly PlannedResource[]): string[] {
  const found = new Set<string>();
  for (const { type, inputs } of resources) {
    if (type !== "aws:iam/role:Role" || typeof inputs.assumeRolePolicy !== "string") continue;
    for (const [service] of inputs.assumeRolePolicy.matchAll(/[\w.-]+\.amazonaws\.com(?:\.cn)?/g)) found.add(service);
  }
  for (const { type } of resources) for (const service of remotePasses[type] ?? []) found.add(service);
  return [...found].sort();
}

const sid = (text: string) => text.replace(/[^A-Za-z0-9]+(\w?)/g, (_all, next: string) => next.toUpperCase());

/** Passing and first-use roles: the two rights of IAM that everything else leans on. */
function roleStatements(plan: StackPlan, names: readonly string[], cloud: Cloud): Statement[] {
  const services = passedTo(plan.resources);
  const linked = new Set(plan.resources.flatMap(({ type }) => linkedRoles[pulumiService(type)] ?? []));
  const iam = `arn:${cloud.partition}:iam::${cloud.accountId}:role/`;
  const statements: Statement[] = [];
  if (services.length > 0) {
    statements.push({
      Sid: "PassRoles",
      Effect: "Allow",
      Action: "iam:PassRole",
      Resource: names.map((name) => iam + name),
      Condition: { StringEquals: { "iam:PassedToService": services } },
    });
  }
  if (linked.size > 0) {
    statements.push({
      Sid: "LinkedRoles",
      Effect: "Allow",
      Action: "iam:CreateServiceLinkedRole",
      Resource: `${iam}aws-service-role/*`,
      Condition: { StringEquals: { "iam:AWSServiceName": [...linked].sort() } },
    });
  }
  return statements;
}

/** Whatever carries another stack's tags is out of reach, also where an ARN cannot say so. */
export function otherStacksDenied({ stack }: StackPlan, project: string): Statement {
  return {
    Sid: "OtherStacks",
    Effect: "Deny",
    Action: "*",
    Resource: "*",
    Condition: {
      StringEquals: { "aws:ResourceTag/project": project },
      StringNotEquals: { "aws:ResourceTag/stack": stack },
    },
  };
}

/** Uses of keys that services make on behalf of whoever deploys: an encrypted volume, a secret, a log. */
const keyUse = [
  "kms:CreateGrant",
  "kms:Decrypt",
  "kms:DescribeKey",
  "kms:Encrypt",
  "kms:GenerateDataKey",
  "kms:GenerateDataKeyWithoutPlaintext",
];

/** True for a resource that some call of a service makes. */
export const usesService = ({ type }: PlannedResource, service: string): boolean =>
  [type, ...(remoteChildren[type] ?? [])].some((one) => table[one]?.some((action) => serviceOf(action) === service));

/** Patterns of the names of a plan's roles. */
export const roleNames = (plan: StackPlan): string[] =>
  namePatterns(plan.resources.filter(({ type }) => type === "aws:iam/role:Role" || remoteChildren[type]));

/** A service's own actions on its own resources. */
function serviceStatement(service: string, actions: readonly string[], plan: StackPlan, cloud: Cloud): Statement[] {
  const own = plan.resources.filter((resource) => usesService(resource, service));
  const resources = arnsOf(service, isNamed(service) ? namePatterns(own, addsToNames.has(service)) : [], cloud);
  if (resources.length === 0) return []; // asked for by verification alone: the plan makes none
  if (service !== "ec2" || !actions.includes("ec2:RunInstances")) {
    return [{ Sid: sid(`own-${service}`), Effect: "Allow", Action: actions, Resource: resources }];
  }
  // Images and their snapshots are other accounts'.
  const images = ["image/*", "snapshot/*"].map((it) => `arn:${cloud.partition}:ec2:${cloud.region}::${it}`);
  return [
    { Sid: "OwnEc2", Effect: "Allow", Action: actions, Resource: resources },
    { Sid: "Images", Effect: "Allow", Action: "ec2:RunInstances", Resource: images },
  ];
}

/**
 * The statements of a role that deploys (or previews) a stack: each action is one that a resource type of its plan needs, on
 * resources by name where AWS's ARNs have one, on the account and Region where they have not. Pure.
 */
export function deployStatements(plan: StackPlan, cloud: Cloud, reach: Reach, project: string): Statement[] {
  const all = actionsOf(plan).filter((action) => isWithin(action, reach));
  const listing = all.filter(isListing);
  const rest = all.filter((action) => !isListing(action));
  const bare = rest.filter((action) => withoutResource.some((form) => form.test(action)));
  const scoped = rest.filter((action) => !bare.includes(action));
  const services = [...new Set(scoped.map(serviceOf))].sort();
  const region = {
    StringEquals: {
      "aws:RequestedRegion": [cloud.region, "us-east-1"].filter((it, at, all) => all.indexOf(it) === at),
    },
  };
  return [
    otherStacksDenied(plan, project),
    { Sid: "Look", Effect: "Allow", Action: listing, Resource: "*" },
    ...(bare.length > 0
      ? [{ Sid: "Account", Effect: "Allow" as const, Action: bare, Resource: "*", Condition: region }]
      : []),
    ...services.flatMap((service) =>
      serviceStatement(
        service,
        scoped.filter((action) => serviceOf(action) === service),
        plan,
        cloud,
      ),
    ),
    ...(reach === "deploy" ? roleStatements(plan, roleNames(plan), cloud) : []),
    ...(reach !== "preview" && services.includes("kms")
      ? [
          {
            Sid: "UseKeys",
            Effect: "Allow" as const,
            Action: reach === "deploy" ? keyUse : ["kms:Decrypt", "kms:DescribeKey"],
            Resource: arnsOf("kms", [], cloud),
            Condition: { StringEquals: { "aws:ResourceTag/project": project, "aws:ResourceTag/stack": plan.stack } },
          },
        ]
      : []),
  ];
}
