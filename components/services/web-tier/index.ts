import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { instanceProfile, policyDocument, type Cloud, type Statement } from "../../common/iam";
import { throwIfAny } from "../../common/validation";
import { EncryptionKey } from "../../security/encryption-key";
import { LoadBalancer, balancerName, type LoadBalancerSettings, type SubnetRef } from "../load-balancer";
import { createGroup, type GroupContext } from "./group";
import { pullStatements } from "../pull-statements";
import { InstanceRefresh } from "./instance-refresh";
import { validateWebTier } from "./validate";

export { webUserData } from "./user-data";

/** The two sides of a blue/green deployment; a rolling one only has blue. */
export type Color = "blue" | "green";

/** An address of RFC 5737's block for documentation, which no request comes from. */
const nobody = "192.0.2.1/32";

/** One auto-scaling group: a release, its size and its share of the requests. */
export interface WebGroup {
  /** Image by digest. */
  readonly image: pulumi.Input<string>;
  /** AMI id, or `resolve:ssm:<parameter>`; Amazon Linux 2023 or a descendant of it. */
  readonly ami: string;
  readonly instances: { readonly min: number; readonly desired: number; readonly max: number };
  /** Share of the requests in percent; all groups together have 100. */
  readonly weight: number;
}

export interface WebTierArgs {
  readonly cloud: Cloud;
  readonly vpcId: pulumi.Input<string>;
  readonly vpcCidr: string;
  /** Subnets of the load balancer when it faces the internet. */
  readonly publicSubnets: readonly SubnetRef[];
  /** Subnets of the hosts. */
  readonly appSubnets: readonly SubnetRef[];
  /** Security group of the hosts, see `WorkloadSecurityGroup`. */
  readonly securityGroupId: pulumi.Input<string>;
  readonly loadBalancer: LoadBalancerSettings;
  readonly instanceType: string;
  /** Port that the application listens on. */
  readonly port: number;
  readonly healthCheck: { readonly path: string; readonly intervalSeconds: number };
  /** Blue alone for rolling deployments; blue and green with weights for blue/green ones. */
  readonly groups: Readonly<Partial<Record<Color, WebGroup>>>;
  readonly scaling: {
    /** CPU of the group that scaling aims at, in percent. */
    readonly targetCpuPercent: number;
    /** Requests of one host a minute that scaling aims at. @default not looked at */
    readonly requestsPerTarget?: number;
  };
  /** Plain variables of the application. @default {} */
  readonly environment?: Readonly<Record<string, pulumi.Input<string>>>;
  /** ARNs of secrets by variable; `arn#field` for one field of a JSON secret. @default {} */
  readonly secrets?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Customer keys that the secrets and the image repository are encrypted with. @default [] */
  readonly decryptKeyArns?: readonly pulumi.Input<string>[];
  /** Repositories that the images come from. @default none, public images only */
  readonly repositoryArns?: readonly pulumi.Input<string>[];
  /** What else the application may do. @default nothing */
  readonly statements?: readonly pulumi.Input<Statement>[];
  /** An existing key pair, for a network where Session Manager cannot be used. @default none */
  readonly keyName?: string;
  /** Size of the root volume. @default 20 */
  readonly rootVolumeGiB?: number;
  /** Minutes that a deployment waits for an instance refresh before it fails; 0 does not refresh. @default 28 */
  readonly refreshWaitMinutes?: number;
  /** Minutes that a first deployment waits for healthy hosts; 0 does not wait. @default 15 */
  readonly hostWaitMinutes?: number;
  /** @default 90 */
  readonly logRetentionDays?: number;
  /** Further tags of the hosts and their volumes, such as a `Name` that something outside looks for. @default Name `<name>-<color>` */
  readonly hostTags?: Readonly<Record<string, string>>;
  /** Tags of the hosts and their volumes, which no provider default reaches. */
  readonly tags: Readonly<Record<string, string>>;
  readonly alarmTopicArn?: pulumi.Input<string>;
}

