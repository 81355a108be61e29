import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { serviceRole } from "../../common/iam";
import { balancerName } from "../load-balancer";
import type { FargateServiceArgs } from ".";

/** The way from a listener to the service's tasks. */
export interface Routing {
  readonly rule: aws.lb.ListenerRule;
  readonly targets: readonly aws.lb.TargetGroup[];
  /** What the service is told about it. */
  readonly binding: aws.types.input.ecs.ServiceLoadBalancer;
}

/** A target group and rule; a second target group and the right to shift requests where old and new run side by side. */
export function createRouting(
  name: string,
  args: FargateServiceArgs,
  route: NonNullable<FargateServiceArgs["route"]>,
  parent: pulumi.Resource,
): Routing {
  const shifting = (args.deployment?.strategy ?? "rolling") !== "rolling";
  const main = createTargets(shifting ? `${name}-blue` : name, args, parent);
  const other = shifting ? createTargets(`${name}-green`, args, parent) : undefined;
  const rule = new aws.lb.ListenerRule(
    `${name}-route`,
    {
      listenerArn: route.listenerArn,
      priority: route.priority,
      conditions: [{ pathPattern: { values: [...route.paths] } }],
      actions: [
        other
          ? {
              type: "forward",
              forward: {
                targetGroups: [
                  { arn: main.arn, weight: 100 },
                  { arn: other.arn, weight: 0 },
                ],
              },
            }
          : { type: "forward", targetGroupArn: main.arn },
      ],
    },
    // ECS moves the weights during a deployment.
    { parent, ...(shifting ? { ignoreChanges: ["actions"] } : {}) },
  );
  const binding = { containerName: name, containerPort: args.port ?? 0, targetGroupArn: main.arn };
  if (!other) return { rule, targets: [main], binding };
  const shifter = serviceRole(
    `${name}-shift`,
    {
      services: ["ecs.amazonaws.com"],
      description: `Shifts requests between releases of ${name}`,
      managedPolicyArns: [
        `arn:${args.cloud.partition}:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers`,
      ],
      trustConditions: { StringEquals: { "aws:SourceAccount": args.cloud.accountId } },
    },
    { parent },
  );
  return {
    rule,
    targets: [main, other],
    binding: {
      ...binding,
      advancedConfiguration: {
        alternateTargetGroupArn: other.arn,
        productionListenerRule: rule.arn,
        roleArn: shifter.arn,
      },
    },
  };
}

function createTargets(name: string, args: FargateServiceArgs, parent: pulumi.Resource): aws.lb.TargetGroup {
  const interval = args.healthCheck?.intervalSeconds ?? 30;
  return new aws.lb.TargetGroup(
    `${name}-targets`,
    {
      name: balancerName(name, args.port ?? 0),
      vpcId: args.vpcId,
      targetType: "ip",
      protocol: "HTTP",
      port: args.port,
      deregistrationDelay: 30,
      healthCheck: {
        path: args.healthCheck?.path ?? "/",
        interval,
        timeout: Math.min(5, interval - 1),
        healthyThreshold: 2,
        unhealthyThreshold: 3,
        matcher: "200",
      },
      tags: { Name: name },
    },
    { parent },
  );
}
