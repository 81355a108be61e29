import * as pulumi from "@pulumi/pulumi";
import { arnOf, type Cloud, type Statement } from "../common/iam";
import { throwIfAny, type Issue } from "../common/validation";
import { ContainerImage, type ContainerImageArgs } from "./container-image";
import { FargateCluster } from "./fargate-cluster";
import { FargateService, type FargateServiceArgs } from "./fargate-service";
import { LoadBalancer, type LoadBalancerSettings, type SubnetRef } from "./load-balancer";

/** A pinned image of another registry, or a repository of this stack's. */
export type ImageSettings =
  string | Pick<ContainerImageArgs, "repositoryName" | "digest" | "build" | "keepImages" | "forceDelete">;

/** One service in plain values. */
export interface ServiceSettings extends Pick<
  FargateServiceArgs,
  | "cpuUnits"
  | "memoryMiB"
  | "architecture"
  | "logGroupName"
  | "logRetentionDays"
  | "port"
  | "healthCheck"
  | "desiredCount"
  | "scaling"
  | "singleton"
  | "deployment"
  | "stopTimeoutSeconds"
  | "command"
  | "spot"
  | "executeCommand"
> {
  readonly image: ImageSettings;
  /** Path patterns that the load balancer sends here. @default none, nothing connects to it */
  readonly paths?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Secrets by variable: an ARN, or the key of one of the stack's secrets; `#field` takes one field of a JSON secret. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** What the application does with AWS itself. @default nothing */
  readonly access?: {
    /** Keys of the stack's secrets that it reads by itself. */
    readonly secrets?: readonly string[];
    /** Keys of the stack's buckets, read only or both ways. */
    readonly buckets?: Readonly<Record<string, "read" | "read-write">>;
    /** Whether it writes into its log group by itself, beside what it prints. */
    readonly log?: boolean;
  };
}

export interface FargateServicesArgs {
  readonly cloud: Cloud;
  readonly vpcId: pulumi.Input<string>;
  readonly vpcCidr: string;
  readonly publicSubnets: readonly SubnetRef[];
  readonly appSubnets: readonly SubnetRef[];
  /** Security group of all tasks, see `WorkloadSecurityGroup`. */
  readonly securityGroupId: pulumi.Input<string>;
  /** By short name; rules of the load balancer are asked in this order, so append and keep catch-all paths last. */
  readonly services: Readonly<Record<string, ServiceSettings>>;
  /** Needed once a service has paths. */
  readonly loadBalancer?: LoadBalancerSettings;
  /** ARNs of the stack's secrets by key. @default {} */
  readonly secretArns?: Readonly<Record<string, pulumi.Input<string>>>;
  /** ARNs of the stack's buckets by key. @default {} */
  readonly bucketArns?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Customer keys of those secrets and buckets. @default [] */
  readonly dataKeyArns?: readonly pulumi.Input<string>[];
  readonly alarmTopicArn?: pulumi.Input<string>;
}

const keyOf = (reference: string) => reference.split("#")[0] ?? reference;
const isArn = (reference: string) => reference.startsWith("arn:");

function unknownKey(path: string, kind: string, key: string, known: Readonly<Record<string, unknown>> = {}): Issue[] {
  if (key in known) return [];
  return [
    {
      path,
      problem: `is not one of the stack's ${kind}`,
      value: key,
      allowed: Object.keys(known).join(", ") || `none: the stack has no ${kind}`,
    },
  ];
}

