import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { instanceProfile, type Cloud } from "../../common/iam";
import { amazonLinux, privateHost } from "../private-host";
import type { AccessWay } from "./check";

export interface AccessArgs {
  readonly cloud: Cloud;
  readonly vpcId: pulumi.Input<string>;
  readonly vpcCidr: string;
  readonly access: AccessWay;
  /** Subnet in a zone of the Region: neither endpoints nor a bastion belong into the Local Zone. */
  readonly regionSubnetId: pulumi.Input<string>;
  readonly kmsKeyArn: pulumi.Input<string>;
  readonly alarmTopicArn?: pulumi.Input<string>;
}

/**
 * The way to a shell beyond Session Manager, and the group that SSH comes from.
 * `instance-connect`: an EC2 Instance Connect endpoint, no charge. `bastion`: a t4g.nano without a public address, itself
 * reached by Session Manager, 3 USD a month.
 */
export function createAccess(
  name: string,
  args: AccessArgs,
  opts: pulumi.CustomResourceOptions,
): aws.ec2.SecurityGroup | undefined {
  if (args.access === "ssm") return undefined;
  const group = new aws.ec2.SecurityGroup(
    `${name}-${args.access}`,
    {
      vpcId: args.vpcId,
      description: `SSH to the trading host by ${args.access}`,
      tags: { Name: `${name}-${args.access}` },
    },
    opts,
  );
  new aws.vpc.SecurityGroupEgressRule(
    `${name}-${args.access}-ssh`,
    {
      securityGroupId: group.id,
      description: "SSH to hosts of the VPC",
      cidrIpv4: args.vpcCidr,
      ipProtocol: "tcp",
      fromPort: 22,
      toPort: 22,
    },
    opts,
  );
  if (args.access === "instance-connect") {
    new aws.ec2transitgateway.InstanceConnectEndpoint(
      `${name}-instance-connect`,
      { subnetId: args.regionSubnetId, securityGroupIds: [group.id], preserveClientIp: false, tags: { Name: name } },
      opts,
    );
    return group;
  }
  createBastion(`${name}-bastion`, args, group, opts);
  return group;
}

function createBastion(
  name: string,
  args: AccessArgs,
  group: aws.ec2.SecurityGroup,
  opts: pulumi.CustomResourceOptions,
): void {
  new aws.vpc.SecurityGroupEgressRule(
    `${name}-https`,
    {
      securityGroupId: group.id,
      description: "Systems Manager and package repositories",
      cidrIpv4: "0.0.0.0/0",
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
    },
    opts,
  );
  const { profile } = instanceProfile(name, args.cloud, { description: "Bastion before the trading host" }, opts);
  privateHost(
    `${name}-host`,
    {
      ami: amazonLinux.arm64,
      instanceType: "t4g.nano",
      subnetId: args.regionSubnetId,
      securityGroupId: group.id,
      profileName: profile.name,
      kmsKeyArn: args.kmsKeyArn,
      rootVolumeGiB: 8,
      what: "The bastion before the trading host",
      first: "replace it (pulumi up --replace); trading does not depend on it.",
      alarmTopicArn: args.alarmTopicArn,
    },
    opts,
  );
}
