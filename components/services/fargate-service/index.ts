import * as aws from "@pulumi/aws";
import { FargateService as AwsxFargateService } from "@pulumi/awsx/ecs/fargateService";
import * as pulumi from "@pulumi/pulumi";
import { serviceRole, type Cloud, type Statement } from "../../common/iam";
import { throwIfAny } from "../../common/validation";
import type { Architecture } from "../container-image";
import type { SubnetRef } from "../load-balancer";
import { serviceAlarms } from "./alarms";
import { containerDefinition } from "./container";
import { executionPolicy, taskPolicy } from "./policies";
import { createRouting, type Routing } from "./routing";
import { validateFargateService } from "./validate";

export interface FargateServiceArgs {
  readonly cloud: Cloud;
  readonly clusterArn: pulumi.Input<string>;
  readonly clusterName: pulumi.Input<string>;
  readonly vpcId: pulumi.Input<string>;
  readonly appSubnets: readonly SubnetRef[];
  readonly securityGroupId: pulumi.Input<string>;
  /** Customer key of the log group; `logs` must be among its users. */
  readonly keyArn: pulumi.Input<string>;
  /** Image by digest. */
  readonly image: pulumi.Input<string>;
  /** Repositories of ECR that the image comes from. @default [] */
  readonly repositoryArns?: readonly pulumi.Input<string>[];
  /** 1,024 are one vCPU; has to go with `memoryMiB` in Fargate's table. */
  readonly cpuUnits: number;
  readonly memoryMiB: number;
  /** @default "x86_64" */
  readonly architecture?: Architecture;
  /** Name of the log group, such as `/ecs/clever-better-bot`. */
  readonly logGroupName: string;
  /** @default 90 */
  readonly logRetentionDays?: number;
  /** Port that the container listens on; without it nothing connects to it. */
  readonly port?: number;
  readonly healthCheck?: {
    readonly path: string;
    readonly intervalSeconds: number;
    /** Command in the container that ends with 0 while it is well, for services that no load balancer asks. @default none */
    readonly command?: readonly string[];
  };
  /** The way from a load balancer to it. @default none */
  readonly route?: {
    readonly listenerArn: pulumi.Input<string>;
    readonly loadBalancerArnSuffix: pulumi.Input<string>;
    /** Priority among the listener's rules, unique in the listener. */
    readonly priority: number;
    /** Path patterns, such as `/bot/*`. */
    readonly paths: readonly string[];
  };
  readonly desiredCount: number;
  /** @default the desired count stays */
  readonly scaling?: { readonly min: number; readonly max: number; readonly targetCpuPercent: number };
  /**
   * At most one task at any time, as a bot of one account must be: a deployment stops the old task before it starts the new
   * one, and zones are not rebalanced.
   * @default false
   */
  readonly singleton?: boolean;
  /**
   * `rolling` with circuit breaker; `blue-green` and `canary` keep the old tasks until alarms stayed silent for `bakeMinutes`.
   * Every one goes back by itself when tasks fail or an alarm goes off.
   * @default rolling
   */
  readonly deployment?: {
    readonly strategy: "rolling" | "blue-green" | "canary";
    /** @default 10 */
    readonly bakeMinutes?: number;
    /** Share of requests that a canary gets first. @default 10 */
    readonly canaryPercent?: number;
  };
  /** Seconds from SIGTERM to SIGKILL: the time to drain orders. @default 30, and 120 for a singleton */
  readonly stopTimeoutSeconds?: number;
  /** @default {} */
  readonly environment?: Readonly<Record<string, pulumi.Input<string>>>;
  /** ARNs of secrets by variable; `arn#field` for one field of a JSON secret. @default {} */
  readonly secrets?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Customer keys that the secrets are encrypted with. @default [] */
  readonly decryptKeyArns?: readonly pulumi.Input<string>[];
  /** What the application itself may do. @default nothing */
  readonly statements?: readonly pulumi.Input<Statement>[];
  /** @default the image's own */
  readonly command?: readonly string[];
  /** Run on spare capacity, for work that can be taken away. @default false */
  readonly spot?: boolean;
  /** Let people open a shell in the container, logged. @default false */
  readonly executeCommand?: boolean;
  readonly alarmTopicArn?: pulumi.Input<string>;
}

