import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { metricAlarm } from "../common/alarm";
import type { Cloud } from "../common/iam";
import { shortHash, slug } from "../common/naming";
import { throwIfAny, type Issue } from "../common/validation";
import { WebFirewall, type WebFirewallArgs } from "../security/web-firewall";
import { AccessLogBucket } from "./access-log-bucket";
import { DnsCertificate, type DomainArgs } from "./dns-certificate";

/** A subnet as the network hands it over. */
export interface SubnetRef {
  readonly id: pulumi.Input<string>;
  readonly zone: string;
  readonly cidr: string;
}

/** TLS policies of listeners by the oldest version they speak; all forward-secret, all authenticated ciphers. */
export const tlsPolicies = {
  "1.2": "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
  "1.3": "ELBSecurityPolicy-TLS13-1-3-2021-06",
} as const;

/** A group of instances or tasks that the load balancer speaks to. */
export interface LoadBalancerTarget {
  readonly securityGroupId: pulumi.Input<string>;
  readonly port: number;
}

export interface LoadBalancerArgs {
  readonly cloud: Cloud;
  readonly vpcId: pulumi.Input<string>;
  readonly vpcCidr: string;
  /** Subnets of two or more zones of the Region: public ones when it faces the internet. */
  readonly subnets: readonly SubnetRef[];
  /** `internet` is a declared public entry: port 443 only, behind a firewall. */
  readonly exposure: "internet" | "internal";
  /** A name to make a certificate and a DNS record for. One of `domain` and `certificateArn` is needed. */
  readonly domain?: DomainArgs;
  /** A certificate that exists already. */
  readonly certificateArn?: pulumi.Input<string>;
  /** Oldest TLS version that is spoken. @default "1.2" */
  readonly minimumTls?: keyof typeof tlsPolicies;
  /** Who may connect to port 443. @default everybody when it faces the internet, else the VPC */
  readonly allowedCidrs?: readonly string[];
  /**
   * Lets CloudFront in and nobody else: what stands second from the right in X-Forwarded-For is the client then, whoever
   * sends the request. AWS counts it as 55 of the 60 rules of a security group. @default false
   */
  readonly onlyFromCloudFront?: boolean;
  /** What it speaks to, by short name: two rules each, out of here and into there. */
  readonly targets: Readonly<Record<string, LoadBalancerTarget>>;
  /** The firewall before it; required when it faces the internet. */
  readonly firewall?: Pick<WebFirewallArgs, "ruleSets" | "countOnly" | "rateLimits" | "logRetentionDays">;
  /** Seconds that an idle connection is kept. @default 60 */
  readonly idleTimeoutSeconds?: number;
  /** Days that access logs are kept. @default 90 */
  readonly accessLogRetentionDays?: number;
  /** Refuse deletion, of the load balancer and of a log bucket that is not empty. @default true */
  readonly deletionProtection?: boolean;
  /** Server errors of the load balancer itself in 5 minutes that raise the alarm. @default 10 */
  readonly serverErrorsAlarm?: number;
  readonly alarmTopicArn?: pulumi.Input<string>;
}

/** What a service with a load balancer before it lets its user say of it. */
export type LoadBalancerSettings = Pick<
  LoadBalancerArgs,
  | "exposure"
  | "domain"
  | "certificateArn"
  | "minimumTls"
  | "allowedCidrs"
  | "onlyFromCloudFront"
  | "firewall"
  | "idleTimeoutSeconds"
  | "accessLogRetentionDays"
  | "deletionProtection"
>;

/** AWS's own list of the addresses from which CloudFront asks origins. */
const cloudFrontAddresses = "com.amazonaws.global.cloudfront.origin-facing";

type Checked = Pick<
  LoadBalancerArgs,
  "subnets" | "exposure" | "domain" | "certificateArn" | "allowedCidrs" | "onlyFromCloudFront" | "firewall" | "targets"
>;

