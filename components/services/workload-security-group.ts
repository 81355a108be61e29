import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** Where a workload may connect to. */
export type WorkloadEgress = "https" | "all";

export interface WorkloadSecurityGroupArgs {
  readonly vpcId: pulumi.Input<string>;
  readonly vpcCidr: string;
  /** What runs in it, for people: `Application tier of the betting bot`. */
  readonly description: string;
  /**
   * `https`: port 443 everywhere, and `internalPorts` inside the VPC. `all`: every port and address.
   * @default "https"
   */
  readonly egress?: WorkloadEgress;
  /** Ports that it may connect to inside the VPC with the egress `https`. @default PostgreSQL and Redis */
  readonly internalPorts?: Readonly<Record<string, number>>;
}

/** Ports of the data tier. */
export const dataPorts = { PostgreSQL: 5432, Redis: 6379 } as const;

/**
 * The security group that a workload is known by: load balancers let themselves in, databases and caches admit it as their
 * client. It is made before all of them, so that none waits for the other in a circle.
 *
 * Makes: `aws.ec2.SecurityGroup` and one described egress rule for each way out. What comes in is added by whoever sends it.
 * Cost: none.
 */
export class WorkloadSecurityGroup extends pulumi.ComponentResource {
  readonly id: pulumi.Output<string>;

  constructor(name: string, args: WorkloadSecurityGroupArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:services:WorkloadSecurityGroup", name, {}, opts);
    const child = { parent: this };
    const group = new aws.ec2.SecurityGroup(
      `${name}-sg`,
      { vpcId: args.vpcId, description: args.description, tags: { Name: name } },
      child,
    );
    const out = (role: string, rule: Omit<aws.vpc.SecurityGroupEgressRuleArgs, "securityGroupId">) =>
      new aws.vpc.SecurityGroupEgressRule(`${name}-to-${role}`, { securityGroupId: group.id, ...rule }, child);
    if (args.egress === "all") {
      out("everywhere", {
        description: "Everything, through the NAT gateways",
        ipProtocol: "-1",
        cidrIpv4: "0.0.0.0/0",
      });
    } else {
      const port = (number: number) => ({ ipProtocol: "tcp", fromPort: number, toPort: number });
      out("https", { description: "HTTPS to AWS and to outside services", cidrIpv4: "0.0.0.0/0", ...port(443) });
      for (const [what, number] of Object.entries(args.internalPorts ?? dataPorts)) {
        out(what.toLowerCase(), { description: `${what} in the VPC`, cidrIpv4: args.vpcCidr, ...port(number) });
      }
    }
    this.id = group.id;
    this.registerOutputs({ id: this.id });
  }
}