/**
 * One container as a service of ECS on Fargate.
 *
 * Makes: log group, execution role (pull, log, read its own secrets) and task role (what the application says),
 * `aws.ecs.TaskDefinition`, `awsx.ecs.FargateService`, target tracking on CPU, alarms on CPU, memory and missing tasks, and with
 * a route target groups, a listener rule and alarms on health and errors. The deployment waits until the service is steady and
 * is rolled back by the circuit breaker or by an alarm.
 * Errors: see `validateFargateService`.
 * Cost: 29.55 USD a vCPU and month and 3.24 USD a GiB and month on x86 in us-east-1, about a fifth less on arm64.
 */
export class FargateService extends pulumi.ComponentResource {
  readonly serviceName: pulumi.Output<string>;
  readonly taskRoleArn: pulumi.Output<string>;
  readonly executionRoleArn: pulumi.Output<string>;
  readonly logGroupName: pulumi.Output<string>;

  constructor(name: string, args: FargateServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:services:FargateService", name, {}, opts);
    throwIfAny(`FargateService ${name}`, validateFargateService(args));
    const logs = new aws.cloudwatch.LogGroup(
      `${name}-log`,
      { name: args.logGroupName, kmsKeyId: args.keyArn, retentionInDays: args.logRetentionDays ?? 90 },
      { parent: this },
    );
    const roles = this.createRoles(name, args, logs);
    const task = this.createTask(name, args, logs, roles);
    const routing = args.route && createRouting(name, args, args.route, this);
    const alarms = serviceAlarms(name, args, routing, this);
    const service = this.createService(name, args, task, routing, alarms);
    this.serviceName = service.service.apply((it) => it.name);
    if (args.scaling) this.createScaling(name, args, args.scaling);
    this.taskRoleArn = roles.task.arn;
    this.executionRoleArn = roles.execution.arn;
    this.logGroupName = logs.name;
    this.registerOutputs({
      serviceName: this.serviceName,
      taskRoleArn: this.taskRoleArn,
      executionRoleArn: this.executionRoleArn,
      logGroupName: this.logGroupName,
    });
  }

  private createRoles(name: string, args: FargateServiceArgs, logs: aws.cloudwatch.LogGroup) {
    // ECS takes a role on behalf of the tasks of this account alone.
    const trustConditions = { StringEquals: { "aws:SourceAccount": args.cloud.accountId } };
    const services = ["ecs-tasks.amazonaws.com"];
    const child = { parent: this };
    return {
      execution: serviceRole(
        `${name}-execution`,
        {
          services,
          trustConditions,
          description: `Starts the tasks of ${name}`,
          policies: { start: executionPolicy(args, logs.arn) },
        },
        child,
      ),
      task: serviceRole(
        `${name}-task`,
        {
          services,
          trustConditions,
          description: `The application ${name}`,
          policies: taskPolicy(args),
        },
        child,
      ),
    };
  }

  private createTask(
    name: string,
    args: FargateServiceArgs,
    logs: aws.cloudwatch.LogGroup,
    roles: { readonly execution: aws.iam.Role; readonly task: aws.iam.Role },
  ): aws.ecs.TaskDefinition {
    return new aws.ecs.TaskDefinition(
      `${name}-task`,
      {
        family: `${pulumi.getProject()}-${pulumi.getStack()}-${name}`,
        requiresCompatibilities: ["FARGATE"],
        networkMode: "awsvpc",
        cpu: String(args.cpuUnits),
        memory: String(args.memoryMiB),
        runtimePlatform: {
          operatingSystemFamily: "LINUX",
          cpuArchitecture: (args.architecture ?? "x86_64").toUpperCase(),
        },
        executionRoleArn: roles.execution.arn,
        taskRoleArn: roles.task.arn,
        volumes: [{ name: "tmp" }],
        containerDefinitions: pulumi
          .all([args.image, logs.name, args.environment ?? {}, args.secrets ?? {}])
          .apply(([image, logGroup, environment, secrets]) =>
            JSON.stringify([containerDefinition(name, args, { image, logGroup, environment, secrets })]),
          ),
        tags: { Name: name },
      },
      { parent: this },
    );
  }