/**
 * Stateless hosts that run one container each, in an auto-scaling group over all zones, behind a load balancer.
 *
 * Makes: load balancer (see `LoadBalancer`), a weighted listener rule that moves requests only to hosts that are healthy and
 * refreshed, and for each group a target group, launch template
 * (encrypted root volume, IMDSv2, no public address), auto-scaling group, scaling policies and alarms on CPU, memory, unhealthy
 * hosts and errors; one role, key and log group for all. A changed template is rolled out by an instance refresh that the
 * deployment waits for and that AWS rolls back when hosts stay unhealthy (see `InstanceRefresh`).
 * Errors: see `validateWebTier`.
 * Cost: the instances, 0.08 USD a GiB and month of their volumes, and the load balancer's own.
 */
export class WebTier extends pulumi.ComponentResource {
  readonly url: pulumi.Output<string>;
  readonly loadBalancerDnsName: pulumi.Output<string>;
  readonly loadBalancerZoneId: pulumi.Output<string>;
  readonly loadBalancerSecurityGroupId: pulumi.Output<string>;
  readonly groupNames: Readonly<Partial<Record<Color, pulumi.Output<string>>>>;
  readonly roleArn: pulumi.Output<string>;

  constructor(name: string, args: WebTierArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:services:WebTier", name, {}, opts);
    throwIfAny(`WebTier ${name}`, validateWebTier(args));
    const balancer = this.createLoadBalancer(name, args);
    const context = this.createContext(name, args, balancer);
    const colors = Object.entries(args.groups) as [Color, WebGroup][];
    const targetGroups = colors.map(([color, group]) => ({ group, target: this.createTargetGroup(name, color, args) }));
    const known = this.createHealthRule(name, balancer, targetGroups);
    const groups = colors.map(([color, group], index) =>
      createGroup(color, group, targetGroups[index]?.target, known, context),
    );
    const before: pulumi.Resource[] = groups.map(({ group }) => group);
    if ((args.refreshWaitMinutes ?? 28) > 0) {
      const refresh = new InstanceRefresh(
        `${name}-refresh`,
        {
          cloud: args.cloud,
          keyArn: context.keyArn,
          hostRoleArn: context.roleArn,
          waitMinutes: args.refreshWaitMinutes ?? 28,
          groups: Object.fromEntries(groups.map(({ color, group, template }) => [color, { group, template }])),
          alarmTopicArn: args.alarmTopicArn,
        },
        { parent: this },
      );
      before.push(refresh);
    }
    this.createRule(name, balancer, targetGroups, before);
    this.url = balancer.url;
    this.loadBalancerDnsName = balancer.dnsName;
    this.loadBalancerZoneId = balancer.zoneId;
    this.loadBalancerSecurityGroupId = balancer.securityGroupId;
    this.groupNames = Object.fromEntries(groups.map(({ color, group }) => [color, group.name]));
    this.roleArn = context.roleArn;
    this.registerOutputs({ url: this.url, groupNames: this.groupNames, roleArn: this.roleArn });
  }

  private createLoadBalancer(name: string, args: WebTierArgs): LoadBalancer {
    return new LoadBalancer(
      `${name}-entry`,
      {
        cloud: args.cloud,
        vpcId: args.vpcId,
        vpcCidr: args.vpcCidr,
        subnets: args.loadBalancer.exposure === "internet" ? args.publicSubnets : args.appSubnets,
        ...args.loadBalancer,
        targets: { app: { securityGroupId: args.securityGroupId, port: args.port } },
        alarmTopicArn: args.alarmTopicArn,
      },
      { parent: this },
    );
  }

  private createContext(name: string, args: WebTierArgs, balancer: LoadBalancer): GroupContext {
    const key = new EncryptionKey(
      `${name}-hosts`,
      {
        cloud: args.cloud,
        description: `Volumes and logs of the hosts of ${name}`,
        usedBy: ["logs", "autoscaling"],
      },
      { parent: this },
    );
    const logs = new aws.cloudwatch.LogGroup(
      `${name}-log`,
      { kmsKeyId: key.arn, retentionInDays: args.logRetentionDays ?? 90 },
      { parent: this },
    );
    const { role, profile } = instanceProfile(
      `${name}-host`,
      args.cloud,
      { description: `Hosts of ${name}`, policies: { app: hostPolicy(args, logs.arn) } },
      { parent: this },
    );
    return {
      name,
      args,
      parent: this,
      keyArn: key.arn,
      logGroupName: logs.name,
      profileArn: profile.arn,
      roleArn: role.arn,
      balancer,
    };
  }

