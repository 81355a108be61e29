import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { shortHash, slug } from "../../common/naming";
import type { DataNetwork } from "../database";
import type { TimescaleSettings } from "./settings";
import { healthPort } from "./user-data";

/** Longest name of a load balancer. */
const nameLength = 32;

/** The name clients connect to: a load balancer whose health check only the primary passes, so that it follows a promotion. */
export function createBalancer(
  name: string,
  args: {
    readonly settings: TimescaleSettings;
    readonly network: DataNetwork;
    readonly securityGroupId: pulumi.Output<string>;
    readonly instances: readonly { readonly node: string; readonly instance: aws.ec2.Instance }[];
  },
  parent: pulumi.Resource,
): aws.lb.LoadBalancer {
  const { settings, network } = args;
  const full = `${pulumi.getStack()}-${name}`;
  const balancer = new aws.lb.LoadBalancer(
    `${name}-balancer`,
    {
      name: `${slug(full, nameLength - 7)}-${shortHash(full, 6)}`,
      loadBalancerType: "network",
      internal: true,
      subnets: network.dataSubnets.map(({ id }) => id),
      securityGroups: [args.securityGroupId],
      enableCrossZoneLoadBalancing: true,
      enableDeletionProtection: settings.deletionProtection,
      tags: { Name: name },
    },
    { parent, protect: settings.deletionProtection },
  );
  const group = new aws.lb.TargetGroup(
    `${name}-targets`,
    {
      port: settings.port,
      protocol: "TCP",
      targetType: "instance",
      vpcId: network.vpcId,
      connectionTermination: true, // sessions on a former primary end
      deregistrationDelay: 0,
      healthCheck: {
        protocol: "HTTP",
        port: String(healthPort),
        path: "/primary",
        matcher: "200",
        interval: 10,
        healthyThreshold: 2,
        unhealthyThreshold: 2,
      },
    },
    { parent },
  );
  new aws.lb.Listener(
    `${name}-listener`,
    {
      loadBalancerArn: balancer.arn,
      port: settings.port,
      protocol: "TCP", // PostgreSQL negotiates its TLS inside, between client and server
      defaultActions: [{ type: "forward", targetGroupArn: group.arn }],
    },
    { parent },
  );
  for (const { node, instance } of args.instances) {
    new aws.lb.TargetGroupAttachment(
      `${name}-target-${node}`,
      { targetGroupArn: group.arn, targetId: instance.id, port: settings.port },
      { parent },
    );
  }
  return balancer;
}
