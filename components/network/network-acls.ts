import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Tier } from "./subnet-plan";

/** One entry of a network ACL. `protocol` is a name or -1 for all; ports are 0 where they mean nothing. */
export interface AclEntry {
  readonly ruleNo: number;
  readonly action: "allow" | "deny";
  readonly protocol: "tcp" | "udp" | "-1";
  readonly cidrBlock: string;
  readonly fromPort: number;
  readonly toPort: number;
}

export interface AclRules {
  readonly ingress: readonly AclEntry[];
  readonly egress: readonly AclEntry[];
}

const anywhere = "0.0.0.0/0";
/** Remote desktop; it lies among the ephemeral ports, so the range is cut around it. */
const rdpPort = 3389;
/** Ephemeral ports that answers come back on: a NAT gateway uses 1024 to 65535 (VPC user guide, "Ephemeral ports"). */
const ephemeral = { from: 1024, to: 65535 } as const;

const all = (ruleNo: number, cidrBlock: string): AclEntry => ({
  ruleNo,
  action: "allow",
  protocol: "-1",
  cidrBlock,
  fromPort: 0,
  toPort: 0,
});

const tcp = (ruleNo: number, cidrBlock: string, fromPort: number, toPort = fromPort): AclEntry => ({
  ruleNo,
  action: "allow",
  protocol: "tcp",
  cidrBlock,
  fromPort,
  toPort,
});

/** Answers to connections that started inside, from anywhere: network ACLs keep no state. Remote desktop stays shut. */
function answersFromAnywhere(firstRule: number, protocols: readonly ("tcp" | "udp")[]): AclEntry[] {
  return protocols.flatMap((protocol, index) => [
    { ...tcp(firstRule + index * 20, anywhere, ephemeral.from, rdpPort - 1), protocol },
    { ...tcp(firstRule + index * 20 + 10, anywhere, rdpPort + 1, ephemeral.to), protocol },
  ]);
}

/**
 * Rules of a tier. Public: HTTPS and HTTP (for the redirect) from anywhere and answers to what NAT sends out. App: the VPC,
 * and answers. Data: the VPC only; `reachesS3` adds TLS out and its answers, which the gateway endpoint needs, as a network
 * ACL cannot name a prefix list. SSH and remote desktop are never open to the internet.
 */
export function aclRules(tier: Tier, vpcCidr: string, reachesS3: boolean): AclRules {
  const inside = all(100, vpcCidr);
  switch (tier) {
    case "public":
      return {
        ingress: [inside, tcp(110, anywhere, 443), tcp(120, anywhere, 80), ...answersFromAnywhere(200, ["tcp", "udp"])],
        egress: [all(100, anywhere)],
      };
    case "app":
      return { ingress: [inside, ...answersFromAnywhere(200, ["tcp", "udp"])], egress: [all(100, anywhere)] };
    case "data":
      return {
        ingress: [inside, ...(reachesS3 ? answersFromAnywhere(200, ["tcp"]) : [])],
        egress: [inside, ...(reachesS3 ? [tcp(110, anywhere, 443)] : [])],
      };
  }
}

/** One network ACL for a tier, with all of the tier's subnets. */
export function createNetworkAcl(
  name: string,
  args: { readonly vpcId: pulumi.Input<string>; readonly subnetIds: pulumi.Input<string>[]; readonly rules: AclRules },
  opts: pulumi.CustomResourceOptions,
): aws.ec2.NetworkAcl {
  const entries = (list: readonly AclEntry[]) => list.map(({ ruleNo, ...entry }) => ({ ruleNo, ...entry }));
  return new aws.ec2.NetworkAcl(
    name,
    {
      vpcId: args.vpcId,
      subnetIds: args.subnetIds,
      ingress: entries(args.rules.ingress),
      egress: entries(args.rules.egress),
      tags: { Name: name },
    },
    opts,
  );
}