/** Mistakes between the services; each service checks itself as well. */
export function validateFargateServices(
  args: Pick<FargateServicesArgs, "services" | "loadBalancer" | "secretArns" | "bucketArns">,
): Issue[] {
  const issues: Issue[] = [];
  const groups = new Map<string, string>();
  const paths = new Map<string, string>();
  for (const [key, service] of Object.entries(args.services)) {
    const at = `services.${key}`;
    if (!/^[a-z][a-z0-9-]{0,23}$/.test(key))
      issues.push({
        path: at,
        problem: "is no name of a service",
        allowed: "1 to 24 lower-case letters, digits and dashes, a letter first",
      });
    if (service.paths && !args.loadBalancer)
      issues.push({
        path: `${at}.paths`,
        problem: "needs a load balancer, and the stack has none",
        fix: "Add loadBalancer, or remove paths.",
      });
    for (const pattern of service.paths ?? []) {
      const other = paths.get(pattern);
      if (other !== undefined) issues.push({ path: `${at}.paths`, problem: `go to ${other} already`, value: pattern });
      paths.set(pattern, key);
    }
    const other = groups.get(service.logGroupName);
    if (other !== undefined)
      issues.push({ path: `${at}.logGroupName`, problem: `is the log group of ${other}`, value: service.logGroupName });
    groups.set(service.logGroupName, key);
    for (const [variable, reference] of Object.entries(service.secrets ?? {})) {
      if (!isArn(reference))
        issues.push(...unknownKey(`${at}.secrets.${variable}`, "secrets", keyOf(reference), args.secretArns));
    }
    for (const secret of service.access?.secrets ?? [])
      issues.push(...unknownKey(`${at}.access.secrets`, "secrets", secret, args.secretArns));
    for (const bucket of Object.keys(service.access?.buckets ?? {}))
      issues.push(...unknownKey(`${at}.access.buckets`, "buckets", bucket, args.bucketArns));
  }
  return issues;
}

/** What an application does with the stack's secrets and buckets, as statements on those alone. */
export function accessStatements(
  service: Pick<ServiceSettings, "access" | "logGroupName">,
  args: Pick<FargateServicesArgs, "cloud" | "secretArns" | "bucketArns" | "dataKeyArns">,
): pulumi.Input<Statement>[] {
  const { secrets = [], buckets = {}, log = false } = service.access ?? {};
  const statements: pulumi.Input<Statement>[] = [];
  const arnsOf = (keys: readonly string[], arns: Readonly<Record<string, pulumi.Input<string>>> = {}) =>
    pulumi.all(keys.map((key) => arns[key] ?? "").filter((arn) => arn !== ""));
  const allow = (Sid: string, Action: readonly string[], Resource: pulumi.Input<string | string[]>) =>
    statements.push(
      pulumi.output(Resource).apply((resource) => ({ Sid, Effect: "Allow" as const, Action, Resource: resource })),
    );
  if (secrets.length > 0) allow("Secrets", ["secretsmanager:GetSecretValue"], arnsOf(secrets, args.secretArns));
  const objects = (keys: readonly string[]) =>
    arnsOf(keys, args.bucketArns).apply((arns) => arns.map((arn) => `${arn}/*`));
  const writable = Object.keys(buckets).filter((key) => buckets[key] === "read-write");
  if (Object.keys(buckets).length > 0) allow("Read", ["s3:GetObject"], objects(Object.keys(buckets)));
  if (writable.length > 0) allow("Write", ["s3:PutObject"], objects(writable));
  if (log)
    allow(
      "Log",
      ["logs:CreateLogStream", "logs:PutLogEvents"],
      arnOf(args.cloud, "logs", `log-group:${service.logGroupName}:*`),
    );
  const keys = args.dataKeyArns ?? [];
  if (keys.length > 0 && (secrets.length > 0 || Object.keys(buckets).length > 0))
    allow("DataKeys", ["kms:Decrypt", ...(writable.length > 0 ? ["kms:GenerateDataKey"] : [])], pulumi.all([...keys]));
  return statements;
}

/**
 * Services on Fargate that share a cluster, a security group and one load balancer.
 *
 * Makes: `FargateCluster`, `LoadBalancer` when one is set, and for each service a `ContainerImage` (unless its image is of
 * another registry) and a `FargateService`.
 * Errors: see `validateFargateServices` and the parts' own.
 * Cost: the sum of its parts.
 */