/** All mistakes of a load balancer's arguments. */
export function validateLoadBalancer(args: Checked): Issue[] {
  const issues: Issue[] = [];
  const zones = [...new Set(args.subnets.map(({ zone }) => zone))];
  if (zones.length < 2)
    issues.push({
      path: "subnets",
      problem: "lie in fewer than two zones",
      value: zones,
      allowed: "one subnet each in two or more zones of the Region",
      fix: "Give the network at least two zones.",
    });
  if (zones.length < args.subnets.length)
    issues.push({
      path: "subnets",
      problem: "has more than one subnet of a zone",
      value: args.subnets.map(({ zone }) => zone),
      fix: "Hand over one subnet for each zone.",
    });
  // us-east-1-chi-2a: a Local Zone has the Region's name and a city in front of its letter.
  const local = zones.filter((zone) => !/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/.test(zone));
  if (local.length > 0)
    issues.push({
      path: "subnets",
      problem: "lie in a Local Zone, which an application load balancer cannot mix with zones of the Region",
      value: local,
      fix: "Leave the Local Zone's subnets out.",
    });
  if ((args.domain === undefined) === (args.certificateArn === undefined))
    issues.push({
      path: "certificateArn",
      problem: args.domain ? "is given beside domain" : "is missing, and so is domain",
      allowed: "either a certificate's ARN, or domain with domainName and zoneId",
      fix: "Set exactly one of the two: a listener on 443 needs one certificate.",
    });
  if (args.exposure === "internet" && !args.firewall)
    issues.push({
      path: "firewall",
      problem: "is missing on a load balancer that faces the internet",
      fix: "Set firewall (an empty object takes AWS's managed rules and a rate limit), or exposure to internal.",
    });
  if (args.exposure === "internal" && args.allowedCidrs?.includes("0.0.0.0/0"))
    issues.push({
      path: "allowedCidrs",
      problem: "opens an internal load balancer to every address",
      value: args.allowedCidrs,
      fix: "Name the networks that may connect, or set exposure to internet.",
    });
  if (args.onlyFromCloudFront && (args.allowedCidrs || args.exposure === "internal"))
    issues.push({
      path: "onlyFromCloudFront",
      problem: args.allowedCidrs
        ? "stands beside allowedCidrs, which let others in"
        : "is set on an internal load balancer, which CloudFront's addresses do not reach",
      fix: args.allowedCidrs ? "Keep one of the two." : "Set exposure to internet, or remove it.",
    });
  for (const [key, { port }] of Object.entries(args.targets)) {
    if (!Number.isInteger(port) || port < 1 || port > 65535)
      issues.push({
        path: `targets.${key}.port`,
        problem: "is not a port",
        value: port,
        allowed: "a whole number from 1 to 65535",
      });
  }
  return issues;
}

/**
 * A name of at most 32 characters for a load balancer or a target group. It holds what forces a replacement, so that the
 * replacement, which comes first, has another name.
 */
export function balancerName(name: string, ...replacedBy: readonly (string | number)[]): string {
  const hash = shortHash([pulumi.getProject(), pulumi.getStack(), name, ...replacedBy].join("/"), 8);
  return `${slug(name, 23)}-${hash}`;
}

/**
 * An application load balancer with one listener, on 443. What no rule of the listener takes is answered with 404.
 *
 * Makes: security group with a described rule for each way, `aws.lb.LoadBalancer`, HTTPS listener, access-log bucket,
 * certificate and DNS record when a domain is given, firewall, alarm on its own errors. Written with `aws.lb` and not with
 * awsx: awsx adds a target group on port 80 that nothing here would use, and hides rules and listener from a plan's policies.
 * Errors: fewer than two zones, a Local Zone, no certificate, an internet-facing one without firewall.
 * Cost: 16.43 USD a month in us-east-1 and 5.84 USD for each capacity unit used; the firewall's own.
 */
