import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { storeSecurityGroup, type DataNetwork } from "../database";
import type { TimescaleSettings } from "./settings";
import { healthPort } from "./user-data";

/** Clients and the load balancer in; out only to the other node, AWS endpoints in the VPC and S3. */
export function createSecurityGroup(
  name: string,
  settings: TimescaleSettings,
  network: DataNetwork,
  parent: pulumi.Resource,
): aws.ec2.SecurityGroup {
  const group = storeSecurityGroup(
    name,
    {
      what: `TimescaleDB ${name}`,
      network,
      port: settings.port,
      outbound: "to the other node, AWS endpoints and S3",
    },
    parent,
  );
  for (const [role, port] of Object.entries({ database: settings.port, health: healthPort })) {
    const rule = {
      securityGroupId: group.id,
      referencedSecurityGroupId: group.id,
      ipProtocol: "tcp",
      fromPort: port,
      toPort: port,
    };
    const opts = { parent };
    new aws.vpc.SecurityGroupIngressRule(
      `${name}-${role}-in`,
      { ...rule, description: `TimescaleDB ${name}: ${role} from the other node and the load balancer` },
      opts,
    );
    new aws.vpc.SecurityGroupEgressRule(
      `${name}-${role}-out`,
      { ...rule, description: `TimescaleDB ${name}: ${role} to the other node and from the load balancer` },
      opts,
    );
  }
  const https = { securityGroupId: group.id, ipProtocol: "tcp", fromPort: 443, toPort: 443 };
  const targets: Record<string, { what: string; cidrIpv4?: string; prefixListId?: pulumi.Input<string> }> = {
    endpoints: { what: "AWS endpoints in the VPC", cidrIpv4: network.vpcCidr },
    ...(network.s3PrefixListId === undefined ? {} : { s3: { what: "S3", prefixListId: network.s3PrefixListId } }),
    ...(settings.packages === "internet" ? { packages: { what: "package archives", cidrIpv4: "0.0.0.0/0" } } : {}),
  };
  for (const [role, { what, ...target }] of Object.entries(targets)) {
    new aws.vpc.SecurityGroupEgressRule(
      `${name}-to-${role}`,
      { ...https, ...target, description: `TimescaleDB ${name} to ${what}` },
      { parent },
    );
  }
  return group;
}