  private createService(
    name: string,
    args: FargateServiceArgs,
    task: aws.ecs.TaskDefinition,
    routing: Routing | undefined,
    alarms: readonly aws.cloudwatch.MetricAlarm[],
  ): AwsxFargateService {
    const { strategy = "rolling", bakeMinutes = 10, canaryPercent = 10 } = args.deployment ?? {};
    const singleton = args.singleton ?? false;
    return new AwsxFargateService(
      `${name}-service`,
      {
        cluster: args.clusterArn,
        name,
        taskDefinition: task.arn,
        desiredCount: args.desiredCount,
        networkConfiguration: {
          subnets: args.appSubnets.map(({ id }) => id),
          securityGroups: [args.securityGroupId],
          assignPublicIp: false,
        },
        platformVersion: "LATEST",
        propagateTags: "SERVICE",
        enableEcsManagedTags: true,
        enableExecuteCommand: args.executeCommand ?? false,
        ...(args.spot ? { capacityProviderStrategies: [{ capacityProvider: "FARGATE_SPOT", weight: 1 }] } : {}),
        deploymentMinimumHealthyPercent: singleton ? 0 : 100,
        deploymentMaximumPercent: singleton ? 100 : 200,
        availabilityZoneRebalancing: singleton ? "DISABLED" : "ENABLED",
        deploymentCircuitBreaker: { enable: true, rollback: true },
        alarms: { enable: true, rollback: true, alarmNames: alarms.map((alarm) => alarm.name) },
        deploymentConfiguration: {
          strategy: strategy.toUpperCase().replace("-", "_"),
          ...(strategy === "rolling" ? {} : { bakeTimeInMinutes: String(bakeMinutes) }),
          ...(strategy === "canary"
            ? { canaryConfiguration: { canaryPercent, canaryBakeTimeInMinutes: String(bakeMinutes) } }
            : {}),
        },
        ...(routing ? { loadBalancers: [routing.binding], healthCheckGracePeriodSeconds: 60 } : {}),
        tags: { Name: name },
      },
      { parent: this, ...(routing ? { dependsOn: routing.rule } : {}) },
    );
  }

  private createScaling(
    name: string,
    args: FargateServiceArgs,
    scaling: NonNullable<FargateServiceArgs["scaling"]>,
  ): void {
    const target = new aws.appautoscaling.Target(
      `${name}-scaling`,
      {
        serviceNamespace: "ecs",
        scalableDimension: "ecs:service:DesiredCount",
        resourceId: pulumi.interpolate`service/${args.clusterName}/${this.serviceName}`,
        minCapacity: scaling.min,
        maxCapacity: scaling.max,
      },
      { parent: this },
    );
    new aws.appautoscaling.Policy(
      `${name}-cpu`,
      {
        policyType: "TargetTrackingScaling",
        serviceNamespace: target.serviceNamespace,
        scalableDimension: target.scalableDimension,
        resourceId: target.resourceId,
        targetTrackingScalingPolicyConfiguration: {
          predefinedMetricSpecification: { predefinedMetricType: "ECSServiceAverageCPUUtilization" },
          targetValue: scaling.targetCpuPercent,
          scaleOutCooldown: 60,
          scaleInCooldown: 300,
        },
      },
      { parent: this },
    );
  }
}
