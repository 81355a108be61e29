/** The firewall's rules as plain data: which managed rule sets, which rate limits, and what they weigh. */
import type * as aws from "@pulumi/aws";
import type { Issue } from "../common/validation";

type WebAclRule = aws.types.input.wafv2.WebAclRule;

/**
 * AWS's own rule sets and the capacity units each takes.
 * Source: AWS WAF developer guide, "AWS Managed Rules rule groups list".
 */
export const managedRuleSets = {
  AWSManagedRulesAmazonIpReputationList: 25,
  AWSManagedRulesAnonymousIpList: 50,
  AWSManagedRulesCommonRuleSet: 700,
  AWSManagedRulesKnownBadInputsRuleSet: 200,
  AWSManagedRulesSQLiRuleSet: 200,
  AWSManagedRulesLinuxRuleSet: 200,
  AWSManagedRulesUnixRuleSet: 100,
  AWSManagedRulesAdminProtectionRuleSet: 100,
} as const;

export type ManagedRuleSet = keyof typeof managedRuleSets;

/** Rule sets that every firewall has unless it says otherwise, in the order they are asked. */
export const defaultRuleSets: readonly ManagedRuleSet[] = [
  "AWSManagedRulesAmazonIpReputationList",
  "AWSManagedRulesCommonRuleSet",
  "AWSManagedRulesKnownBadInputsRuleSet",
  "AWSManagedRulesSQLiRuleSet",
];

/** Windows that AWS WAF counts requests over, in seconds. */
export const windowsSeconds = [60, 120, 300, 600] as const;

/** How many requests one client may make in a window. */
export interface RateLimit {
  /** Short name, unique in the firewall: `anonymous`, `pro`, `orders`. */
  readonly name: string;
  /** Requests of one client in a window; AWS counts roughly and takes 10 to 2,000,000,000. */
  readonly requests: number;
  /** @default 300 */
  readonly windowSeconds?: (typeof windowsSeconds)[number];
  /** Only requests whose path starts so: the limit of an endpoint. @default every path */
  readonly pathPrefix?: string;
  /**
   * Only requests whose API key starts so: the limit of a tier, counted by key. The prefix is what the client sends: a
   * client can claim a tier, but needs a valid key of it to get an answer from the application.
   * @default every request, counted by address
   */
  readonly apiKeyPrefix?: string;
}

/** Header that carries the API key. */
export const apiKeyHeader = "x-api-key";

/** Capacity units that AWS takes for one web ACL at most; above 1,500 it asks a surcharge for each million requests. */
export const maxCapacityUnits = 5000;

/** Units of a rate limit: 2 for the rule, 30 for each custom key, 2 for each starts-with match, 1 for joining them. */
function rateLimitUnits(limit: RateLimit): number {
  const conditions = (limit.pathPrefix ? 1 : 0) + (limit.apiKeyPrefix ? 1 : 0);
  return 2 + (limit.apiKeyPrefix ? 30 : 0) + 2 * conditions + (conditions > 1 ? 1 : 0);
}

/** Capacity units of a whole firewall. */
export function capacityUnits(ruleSets: readonly ManagedRuleSet[], limits: readonly RateLimit[]): number {
  return (
    ruleSets.reduce((sum, name) => sum + managedRuleSets[name], 0) +
    limits.reduce((sum, limit) => sum + rateLimitUnits(limit), 0)
  );
}

