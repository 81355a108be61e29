import assert from "node:assert/strict";
import fc from "fast-check";
import { WebFirewall, validateWebFirewall, type WebFirewallArgs } from "../../components/security/web-firewall";
import {
  capacityUnits,
  defaultRuleSets,
  firewallRules,
  managedRuleSets,
  maxCapacityUnits,
  rateLimitIssues,
  rateLimitRule,
  windowsSeconds,
  type ManagedRuleSet,
  type RateLimit,
} from "../../components/security/web-firewall-rules";
import { ValidationError } from "../../components/common/validation";
import { register, testCloud } from "../support/program";

const aclType = "aws:wafv2/webAcl:WebAcl";
const albArn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/1";

describe("WebFirewall", () => {
  it("stands before a load balancer: managed rules, a rate limit, a log under a key, an association, an alarm", async () => {
    const program = await register(
      () =>
        new WebFirewall("edge", {
          cloud: testCloud,
          scope: "loadBalancer",
          loadBalancerArns: { alb: albArn },
          alarmTopicArn: "arn:topic",
        }),
    );
    assert.deepEqual(program.counts(), {
      "trading:security:WebFirewall": 1,
      [aclType]: 1,
      "aws:wafv2/webAclAssociation:WebAclAssociation": 1,
      "trading:security:EncryptionKey": 1,
      "aws:kms/key:Key": 1,
      "aws:kms/alias:Alias": 1,
      "aws:cloudwatch/logGroup:LogGroup": 1,
      "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": 1,
      "aws:cloudwatch/metricAlarm:MetricAlarm": 1,
    });
    const acl = program.one(aclType).inputs as { scope: string; rules: { name: string }[]; region?: string };
    assert.equal(acl.scope, "REGIONAL");
    assert.equal(acl.region, undefined);
    assert.deepEqual(
      acl.rules.map(({ name }) => name),
      ["rate-address", ...defaultRuleSets],
    );
    const log = program.one("aws:cloudwatch/logGroup:LogGroup").inputs;
    assert.equal(log.name, "aws-waf-logs-trading-platform-test-edge");
    assert.equal(log.retentionInDays, 90);
    assert.match(String(log.kmsKeyId), /^arn:aws:kms:us-east-1:/);
    const logging = program.one("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration").inputs;
    assert.deepEqual(logging.redactedFields, [
      { singleHeader: { name: "authorization" } },
      { singleHeader: { name: "cookie" } },
      { singleHeader: { name: "x-api-key" } },
    ]);
    const alarm = program.one("aws:cloudwatch/metricAlarm:MetricAlarm").inputs;
    assert.deepEqual(alarm.alarmActions, ["arn:topic"]);
    assert.deepEqual(alarm.dimensions, { WebACL: "trading-platform-test-edge", Rule: "ALL", Region: "us-east-1" });
    const { metricName } = program.one(aclType).inputs.visibilityConfig as { metricName: string };
    assert.equal(metricName, "trading-platform-test-edge", "AWS WAF files its metrics under this name");
    assert.equal(
      program.one("aws:wafv2/webAclAssociation:WebAclAssociation").inputs.resourceArn,
      albArn,
      "joined to the load balancer",
    );
  });

  it("stands before CloudFront in us-east-1, whatever the stack's Region, and joins nothing itself", async () => {
    const program = await register(
      () =>
        new WebFirewall("edge", {
          cloud: { ...testCloud, region: "eu-west-1" },
          scope: "cloudFront",
          alarmTopicArn: "arn:topic",
        }),
    );
    assert.equal(program.ofType("aws:wafv2/webAclAssociation:WebAclAssociation").length, 0);
    for (const type of [
      aclType,
      "aws:cloudwatch/logGroup:LogGroup",
      "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
      "aws:kms/key:Key",
      "aws:kms/alias:Alias",
      "aws:cloudwatch/metricAlarm:MetricAlarm",
    ]) {
      assert.equal(program.one(type).inputs.region, "us-east-1", type);
    }
    assert.equal(program.one(aclType).inputs.scope, "CLOUDFRONT");
    assert.match(String(program.one("aws:kms/key:Key").inputs.policy), /logs\.us-east-1\.amazonaws\.com/);
    const alarm = program.one("aws:cloudwatch/metricAlarm:MetricAlarm").inputs;
    assert.deepEqual(alarm.alarmActions, ["arn:topic"], "a topic of us-east-1");
    assert.equal("Region" in (alarm.dimensions as object), false);
  });

  it("limits a tier by its key, an endpoint by its path, and both together", () => {
    const tier = rateLimitRule({ name: "pro", requests: 6000, apiKeyPrefix: "pro_" }, 3);
    const statement = tier.statement as unknown as { rateBasedStatement: Record<string, unknown> };
    assert.equal(statement.rateBasedStatement.aggregateKeyType, "CUSTOM_KEYS");
    assert.equal(statement.rateBasedStatement.evaluationWindowSec, 300);
    assert.match(JSON.stringify(statement), /"searchString":"pro_"/);
    const endpoint = rateLimitRule({ name: "orders", requests: 60, windowSeconds: 60, pathPrefix: "/API/orders" }, 0);
    const text = JSON.stringify(endpoint);
    assert.match(text, /"aggregateKeyType":"IP"/);
    assert.match(text, /"searchString":"\/api\/orders"/, "compared in lower case, as the path is");
    assert.match(text, /URL_DECODE.*NORMALIZE_PATH.*LOWERCASE/);
    assert.match(text, /"responseCode":429/);
    const both = JSON.stringify(
      rateLimitRule({ name: "both", requests: 10, pathPrefix: "/x", apiKeyPrefix: "free_" }, 0),
    );
    assert.match(both, /andStatement/);
  });

  it("counts instead of blocking where it is told to", () => {
    const rules = firewallRules(["AWSManagedRulesCommonRuleSet"], [], ["AWSManagedRulesCommonRuleSet"]);
    assert.deepEqual(rules[0]?.overrideAction, { count: {} });
  });

  it("gives every rule a priority of its own, for any limits and rule sets", () => {
    const limit = fc.record({
      name: fc.stringMatching(/^[a-z][a-z0-9-]{0,39}$/),
      requests: fc.integer({ min: 10, max: 2_000_000_000 }),
      windowSeconds: fc.constantFrom(...windowsSeconds),
      pathPrefix: fc.option(
        fc.string().map((text) => `/${text}`),
        { nil: undefined },
      ),
      apiKeyPrefix: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(limit, { maxLength: 20, selector: ({ name }) => name }),
        fc.subarray(Object.keys(managedRuleSets) as ManagedRuleSet[]),
        (limits, ruleSets) => {
          const rules = firewallRules(ruleSets, limits, []);
          assert.equal(new Set(rules.map(({ priority }) => priority)).size, limits.length + ruleSets.length);
          assert.deepEqual(rateLimitIssues(limits, "rateLimits"), []);
          assert.ok(capacityUnits(ruleSets, limits) >= 2 * limits.length);
        },
      ),
    );
  });

  describe("refuses", () => {
    const manyLimits: RateLimit[] = Array.from({ length: 120 }, (_one, index) => ({
      name: `t${index}`,
      requests: 100,
      apiKeyPrefix: `t${index}_`,
      pathPrefix: "/api",
    }));
    const table: [string, Partial<WebFirewallArgs>, RegExp][] = [
      [
        "a rule set it does not know",
        { ruleSets: ["AWSManagedRulesNone" as ManagedRuleSet] },
        /ruleSets\[0\]: is not a managed rule set that the platform knows\n.*AWSManagedRulesNone/,
      ],
      [
        "counting a rule set it does not have",
        { countOnly: ["AWSManagedRulesLinuxRuleSet"] },
        /countOnly: names a rule set that the firewall does not have/,
      ],
      [
        "an association with CloudFront",
        { scope: "cloudFront", loadBalancerArns: { alb: albArn } },
        /loadBalancerArns: cannot be joined to a firewall of CloudFront/,
      ],
      [
        "more rules than AWS takes",
        { rateLimits: manyLimits },
        new RegExp(`ruleSets: weigh \\d+ capacity units together with the rate limits\\n.*at most ${maxCapacityUnits}`),
      ],
      [
        "a limit too low to count",
        { rateLimits: [{ name: "low", requests: 9 }] },
        /rateLimits\[0\]\.requests: is not a limit that AWS WAF can count/,
      ],
      [
        "two limits of one name",
        {
          rateLimits: [
            { name: "a", requests: 10 },
            { name: "a", requests: 20 },
          ],
        },
        /rateLimits\[1\]\.name: is the name of an earlier rate limit/,
      ],
      ["a name no rule can have", { rateLimits: [{ name: "Pro!", requests: 10 }] }, /name: cannot name a rule/],
      [
        "a path without slash",
        { rateLimits: [{ name: "a", requests: 10, pathPrefix: "api" }] },
        /pathPrefix: does not start with a slash[^]*Write \/api\./,
      ],
    ];
    for (const [what, change, message] of table) {
      it(what, async () => {
        await assert.rejects(
          register(() => new WebFirewall("edge", { cloud: testCloud, scope: "loadBalancer", ...change })),
          (error: unknown) => error instanceof ValidationError && message.test(error.message),
        );
      });
    }

    it("nothing of a firewall that is right", () => {
      assert.deepEqual(validateWebFirewall({ scope: "loadBalancer", rateLimits: [{ name: "a", requests: 10 }] }), []);
    });
  });
});
