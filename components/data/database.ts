import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Issue } from "../common/validation";

/** One subnet of the data tier. */
export interface DataSubnet {
  readonly id: pulumi.Input<string>;
  readonly zone: string;
  readonly cidr: string;
}

/** Where a data store lives, and who may reach it: outputs of the network and of the clients. */
export interface DataNetwork {
  readonly vpcId: pulumi.Input<string>;
  readonly vpcCidr: string;
  /** Subnets without a route to the internet. */
  readonly dataSubnets: readonly DataSubnet[];
  /** Security groups of the clients by a name that says who they are; one described rule each. */
  readonly clientSecurityGroupIds: Readonly<Record<string, pulumi.Input<string>>>;
  /** Prefix list of S3's gateway endpoint, for stores that archive there. @default no way to S3 */
  readonly s3PrefixListId?: pulumi.Input<string>;
}

/** What every relational database of the platform gives to its clients, whoever manages it. */
export interface DatabaseOutputs {
  /** Host that takes writes, without a port. */
  readonly endpoint: pulumi.Output<string>;
  readonly port: number;
  readonly databaseName: string;
  /** Secret with `username`, `password`, `dbname` and `port`. */
  readonly masterSecretArn: pulumi.Output<string>;
  readonly securityGroupId: pulumi.Output<string>;
  readonly kmsKeyArn: pulumi.Output<string>;
  /** Hosts that take reads only. */
  readonly readerEndpoints: readonly pulumi.Output<string>[];
}

/** Zones of a Region end in one letter; Local and Wavelength Zones have more in front of it. */
const isRegionalZone = (zone: string) => /^[a-z]{2}(-[a-z]+)+-\d[a-z]$/.test(zone);

/** Distinct zones of the subnets. */
export function zonesOf(subnets: readonly DataSubnet[]): string[] {
  return [...new Set(subnets.map(({ zone }) => zone))].sort();
}

/** Checks that subnets lie in at least so many zones of the Region. */
export function checkSubnets(subnets: readonly DataSubnet[], minimumZones: number, why: string): Issue[] {
  const local = subnets.filter(({ zone }) => !isRegionalZone(zone));
  if (local.length > 0) {
    return [
      {
        path: "network.dataSubnets",
        problem: "has subnets in Local Zones, where the service does not exist",
        value: local.map(({ zone }) => zone),
        fix: "Give subnets in zones of the Region, such as us-east-1a.",
      },
    ];
  }
  const zones = zonesOf(subnets);
  if (zones.length >= minimumZones) return [];
  return [
    {
      path: "network.dataSubnets",
      problem: `lies in ${zones.length} zone${zones.length === 1 ? "" : "s"}; ${why} needs ${minimumZones}`,
      value: zones,
      fix: "Give the network more zones (network.zones).",
    },
  ];
}

/** A security group that lets each client in on one port; rules for its egress are the caller's. */
export function storeSecurityGroup(
  name: string,
  args: {
    readonly what: string;
    readonly network: DataNetwork;
    readonly port: number;
    /** Where it may go, for people. @default nothing */
    readonly outbound?: string;
  },
  parent: pulumi.Resource,
): aws.ec2.SecurityGroup {
  const group = new aws.ec2.SecurityGroup(
    `${name}-sg`,
    {
      description: `${args.what}: clients on port ${args.port}, ${args.outbound ?? "nothing"} outbound`,
      vpcId: args.network.vpcId,
      tags: { Name: `${name}-sg` },
    },
    { parent },
  );
  for (const [client, groupId] of Object.entries(args.network.clientSecurityGroupIds)) {
    new aws.vpc.SecurityGroupIngressRule(
      `${name}-from-${client}`,
      {
        securityGroupId: group.id,
        description: `${args.what} for ${client}`,
        referencedSecurityGroupId: groupId,
        ipProtocol: "tcp",
        fromPort: args.port,
        toPort: args.port,
      },
      { parent },
    );
  }
  return group;
}