/** Mistakes in a list of rate limits. */
export function rateLimitIssues(limits: readonly RateLimit[], path: string): Issue[] {
  const issues: Issue[] = [];
  const seen = new Set<string>();
  for (const [index, limit] of limits.entries()) {
    const at = `${path}[${index}]`;
    if (!/^[a-z][a-z0-9-]{0,39}$/.test(limit.name))
      issues.push({
        path: `${at}.name`,
        problem: "cannot name a rule",
        value: limit.name,
        allowed: "1 to 40 lower-case letters, digits and dashes, a letter first",
      });
    if (seen.has(limit.name))
      issues.push({
        path: `${at}.name`,
        problem: "is the name of an earlier rate limit",
        value: limit.name,
        fix: "Give each rate limit a name of its own.",
      });
    seen.add(limit.name);
    if (!Number.isInteger(limit.requests) || limit.requests < 10 || limit.requests > 2_000_000_000)
      issues.push({
        path: `${at}.requests`,
        problem: "is not a limit that AWS WAF can count",
        value: limit.requests,
        allowed: "a whole number from 10 to 2000000000",
        fix: "Choose a longer windowSeconds where the limit should be lower.",
      });
    if (limit.pathPrefix !== undefined && !limit.pathPrefix.startsWith("/"))
      issues.push({
        path: `${at}.pathPrefix`,
        problem: "does not start with a slash, so it matches nothing",
        value: limit.pathPrefix,
        fix: `Write /${limit.pathPrefix}.`,
      });
  }
  return issues;
}

const none = [{ priority: 0, type: "NONE" }];

function pathMatch(prefix: string) {
  return {
    byteMatchStatement: {
      fieldToMatch: { uriPath: {} },
      positionalConstraint: "STARTS_WITH",
      searchString: prefix,
      // Without it /API/orders and /api/%6frders would get past the limit of /api/orders.
      textTransformations: [
        { priority: 0, type: "URL_DECODE" },
        { priority: 1, type: "NORMALIZE_PATH" },
        { priority: 2, type: "LOWERCASE" },
      ],
    },
  };
}

function keyMatch(prefix: string) {
  return {
    byteMatchStatement: {
      fieldToMatch: { singleHeader: { name: apiKeyHeader } },
      positionalConstraint: "STARTS_WITH",
      searchString: prefix,
      textTransformations: none,
    },
  };
}

function scopeDown(limit: RateLimit) {
  const statements = [
    ...(limit.pathPrefix ? [pathMatch(limit.pathPrefix.toLowerCase())] : []),
    ...(limit.apiKeyPrefix ? [keyMatch(limit.apiKeyPrefix)] : []),
  ];
  return statements.length > 1 ? { andStatement: { statements } } : statements[0];
}

const visibility = (metricName: string) => ({
  cloudwatchMetricsEnabled: true,
  sampledRequestsEnabled: true,
  metricName,
});

/** The rate limit as a rule that answers 429. */
export function rateLimitRule(limit: RateLimit, priority: number): WebAclRule {
  return {
    name: `rate-${limit.name}`,
    priority,
    action: {
      block: { customResponse: { responseCode: 429, responseHeaders: [{ name: "retry-after", value: "60" }] } },
    },
    statement: {
      rateBasedStatement: {
        limit: limit.requests,
        evaluationWindowSec: limit.windowSeconds ?? 300,
        ...(limit.apiKeyPrefix
          ? {
              aggregateKeyType: "CUSTOM_KEYS",
              customKeys: [{ header: { name: apiKeyHeader, textTransformations: none } }],
            }
          : { aggregateKeyType: "IP" }),
        scopeDownStatement: scopeDown(limit),
      },
    },
    visibilityConfig: visibility(`rate-${limit.name}`),
  };
}

/** A managed rule set as a rule; `count` only counts what it would block. */
export function managedRule(name: ManagedRuleSet, priority: number, mode: "block" | "count"): WebAclRule {
  return {
    name,
    priority,
    overrideAction: mode === "block" ? { none: {} } : { count: {} },
    statement: { managedRuleGroupStatement: { vendorName: "AWS", name } },
    visibilityConfig: visibility(name),
  };
}

/** All rules in order: rate limits first, as they are cheap and shed a flood before the rule sets look at bodies. */
export function firewallRules(
  ruleSets: readonly ManagedRuleSet[],
  limits: readonly RateLimit[],
  counted: readonly ManagedRuleSet[],
): WebAclRule[] {
  return [
    ...limits.map((limit, index) => rateLimitRule(limit, index)),
    ...ruleSets.map((name, index) => managedRule(name, 100 + index, counted.includes(name) ? "count" : "block")),
  ];
}