  private createTargetGroup(name: string, color: Color, args: WebTierArgs): aws.lb.TargetGroup {
    const target = new aws.lb.TargetGroup(
      `${name}-${color}`,
      {
        name: balancerName(`${name}-${color}`, args.port),
        vpcId: args.vpcId,
        targetType: "instance",
        protocol: "HTTP",
        port: args.port,
        deregistrationDelay: 60,
        loadBalancingAlgorithmType: "least_outstanding_requests",
        healthCheck: {
          path: args.healthCheck.path,
          interval: args.healthCheck.intervalSeconds,
          timeout: Math.min(5, args.healthCheck.intervalSeconds - 1),
          healthyThreshold: 2,
          unhealthyThreshold: 3,
          matcher: "200",
        },
        tags: { Name: `${name}-${color}` },
      },
      { parent: this },
    );
    return target;
  }

  /**
   * Health checks only run for target groups that a listener knows, and requests must not move before the checks have passed:
   * so a rule that no request meets names the targets first, and the rule that requests meet waits for the hosts.
   */
  private createHealthRule(
    name: string,
    balancer: LoadBalancer,
    targets: readonly { target: aws.lb.TargetGroup }[],
  ): aws.lb.ListenerRule {
    return new aws.lb.ListenerRule(
      `${name}-health`,
      {
        listenerArn: balancer.listenerArn,
        priority: 50_000,
        conditions: [{ sourceIp: { values: [nobody] } }],
        actions: [
          {
            type: "forward",
            forward: { targetGroups: targets.map(({ target }) => ({ arn: target.arn, weight: 1 })) },
          },
        ],
      },
      { parent: this },
    );
  }

  /** The rule that requests meet. Weights move once every group's hosts are healthy and refreshed, or not at all. */
  private createRule(
    name: string,
    balancer: LoadBalancer,
    targets: readonly { group: WebGroup; target: aws.lb.TargetGroup }[],
    before: readonly pulumi.Resource[],
  ): void {
    new aws.lb.ListenerRule(
      `${name}-route`,
      {
        listenerArn: balancer.listenerArn,
        priority: 100,
        conditions: [{ pathPattern: { values: ["/*"] } }],
        actions: [
          {
            type: "forward",
            forward: {
              targetGroups: targets.map(({ group, target }) => ({ arn: target.arn, weight: group.weight })),
              // While both sides get requests, a client stays on the one that it first met.
              stickiness: { enabled: targets.length > 1, duration: 3600 },
            },
          },
        ],
      },
      { parent: this, dependsOn: [...before] },
    );
  }
}

/** What the hosts may do: pull their images, write their log, read their own secrets. */
function hostPolicy(args: WebTierArgs, logGroupArn: pulumi.Input<string>) {
  const { repositoryArns = [], secrets = {}, decryptKeyArns = [], statements = [] } = args;
  return pulumi
    .all([logGroupArn, repositoryArns, Object.values(secrets), decryptKeyArns, statements])
    .apply(([logs, repositories, references, keys, own]) =>
      policyDocument([
        {
          Sid: "Log",
          Effect: "Allow",
          Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
          Resource: `${logs}:*`,
        },
        ...(repositories.length > 0 ? pullStatements(repositories) : []),
        ...(references.length > 0
          ? [
              {
                Sid: "Secrets",
                Effect: "Allow" as const,
                Action: "secretsmanager:GetSecretValue",
                Resource: [...new Set(references.map((reference) => reference.split("#")[0] ?? reference))],
              },
            ]
          : []),
        ...(keys.length > 0
          ? [{ Sid: "Decrypt", Effect: "Allow" as const, Action: "kms:Decrypt", Resource: [...new Set(keys)] }]
          : []),
        ...(own as Statement[]),
      ]),
    );
}
