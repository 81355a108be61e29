import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Cloud } from "../common/iam";
import { throwIfAny, type Issue } from "../common/validation";
import { metricAlarm } from "../common/alarm";
import { EncryptionKey } from "./encryption-key";
import {
  apiKeyHeader,
  capacityUnits,
  defaultRuleSets,
  firewallRules,
  managedRuleSets,
  maxCapacityUnits,
  rateLimitIssues,
  type ManagedRuleSet,
  type RateLimit,
} from "./web-firewall-rules";

/** The one Region where CloudFront's web ACLs, their logs and their metrics live. */
export const edgeRegion = "us-east-1";

export interface WebFirewallArgs {
  readonly cloud: Cloud;
  /**
   * What it stands before. A load balancer is joined by an association in its own Region; a CloudFront distribution takes
   * `arn` as its `webAclId`, and the web ACL is made in us-east-1 whatever the stack's Region is.
   */
  readonly scope: "loadBalancer" | "cloudFront";
  /** ARNs of the load balancers by short name; only with the scope `loadBalancer`. @default {} */
  readonly loadBalancerArns?: Readonly<Record<string, pulumi.Input<string>>>;
  /** AWS-managed rule sets, in order. @default reputation list, common, known bad inputs, SQL injection */
  readonly ruleSets?: readonly ManagedRuleSet[];
  /** Rule sets that only count, to see what they would block before they do. @default [] */
  readonly countOnly?: readonly ManagedRuleSet[];
  /** Requests that one client may make, by tier and by endpoint. @default 2,000 in 300 s for each address */
  readonly rateLimits?: readonly RateLimit[];
  /** Days that the firewall's log is kept. @default 90 */
  readonly logRetentionDays?: number;
  /** Blocked requests in 5 minutes that raise the alarm. @default 1000 */
  readonly blockedRequestsAlarm?: number;
  /** In the Region of the firewall, us-east-1 before CloudFront: an alarm only reaches a topic of its own Region. */
  readonly alarmTopicArn?: pulumi.Input<string>;
}

/** All mistakes of a firewall's arguments. */
export function validateWebFirewall(
  args: Pick<WebFirewallArgs, "scope" | "loadBalancerArns" | "ruleSets" | "countOnly" | "rateLimits">,
): Issue[] {
  const ruleSets = args.ruleSets ?? defaultRuleSets;
  const issues = rateLimitIssues(args.rateLimits ?? [], "rateLimits");
  for (const [index, name] of ruleSets.entries()) {
    if (!(name in managedRuleSets))
      issues.push({
        path: `ruleSets[${index}]`,
        problem: "is not a managed rule set that the platform knows",
        value: name,
        allowed: Object.keys(managedRuleSets).join(", "),
      });
  }
  for (const name of (args.countOnly ?? []).filter((one) => !ruleSets.includes(one))) {
    issues.push({
      path: "countOnly",
      problem: "names a rule set that the firewall does not have",
      value: name,
      allowed: ruleSets.join(", "),
    });
  }
  const units = capacityUnits(
    ruleSets.filter((name) => name in managedRuleSets),
    args.rateLimits ?? [],
  );
  if (units > maxCapacityUnits)
    issues.push({
      path: "ruleSets",
      problem: `weigh ${units} capacity units together with the rate limits`,
      allowed: `at most ${maxCapacityUnits}`,
      fix: "Leave a rule set out, or split the limits over two firewalls.",
    });
  if (args.scope === "cloudFront" && Object.keys(args.loadBalancerArns ?? {}).length > 0)
    issues.push({
      path: "loadBalancerArns",
      problem: "cannot be joined to a firewall of CloudFront",
      fix: "Make a second WebFirewall with the scope loadBalancer, and give this one's arn to the distribution.",
    });
  return issues;
}

/** Name of a firewall's log and of its metrics; two stacks of an account share neither. */
const firewallName = (name: string) => `${pulumi.getProject()}-${pulumi.getStack()}-${name}`;

/**
 * AWS WAF before a load balancer or a CloudFront distribution: rate limits by tier and endpoint (they answer 429), AWS's
 * managed rule sets, a log without credentials, and an alarm on an unusual number of blocked requests.
 *
 * Makes: `aws.wafv2.WebAcl`, one `WebAclAssociation` a load balancer, a log group `aws-waf-logs-...` under its own key,
 * `WebAclLoggingConfiguration`, a metric alarm.
 * Errors: a rule set or limit that AWS would refuse, too many capacity units, an association with CloudFront.
 * Cost: 5 USD a month, 1 USD a rule, 0.60 USD for a million requests, and 0.50 USD for each GB of log.
 */
