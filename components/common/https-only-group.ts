import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

export interface HttpsOnlyGroupArgs {
  readonly vpcId: pulumi.Input<string>;
  /** Whose group it is. */
  readonly description: string;
  /** What is spoken to. */
  readonly speaksTo: string;
}

/**
 * A security group that lets HTTPS out and nothing in; whoever may come in gets a rule of its own.
 *
 * Makes: `<name>-group` and its one rule, `<name>-https`. Costs nothing.
 */
export function httpsOnlyGroup(
  name: string,
  args: HttpsOnlyGroupArgs,
  opts: pulumi.CustomResourceOptions,
): aws.ec2.SecurityGroup {
  const group = new aws.ec2.SecurityGroup(
    `${name}-group`,
    { vpcId: args.vpcId, description: args.description, tags: { Name: name } },
    opts,
  );
  new aws.vpc.SecurityGroupEgressRule(
    `${name}-https`,
    {
      securityGroupId: group.id,
      description: args.speaksTo,
      cidrIpv4: "0.0.0.0/0",
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
    },
    opts,
  );
  return group;
}