export class LoadBalancer extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  /** The part of the ARN that metrics are filed under. */
  readonly arnSuffix: pulumi.Output<string>;
  readonly dnsName: pulumi.Output<string>;
  readonly zoneId: pulumi.Output<string>;
  readonly listenerArn: pulumi.Output<string>;
  readonly securityGroupId: pulumi.Output<string>;
  /** Where users connect: the domain, or the load balancer's own name. */
  readonly url: pulumi.Output<string>;

  constructor(name: string, args: LoadBalancerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:services:LoadBalancer", name, {}, opts);
    throwIfAny(`LoadBalancer ${name}`, validateLoadBalancer(args));
    const group = this.createSecurityGroup(name, args);
    const balancer = this.createBalancer(name, args, group);
    const listener = this.createListener(name, args, balancer);
    if (args.firewall) {
      new WebFirewall(
        `${name}-firewall`,
        {
          cloud: args.cloud,
          scope: "loadBalancer",
          loadBalancerArns: { alb: balancer.arn },
          ...args.firewall,
          alarmTopicArn: args.alarmTopicArn,
        },
        { parent: this },
      );
    }
    this.createDnsRecord(name, args, balancer);
    this.createAlarm(name, args, balancer);
    this.arn = balancer.arn;
    this.arnSuffix = balancer.arnSuffix;
    this.dnsName = balancer.dnsName;
    this.zoneId = balancer.zoneId;
    this.listenerArn = listener.arn;
    this.securityGroupId = group.id;
    this.url = pulumi.interpolate`https://${args.domain?.domainName ?? balancer.dnsName}`;
    this.registerOutputs({
      arn: this.arn,
      arnSuffix: this.arnSuffix,
      dnsName: this.dnsName,
      zoneId: this.zoneId,
      listenerArn: this.listenerArn,
      securityGroupId: this.securityGroupId,
      url: this.url,
    });
  }

  private createSecurityGroup(name: string, args: LoadBalancerArgs): aws.ec2.SecurityGroup {
    const child = { parent: this };
    const group = new aws.ec2.SecurityGroup(
      `${name}-sg`,
      { vpcId: args.vpcId, description: `Load balancer ${name}`, tags: { Name: name } },
      child,
    );
    if (args.onlyFromCloudFront) {
      const list = aws.ec2.getManagedPrefixListOutput({ name: cloudFrontAddresses }, child);
      new aws.vpc.SecurityGroupIngressRule(
        `${name}-from-cloudfront`,
        {
          securityGroupId: group.id,
          description: "HTTPS from CloudFront",
          ipProtocol: "tcp",
          fromPort: 443,
          toPort: 443,
          prefixListId: list.id,
        },
        child,
      );
    }
    const everybody = args.exposure === "internet" ? ["0.0.0.0/0"] : [args.vpcCidr];
    const allowed = args.onlyFromCloudFront ? [] : (args.allowedCidrs ?? everybody);
    for (const cidrIpv4 of allowed) {
      new aws.vpc.SecurityGroupIngressRule(
        `${name}-from-${slug(cidrIpv4)}`,
        {
          securityGroupId: group.id,
          description: cidrIpv4 === "0.0.0.0/0" ? "HTTPS from clients" : `HTTPS from ${cidrIpv4}`,
          ipProtocol: "tcp",
          fromPort: 443,
          toPort: 443,
          cidrIpv4,
        },
        child,
      );
    }
    for (const [key, { securityGroupId, port }] of Object.entries(args.targets)) {
      const ports = { ipProtocol: "tcp", fromPort: port, toPort: port };
      new aws.vpc.SecurityGroupEgressRule(
        `${name}-to-${key}`,
        {
          securityGroupId: group.id,
          description: `Requests and health checks to ${key}`,
          referencedSecurityGroupId: securityGroupId,
          ...ports,
        },
        child,
      );
      new aws.vpc.SecurityGroupIngressRule(
        `${name}-into-${key}`,
        {
          securityGroupId,
          description: `Requests and health checks of the load balancer ${name}`,
          referencedSecurityGroupId: group.id,
          ...ports,
        },
        child,
      );
    }
    return group;
  }

  private createBalancer(name: string, args: LoadBalancerArgs, group: aws.ec2.SecurityGroup): aws.lb.LoadBalancer {
    const protect = args.deletionProtection ?? true;
    const logs = new AccessLogBucket(
      `${name}-logs`,
      {
        cloud: args.cloud,
        writers: ["elasticloadbalancing"],
        retentionDays: args.accessLogRetentionDays ?? 90,
        forceDestroy: !protect,
      },
      { parent: this },
    );
    return new aws.lb.LoadBalancer(
      `${name}-alb`,
      {
        name: balancerName(name, args.exposure),
        loadBalancerType: "application",
        internal: args.exposure === "internal",
        subnets: args.subnets.map(({ id }) => id),
        securityGroups: [group.id],
        accessLogs: { enabled: true, bucket: logs.bucket, prefix: "alb" },
        dropInvalidHeaderFields: true,
        desyncMitigationMode: "defensive",
        enableDeletionProtection: protect,
        idleTimeout: args.idleTimeoutSeconds ?? 60,
        tags: { Name: name },
      },
      { parent: this, dependsOn: logs.ready },
    );
  }

  private createListener(name: string, args: LoadBalancerArgs, balancer: aws.lb.LoadBalancer): aws.lb.Listener {
    const certificateArn = args.domain
      ? new DnsCertificate(`${name}-tls`, args.domain, { parent: this }).arn
      : args.certificateArn;
    return new aws.lb.Listener(
      `${name}-https`,
      {
        loadBalancerArn: balancer.arn,
        port: 443,
        protocol: "HTTPS",
        sslPolicy: tlsPolicies[args.minimumTls ?? "1.2"],
        certificateArn,
        defaultActions: [
          {
            type: "fixed-response",
            fixedResponse: { statusCode: "404", contentType: "text/plain", messageBody: "Not found" },
          },
        ],
      },
      { parent: this },
    );
  }

  private createDnsRecord(name: string, args: LoadBalancerArgs, balancer: aws.lb.LoadBalancer): void {
    if (!args.domain) return;
    new aws.route53.Record(
      `${name}-dns`,
      {
        zoneId: args.domain.zoneId,
        name: args.domain.domainName,
        type: "A",
        aliases: [{ name: balancer.dnsName, zoneId: balancer.zoneId, evaluateTargetHealth: true }],
      },
      { parent: this },
    );
  }

  private createAlarm(name: string, args: LoadBalancerArgs, balancer: aws.lb.LoadBalancer): void {
    metricAlarm(
      `${name}-errors-alarm`,
      {
        description:
          `The load balancer ${name} answers with errors of its own (502, 503, 504). First look at its target groups: no ` +
          "healthy target means the last release or a zone; healthy targets mean time-outs of the application.",
        namespace: "AWS/ApplicationELB",
        metric: "HTTPCode_ELB_5XX_Count",
        dimensions: { LoadBalancer: balancer.arnSuffix },
        statistic: "Sum",
        threshold: args.serverErrorsAlarm ?? 10,
        periodSeconds: 300,
        periods: 1,
        alarmTopicArn: args.alarmTopicArn,
      },
      { parent: this },
    );
  }
}
