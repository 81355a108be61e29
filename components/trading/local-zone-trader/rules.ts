import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { TradingMode } from "./check";

export interface TraderRulesArgs {
  readonly vpcId: pulumi.Input<string>;
  readonly mode: TradingMode;
  readonly gatewayPort: number;
  /** Security groups whose members use the gateway, by a name of theirs: fleet, backtests, ... */
  readonly gatewayClients: Readonly<Record<string, pulumi.Input<string>>>;
  /** Group that scrapes the host's metrics. */
  readonly monitoringSecurityGroupId?: pulumi.Input<string>;
  /** Group that SSH may come from; undefined where access is by Session Manager. */
  readonly sshFrom?: pulumi.Input<string>;
}

/** Ports of Interactive Brokers' servers that a gateway connects to: 4000, and 4001 for live accounts. */
const brokerPorts: Readonly<Record<TradingMode, readonly number[]>> = { paper: [4000], live: [4000, 4001] };

/** The trading host's security group and its rules, each for one purpose. */
export function createTraderGroup(
  name: string,
  args: TraderRulesArgs,
  opts: pulumi.CustomResourceOptions,
): aws.ec2.SecurityGroup {
  const group = new aws.ec2.SecurityGroup(
    name,
    { vpcId: args.vpcId, description: `Trading host, ${args.mode}`, tags: { Name: name } },
    opts,
  );
  const ingress = (role: string, port: number, from: pulumi.Input<string>, description: string) =>
    new aws.vpc.SecurityGroupIngressRule(
      `${name}-${role}`,
      {
        securityGroupId: group.id,
        description,
        referencedSecurityGroupId: from,
        ipProtocol: "tcp",
        fromPort: port,
        toPort: port,
      },
      opts,
    );
  ingress("gateway", args.gatewayPort, group.id, `IB Gateway, ${args.mode}, among the trading hosts`);
  for (const [client, id] of Object.entries(args.gatewayClients)) {
    ingress(`gateway-${client}`, args.gatewayPort, id, `IB Gateway, ${args.mode}, for ${client}`);
  }
  if (args.monitoringSecurityGroupId !== undefined) {
    ingress("metrics", 9100, args.monitoringSecurityGroupId, "Node exporter, for the monitoring server");
  }
  if (args.sshFrom !== undefined)
    ingress("ssh", 22, args.sshFrom, "SSH by the endpoint or bastion in the Region's zone");
  const egress = (role: string, port: number, description: string) =>
    new aws.vpc.SecurityGroupEgressRule(
      `${name}-${role}`,
      {
        securityGroupId: group.id,
        description,
        cidrIpv4: "0.0.0.0/0",
        ipProtocol: "tcp",
        fromPort: port,
        toPort: port,
      },
      opts,
    );
  egress("https", 443, "AWS APIs, image registries, brokers' web APIs");
  for (const port of brokerPorts[args.mode]) egress(`broker-${port}`, port, "Interactive Brokers' servers");
  new aws.vpc.SecurityGroupEgressRule(
    `${name}-gateway-out`,
    {
      securityGroupId: group.id,
      description: `IB Gateway, ${args.mode}, among the trading hosts`,
      referencedSecurityGroupId: group.id,
      ipProtocol: "tcp",
      fromPort: args.gatewayPort,
      toPort: args.gatewayPort,
    },
    opts,
  );
  return group;
}
