/** Security-group rules in one shape: inline, and both kinds of rule resources. */
import type { Unwrap } from "@pulumi/pulumi";
import type * as aws from "@pulumi/aws";
import {
  on,
  type Report,
  type ResourceAt,
  type ResourceRule,
  type StackResource,
  type StackView,
} from "../frame/policy";
import { ifKnown, listOf } from "../frame/values";

export const groupTypes = [
  "aws:ec2/securityGroup:SecurityGroup",
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
] as const;
export const ruleType = "aws:ec2/securityGroupRule:SecurityGroupRule";
export const ingressType = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";

export interface IngressRule {
  readonly protocol: string;
  readonly fromPort: number;
  readonly toPort: number;
  readonly cidrs: readonly string[];
}

/** Protocols that mean every port. */
const everything = ["-1", "all"];
const anyPort = { fromPort: 0, toPort: 65535 };

function shape(
  protocol: string | number | undefined,
  fromPort: number | undefined,
  toPort: number | undefined,
  cidrs: readonly string[],
): IngressRule {
  const name = String(protocol ?? "-1").toLowerCase();
  if (everything.includes(name) || fromPort === undefined || fromPort === -1)
    return { protocol: name, ...anyPort, cidrs };
  return { protocol: name, fromPort, toPort: toPort ?? fromPort, cidrs };
}

/** What a security group or a rule resource lets in; empty for what is no ingress. */
export function ingressOf(type: string, given: unknown): readonly IngressRule[] {
  if (type === ruleType) {
    const rule = given as Unwrap<aws.ec2.SecurityGroupRuleArgs>;
    if (rule.type !== "ingress") return [];
    const cidrs = [...listOf<string>(rule.cidrBlocks), ...listOf<string>(rule.ipv6CidrBlocks)];
    return [shape(rule.protocol, rule.fromPort, rule.toPort, cidrs)];
  }
  if (type === ingressType) {
    const rule = given as {
      ipProtocol?: string;
      fromPort?: number;
      toPort?: number;
      cidrIpv4?: string;
      cidrIpv6?: string;
    };
    return [shape(rule.ipProtocol, rule.fromPort, rule.toPort, [...listOf(rule.cidrIpv4), ...listOf(rule.cidrIpv6)])];
  }
  const group = given as {
    ingress?: readonly {
      protocol: string;
      fromPort?: number;
      toPort?: number;
      cidrBlocks?: readonly string[];
      ipv6CidrBlocks?: readonly string[];
    }[];
  };
  return listOf(group.ingress).map((rule) =>
    shape(rule.protocol, rule.fromPort, rule.toPort, [...listOf(rule.cidrBlocks), ...listOf(rule.ipv6CidrBlocks)]),
  );
}

/** A rule about every way in. */
export function onIngress(check: (rule: IngressRule, report: Report, at: ResourceAt) => void): ResourceRule[] {
  return on<object>([...groupTypes, ruleType, ingressType], (props, report, at) => {
    for (const rule of ingressOf(at.type, props)) check(rule, report, at);
  });
}

/** Every way in of a stack whose CIDRs are known. */
export function knownIngress(stack: StackView): { rule: IngressRule; of: StackResource }[] {
  return stack
    .ofType(...groupTypes, ruleType, ingressType)
    .flatMap((of) => (ifKnown(() => ingressOf(of.type, of.props)) ?? []).map((rule) => ({ rule, of: of })));
}

/** `443`, or `8000 to 8010`, or `every port`. */
export function showPorts({ fromPort, toPort }: IngressRule): string {
  if (fromPort === 0 && toPort === 65535) return "every port";
  return fromPort === toPort ? `port ${fromPort}` : `ports ${fromPort} to ${toPort}`;
}
