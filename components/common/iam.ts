import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** The account, Region and partition that a stack is deployed to: plain values, looked up once in `wiring/platform.ts`. */
export interface Cloud {
  readonly accountId: string;
  readonly region: string;
  /** `aws`, `aws-us-gov`, ...: ARNs are never written by hand. */
  readonly partition: string;
}

/** Looks the deployment's account and partition up. */
export async function lookupCloud(region: string): Promise<Cloud> {
  const [identity, { partition }] = await Promise.all([aws.getCallerIdentity({}), aws.getPartition({})]);
  return { accountId: identity.accountId, region, partition };
}

/** ARN of a resource of this account and Region, or of another Region or none (`region: ""`). */
export function arnOf(cloud: Cloud, service: string, resource: string, region = cloud.region): string {
  return `arn:${cloud.partition}:${service}:${region}:${cloud.accountId}:${resource}`;
}

/** One statement of an IAM policy, after its values are known. */
export interface Statement {
  readonly Sid?: string;
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: Readonly<Record<string, string | readonly string[]>> | "*";
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** An IAM policy document around its statements. */
export function policyDocument(statements: readonly Statement[]) {
  return { Version: "2012-10-17" as const, Statement: statements };
}

/** Trust in AWS services, only on behalf of this account where the service says so. */
export function serviceTrust(services: readonly string[], conditions?: Statement["Condition"]) {
  return policyDocument([
    {
      Effect: "Allow",
      Principal: { Service: services },
      Action: "sts:AssumeRole",
      ...(conditions ? { Condition: conditions } : {}),
    },
  ]);
}

/** What a service role is made of. */
export interface ServiceRoleArgs {
  /** Service principals such as `ec2.amazonaws.com`. */
  readonly services: readonly string[];
  readonly description: string;
  /** Inline policies by name, as documents or as JSON text. */
  readonly policies?: Readonly<Record<string, pulumi.Input<string | ReturnType<typeof policyDocument>>>>;
  /** ARNs of AWS-managed policies. */
  readonly managedPolicyArns?: readonly string[];
  /** Conditions on who may assume the role, such as `aws:SourceAccount`. */
  readonly trustConditions?: Statement["Condition"];
}

/**
 * A role that AWS services assume: the role, one inline policy each as a resource of its own, one attachment for each
 * managed policy. Names are `<name>`, `<name>-<policy>` and `<name>-<managed policy>`.
 */
export function serviceRole(name: string, args: ServiceRoleArgs, opts: pulumi.CustomResourceOptions): aws.iam.Role {
  const role = new aws.iam.Role(
    name,
    {
      description: args.description,
      assumeRolePolicy: JSON.stringify(serviceTrust(args.services, args.trustConditions)),
    },
    opts,
  );
  for (const [policy, document] of Object.entries(args.policies ?? {})) {
    new aws.iam.RolePolicy(
      `${name}-${policy}`,
      {
        role: role.id,
        policy: pulumi.output(document).apply((it) => (typeof it === "string" ? it : JSON.stringify(it))),
      },
      opts,
    );
  }
  for (const arn of args.managedPolicyArns ?? []) {
    const policy = arn.split("/").at(-1) ?? arn;
    new aws.iam.RolePolicyAttachment(`${name}-${policy}`, { role: role.name, policyArn: arn }, opts);
  }
  return role;
}

/** Role and profile of an EC2 instance that is reached by Session Manager and reports to CloudWatch. */
export function instanceProfile(
  name: string,
  cloud: Cloud,
  args: Omit<ServiceRoleArgs, "services" | "managedPolicyArns">,
  opts: pulumi.CustomResourceOptions,
): { role: aws.iam.Role; profile: aws.iam.InstanceProfile } {
  const managed = ["AmazonSSMManagedInstanceCore", "CloudWatchAgentServerPolicy"];
  const role = serviceRole(
    `${name}-role`,
    {
      ...args,
      services: ["ec2.amazonaws.com"],
      managedPolicyArns: managed.map((policy) => `arn:${cloud.partition}:iam::aws:policy/${policy}`),
    },
    opts,
  );
  return { role, profile: new aws.iam.InstanceProfile(`${name}-profile`, { role: role.name }, opts) };
}