export class FargateServices extends pulumi.ComponentResource {
  readonly clusterName: pulumi.Output<string>;
  /** Where users connect; undefined without a load balancer. */
  readonly url: pulumi.Output<string> | undefined;
  readonly repositoryUrls: Readonly<Record<string, pulumi.Output<string>>>;
  readonly logGroupNames: Readonly<Record<string, pulumi.Output<string>>>;
  readonly serviceNames: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: FargateServicesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:services:FargateServices", name, {}, opts);
    throwIfAny(`FargateServices ${name}`, validateFargateServices(args));
    const cluster = new FargateCluster(name, { cloud: args.cloud }, { parent: this });
    const balancer = args.loadBalancer && this.createLoadBalancer(name, args, args.loadBalancer);
    const repositoryUrls: Record<string, pulumi.Output<string>> = {};
    const logGroupNames: Record<string, pulumi.Output<string>> = {};
    const serviceNames: Record<string, pulumi.Output<string>> = {};
    for (const [index, [key, settings]] of Object.entries(args.services).entries()) {
      const image = this.createImage(`${name}-${key}`, settings, cluster);
      const service = this.createService(`${name}-${key}`, settings, index, { args, cluster, balancer, image });
      if (image instanceof ContainerImage) repositoryUrls[key] = image.repositoryUrl;
      logGroupNames[key] = service.logGroupName;
      serviceNames[key] = service.serviceName;
    }
    this.clusterName = cluster.name;
    this.url = balancer?.url;
    this.repositoryUrls = repositoryUrls;
    this.logGroupNames = logGroupNames;
    this.serviceNames = serviceNames;
    this.registerOutputs({ clusterName: this.clusterName, url: this.url, repositoryUrls, logGroupNames, serviceNames });
  }

  private createLoadBalancer(
    name: string,
    args: FargateServicesArgs,
    settings: NonNullable<FargateServicesArgs["loadBalancer"]>,
  ): LoadBalancer {
    const ports = [
      ...new Set(Object.values(args.services).flatMap(({ paths, port }) => (paths && port ? [port] : []))),
    ];
    return new LoadBalancer(
      `${name}-entry`,
      {
        cloud: args.cloud,
        vpcId: args.vpcId,
        vpcCidr: args.vpcCidr,
        subnets: settings.exposure === "internet" ? args.publicSubnets : args.appSubnets,
        ...settings,
        // One pair of rules for each port, as all tasks share the group.
        targets: Object.fromEntries(
          ports.map((port) => [
            ports.length > 1 ? `app-${port}` : "app",
            { securityGroupId: args.securityGroupId, port },
          ]),
        ),
        alarmTopicArn: args.alarmTopicArn,
      },
      { parent: this },
    );
  }

  private createImage(name: string, settings: ServiceSettings, cluster: FargateCluster): ContainerImage | string {
    if (typeof settings.image === "string") return settings.image;
    return new ContainerImage(
      name,
      { ...settings.image, architecture: settings.architecture, keyArn: cluster.keyArn },
      { parent: this },
    );
  }

  private createService(
    name: string,
    settings: ServiceSettings,
    index: number,
    context: {
      readonly args: FargateServicesArgs;
      readonly cluster: FargateCluster;
      readonly balancer: LoadBalancer | undefined;
      readonly image: ContainerImage | string;
    },
  ): FargateService {
    const { args, cluster, balancer, image } = context;
    const { image: _image, paths, access: _access, secrets = {}, ...plain } = settings;
    const resolved = Object.entries(secrets).map(([variable, reference]): [string, pulumi.Input<string>] => {
      if (isArn(reference)) return [variable, reference];
      const [key = reference, field] = reference.split("#");
      const arn = pulumi.output(args.secretArns?.[key] ?? "");
      return [variable, field ? pulumi.interpolate`${arn}#${field}` : arn];
    });
    return new FargateService(
      name,
      {
        ...plain,
        cloud: args.cloud,
        clusterArn: cluster.arn,
        clusterName: cluster.name,
        vpcId: args.vpcId,
        appSubnets: args.appSubnets,
        securityGroupId: args.securityGroupId,
        keyArn: cluster.keyArn,
        image: image instanceof ContainerImage ? image.uri : image,
        repositoryArns: image instanceof ContainerImage ? [image.repositoryArn] : [],
        secrets: Object.fromEntries(resolved),
        decryptKeyArns: resolved.length > 0 ? args.dataKeyArns : [],
        statements: accessStatements(settings, args),
        ...(paths && balancer
          ? {
              route: {
                listenerArn: balancer.listenerArn,
                loadBalancerArnSuffix: balancer.arnSuffix,
                // Room between rules for whatever is added by hand in an emergency.
                priority: (index + 1) * 10,
                paths,
              },
            }
          : {}),
        alarmTopicArn: args.alarmTopicArn,
      },
      { parent: this },
    );
  }
}
