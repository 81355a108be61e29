import { secret, unknown } from "../support/pack";
import { a, table } from "../support/tables";

const balancer = "aws:lb/loadBalancer:LoadBalancer";
const bucket = a("aws:s3/bucket:Bucket", {}, { name: "b" });
const distribution = "aws:cloudfront/distribution:Distribution";
const group = "aws:cloudwatch/logGroup:LogGroup";
const trail = { isMultiRegionTrail: true, enableLogFileValidation: true, cloudWatchLogsGroupArn: "arn" };
const every = ["api", "audit", "authenticator", "controllerManager", "scheduler"];
const recorder = [
  a("aws:cfg/recorder:Recorder", {}, { name: "r" }),
  a("aws:cfg/recorderStatus:RecorderStatus", { isEnabled: true }, { name: "rs" }),
];

export const logging = [
  table(
    "cloudtrail-complete",
    "aws:cloudtrail/trail:Trail",
    ["pass", trail],
    ["fail", { ...trail, isMultiRegionTrail: false }, /one Region only/],
    ["fail", { ...trail, enableLogFileValidation: false }, /not validated/],
    ["fail", { ...trail, includeGlobalServiceEvents: false }, /global services/],
    ["fail", { ...trail, enableLogging: false }, /switched off/],
    ["fail", { ...trail, cloudWatchLogsGroupArn: undefined }, /does not reach/],
    ["undefined", {}, /one Region only/],
    ["unknown", { ...trail, cloudWatchLogsGroupArn: unknown }],
    ["secret", { ...trail, isMultiRegionTrail: secret(false) }, /one Region only/],
  ),
  table(
    "load-balancer-access-logs",
    balancer,
    ["pass", { accessLogs: { bucket: "b", enabled: true } }],
    ["pass", { loadBalancerType: "gateway" }],
    ["fail", { accessLogs: { bucket: "b", enabled: false } }, /no access logs/],
    ["fail", a("awsx:lb:ApplicationLoadBalancer"), /no access logs/],
    ["fail", a("aws:elb/loadBalancer:LoadBalancer"), /no access logs/],
    ["undefined", {}, /no access logs/],
    ["unknown", { accessLogs: { bucket: unknown, enabled: true } }],
    ["secret", { accessLogs: secret({ bucket: "b", enabled: true }) }],
  ),
  table(
    "s3-access-logs",
    "aws:s3/bucket:Bucket",
    [
      "pass",
      [bucket, a("aws:s3/bucketLogging:BucketLogging", { targetBucket: "l" }, { name: "l", refs: { bucket: "b" } })],
    ],
    ["pass", [a("aws:s3/bucket:Bucket", {}, { name: "access-logs" })]],
    ["pass", [a("aws:s3/bucket:Bucket", { logging: { targetBucket: "l" } })]],
    ["fail", [bucket], { advisory: /no access logs/ }],
    ["fail", a("aws:s3/bucketLoggingV2:BucketLoggingV2", { targetBucket: "" }), { advisory: /names no bucket/ }],
    ["undefined", a("aws:s3/bucketLogging:BucketLogging"), { advisory: /names no bucket/ }],
    ["unknown", a("aws:s3/bucketLogging:BucketLogging", { targetBucket: unknown })],
    ["secret", a("aws:s3/bucketLogging:BucketLogging", { targetBucket: secret("l") })],
  ),
  table(
    "cloudfront-access-logs",
    distribution,
    ["pass", [a(distribution, { loggingConfig: { bucket: "b" } })]],
    [
      "pass",
      [
        a(distribution, {}, { name: "d" }),
        a("aws:cloudwatch/logDeliverySource:LogDeliverySource", {}, { name: "s", refs: { resourceArn: "d" } }),
      ],
    ],
    ["fail", [a(distribution, { loggingConfig: {} })], { advisory: /no access logs/ }],
    ["undefined", [a(distribution)], { advisory: /no access logs/ }],
    ["unknown", [a(distribution, { loggingConfig: { bucket: unknown } })]],
    ["secret", [a(distribution, { loggingConfig: secret({ bucket: "b" }) })]],
  ),
  table(
    "eks-control-plane-logs",
    "aws:eks/cluster:Cluster",
    ["pass", { enabledClusterLogTypes: every }],
    ["pass", a("eks:index:Cluster", { enabledClusterLogTypes: every })],
    ["fail", { enabledClusterLogTypes: ["api"] }, /does not keep audit, authenticator/],
    ["undefined", a("eks:index:Cluster"), /does not keep api/],
    ["unknown", { enabledClusterLogTypes: unknown }, "cannot tell"],
    ["secret", { enabledClusterLogTypes: secret(every) }],
  ),
  table(
    "rds-logs-exported",
    "aws:rds/instance:Instance",
    ["pass", { enabledCloudwatchLogsExports: ["postgresql"] }],
    [
      "pass",
      a("aws:rds/parameterGroup:ParameterGroup", {
        family: "postgres15",
        parameters: [{ name: "log_min_duration_statement", value: "500" }],
      }),
    ],
    ["fail", { enabledCloudwatchLogsExports: [] }, /stay on the host/],
    [
      "fail",
      a("aws:rds/parameterGroup:ParameterGroup", { family: "postgres15" }),
      { advisory: /no statement is logged/ },
    ],
    ["fail", a("aws:rds/cluster:Cluster"), /stay on the host/],
    ["undefined", {}, /stay on the host/],
    ["unknown", { enabledCloudwatchLogsExports: unknown }, "cannot tell"],
    ["secret", { enabledCloudwatchLogsExports: secret(["postgresql"]) }],
  ),
  table(
    "log-retention-set",
    group,
    ["pass", { retentionInDays: 90 }],
    ["pass", { retentionInDays: 7 }, "nothing", { stage: "dev" }],
    ["pass", { retentionInDays: 30 }, "nothing", { config: { minimumDays: 30 } }],
    ["fail", { retentionInDays: 30 }, /kept for 30 days; this stage asks for 90/],
    ["fail", { retentionInDays: 0 }, /for ever/],
    ["undefined", {}, /for ever/],
    ["unknown", { retentionInDays: unknown }, "cannot tell"],
    ["secret", { retentionInDays: secret(1) }, /kept for 1 days/],
  ),
  table(
    "waf-logging",
    "aws:wafv2/webAcl:WebAcl",
    [
      "pass",
      [
        a("aws:wafv2/webAcl:WebAcl", {}, { name: "w" }),
        a(
          "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
          {},
          { name: "l", refs: { resourceArn: "w" } },
        ),
      ],
    ],
    ["fail", [a("aws:wafv2/webAcl:WebAcl")], /logs nothing/],
    [
      "undefined",
      [
        a("aws:wafv2/webAcl:WebAcl", {}, { name: "w" }),
        a("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"),
      ],
      /logs nothing/,
    ],
    ["unknown", [a("aws:wafv2/webAcl:WebAcl", { name: unknown })], /logs nothing/],
    ["secret", [a("aws:wafv2/webAcl:WebAcl", { name: secret("w") })], /logs nothing/],
  ),
  table(
    "state-machine-logged",
    "aws:sfn/stateMachine:StateMachine",
    ["pass", { loggingConfiguration: { level: "ERROR" }, tracingConfiguration: { enabled: true } }],
    [
      "fail",
      { loggingConfiguration: { level: "OFF" }, tracingConfiguration: { enabled: true } },
      { advisory: /logs nothing/ },
    ],
    ["fail", { loggingConfiguration: { level: "ALL" } }, { advisory: /traces nothing/ }],
    ["undefined", {}, { advisory: /logs nothing/ }],
    ["unknown", { loggingConfiguration: unknown }, "cannot tell"],
    ["secret", { loggingConfiguration: secret({ level: "ALL" }), tracingConfiguration: secret({ enabled: true }) }],
  ),
  table(
    "guardduty-and-config-present",
    "aws:guardduty/detector:Detector",
    ["pass", [a("aws:guardduty/detector:Detector", { enable: true }), ...recorder]],
    ["pass", [], "nothing", { settings: { accountBaselineStack: "prod" } }],
    ["fail", [a("aws:guardduty/detector:Detector", { enable: false }), ...recorder], /detector is switched off/],
    ["fail", [...recorder], /nothing detects threats/],
    ["fail", [a("aws:guardduty/detector:Detector")], /nothing records/],
    ["fail", a("aws:cfg/recorderStatus:RecorderStatus", { isEnabled: false }), /recorder is switched off/],
    ["undefined", [], /nothing detects threats/],
    ["unknown", { enable: unknown }, "cannot tell"],
    ["secret", { enable: secret(false) }, /switched off/],
  ),
];