export class WebFirewall extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly logGroupName: pulumi.Output<string>;

  constructor(name: string, args: WebFirewallArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:security:WebFirewall", name, {}, opts);
    throwIfAny(`WebFirewall ${name}`, validateWebFirewall(args));
    const region = args.scope === "cloudFront" ? edgeRegion : args.cloud.region;
    const place = region === args.cloud.region ? {} : { region };
    const acl = this.createAcl(name, args, place);
    for (const [key, resourceArn] of Object.entries(args.loadBalancerArns ?? {})) {
      new aws.wafv2.WebAclAssociation(
        `${name}-association-${key}`,
        { resourceArn, webAclArn: acl.arn },
        { parent: this },
      );
    }
    this.arn = acl.arn;
    this.logGroupName = this.createLog(name, args, acl, { ...args.cloud, region }, place);
    this.createAlarm(name, args, acl, region, place);
    this.registerOutputs({ arn: this.arn, logGroupName: this.logGroupName });
  }

  private createAcl(name: string, args: WebFirewallArgs, place: { region?: string }) {
    const limits = args.rateLimits ?? [{ name: "address", requests: 2000, windowSeconds: 300 }];
    return new aws.wafv2.WebAcl(
      `${name}-acl`,
      {
        description: `Firewall ${name}`,
        scope: args.scope === "cloudFront" ? "CLOUDFRONT" : "REGIONAL",
        defaultAction: { allow: {} },
        rules: firewallRules(args.ruleSets ?? defaultRuleSets, limits, args.countOnly ?? []),
        visibilityConfig: {
          cloudwatchMetricsEnabled: true,
          sampledRequestsEnabled: true,
          metricName: firewallName(name),
        },
        tags: { Name: name },
        ...place,
      },
      { parent: this },
    );
  }

  private createLog(
    name: string,
    args: WebFirewallArgs,
    acl: aws.wafv2.WebAcl,
    cloud: Cloud,
    place: { region?: string },
  ): pulumi.Output<string> {
    const key = new EncryptionKey(
      `${name}-log`,
      { cloud, description: `Log of the firewall ${name}`, usedBy: ["logs"], ...place },
      { parent: this },
    );
    const group = new aws.cloudwatch.LogGroup(
      `${name}-log`,
      {
        // AWS WAF only delivers to log groups whose name starts so.
        name: `aws-waf-logs-${firewallName(name)}`,
        retentionInDays: args.logRetentionDays ?? 90,
        kmsKeyId: key.arn,
        ...place,
      },
      { parent: this },
    );
    new aws.wafv2.WebAclLoggingConfiguration(
      `${name}-logging`,
      {
        resourceArn: acl.arn,
        logDestinationConfigs: [group.arn],
        redactedFields: ["authorization", "cookie", apiKeyHeader].map((header) => ({ singleHeader: { name: header } })),
        ...place,
      },
      { parent: this },
    );
    return group.name;
  }

  private createAlarm(
    name: string,
    args: WebFirewallArgs,
    acl: aws.wafv2.WebAcl,
    region: string,
    place: { region?: string },
  ): void {
    metricAlarm(
      `${name}-blocked-alarm`,
      {
        description:
          `The firewall ${name} blocks unusually many requests. First look at the log group of the firewall for the rule ` +
          "and the addresses: one rule and known clients mean a false alarm of that rule (set it to count), many addresses an attack.",
        namespace: "AWS/WAFV2",
        metric: "BlockedRequests",
        // CloudFront's metrics have no Region among their dimensions.
        dimensions: {
          WebACL: firewallName(name), // the ACL's metric name, not its own
          Rule: "ALL",
          ...(args.scope === "cloudFront" ? {} : { Region: region }),
        },
        statistic: "Sum",
        threshold: args.blockedRequestsAlarm ?? 1000,
        periodSeconds: 300,
        periods: 1,
        alarmTopicArn: args.alarmTopicArn,
        ...place,
      },
      { parent: this },
    );
  }
}
