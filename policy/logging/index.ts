import type * as aws from "@pulumi/aws";
import { bucketTypes, companionsOf, companionTypes } from "../frame/buckets";
import { checkov, cis, fsbp, on, pci, reference, type Family, type Policy } from "../frame/policy";
import { forEachKnown, isGiven, isTrue, listOf } from "../frame/values";

export const cloudtrailComplete: Policy = {
  name: "cloudtrail-complete",
  description: "Trails cover every Region and global services, are validated, and reach CloudWatch.",
  severity: "high",
  level: "mandatory",
  fix: "Set isMultiRegionTrail and enableLogFileValidation, and give cloudWatchLogsGroupArn",
  url: reference("cloudtrail/trail"),
  frameworks: [cis("3.1"), cis("3.2"), fsbp("CloudTrail.1"), fsbp("CloudTrail.4"), fsbp("CloudTrail.5"), pci("10.2.1")],
  checkov: checkov(36, 67, 251, "2:10"),
  rules: on<aws.cloudtrail.TrailArgs>("aws:cloudtrail/trail:Trail", (trail, report) => {
    if (trail.isMultiRegionTrail !== true) report("it covers one Region only");
    if (trail.enableLogFileValidation !== true) report("its files are not validated");
    if (trail.includeGlobalServiceEvents === false) report("it leaves global services out");
    if (trail.enableLogging === false) report("it is switched off");
    if (!isGiven(() => trail.cloudWatchLogsGroupArn)) report("it does not reach CloudWatch Logs");
  }),
};

export const loadBalancerAccessLogs: Policy = {
  name: "load-balancer-access-logs",
  description: "Load balancers keep access logs.",
  severity: "medium",
  level: "mandatory",
  fix: "Set accessLogs with a bucket and enabled: true",
  url: reference("lb/loadbalancer"),
  frameworks: [fsbp("ELB.5"), pci("10.2.1")],
  checkov: checkov(91),
  rules: [
    ...on<aws.lb.LoadBalancerArgs>(
      ["aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer", "awsx:lb:ApplicationLoadBalancer"],
      (balancer, report) => {
        if ((balancer.loadBalancerType ?? "application") === "gateway") return; // keeps none
        if (!isTrue(balancer.accessLogs?.enabled)) report("it keeps no access logs");
      },
    ),
    ...on<aws.elb.LoadBalancerArgs>("aws:elb/loadBalancer:LoadBalancer", ({ accessLogs }, report) => {
      if (!accessLogs || accessLogs.enabled === false) report("it keeps no access logs");
    }),
  ],
};

/** Buckets that keep other buckets' logs log to nobody, or they would log their own logs. */
const isLogBucket = (name: string) => /(^|-)(access-?)?logs?(-|$)/.test(name);

export const s3AccessLogs: Policy = {
  name: "s3-access-logs",
  description: "Buckets keep access logs.",
  severity: "low",
  level: "advisory",
  fix: "Give the bucket an aws.s3.BucketLogging, or data events of CloudTrail",
  url: reference("s3/bucketlogging"),
  frameworks: [fsbp("S3.9")],
  checkov: checkov(18),
  rules: on<aws.s3.BucketLoggingArgs>(companionTypes("BucketLogging"), (logging, report) => {
    if (!isGiven(() => logging.targetBucket)) report("it names no bucket for the logs");
  }),
  stackRule: (stack, report) => {
    forEachKnown(stack.ofType<aws.s3.BucketArgs>(...bucketTypes), (bucket) => {
      const target = stack.referrers(bucket, companionTypes("BucketLogging"), "targetBucket").length > 0;
      if (target || isLogBucket(bucket.name)) return;
      if (companionsOf(stack, bucket, "BucketLogging").length > 0) return;
      if (!bucket.props.logging?.targetBucket) report("it keeps no access logs", bucket);
    });
  },
};

export const cloudfrontAccessLogs: Policy = {
  name: "cloudfront-access-logs",
  description: "Distributions keep access logs.",
  severity: "low",
  level: "advisory",
  fix: "Add an aws.cloudwatch.LogDeliverySource for the distribution, or loggingConfig",
  url: reference("cloudfront/distribution"),
  frameworks: [fsbp("CloudFront.5")],
  checkov: checkov(86),
  stackRule: (stack, report) => {
    forEachKnown(
      stack.ofType<aws.cloudfront.DistributionArgs>("aws:cloudfront/distribution:Distribution"),
      (distribution) => {
        const source = "aws:cloudwatch/logDeliverySource:LogDeliverySource";
        if (stack.referrers(distribution, source, "resourceArn").length > 0) return;
        if (!isGiven(() => distribution.props.loggingConfig?.bucket)) report("it keeps no access logs", distribution);
      },
    );
  },
};

const controlPlaneLogs = ["api", "audit", "authenticator", "controllerManager", "scheduler"];

export const eksControlPlaneLogs: Policy = {
  name: "eks-control-plane-logs",
  description: "Kubernetes clusters keep all five logs of their control plane.",
  severity: "medium",
  level: "mandatory",
  fix: `Set enabledClusterLogTypes to ${controlPlaneLogs.join(", ")}`,
  url: reference("eks/cluster"),
  frameworks: [fsbp("EKS.8"), pci("10.2.1")],
  checkov: checkov(37),
  rules: on<{ enabledClusterLogTypes?: readonly string[] }>(
    ["aws:eks/cluster:Cluster", "eks:index:Cluster"],
    (cluster, report) => {
      const kept = listOf(cluster.enabledClusterLogTypes);
      const missing = controlPlaneLogs.filter((log) => !kept.includes(log));
      if (missing.length > 0) report(`it does not keep ${missing.join(", ")}`);
    },
  ),
};

export const rdsLogsExported: Policy = {
  name: "rds-logs-exported",
  description: "Databases send their logs to CloudWatch, with slow statements among them.",
  severity: "medium",
  level: "mandatory",
  fix: "Set enabledCloudwatchLogsExports, and log_min_duration_statement in the parameter group",
  url: reference("rds/instance"),
  frameworks: [fsbp("RDS.9"), pci("10.2.1")],
  checkov: checkov(129, "2:30"),
  rules: [
    ...on<aws.rds.InstanceArgs>(["aws:rds/instance:Instance", "aws:rds/cluster:Cluster"], (db, report) => {
      if (listOf(db.enabledCloudwatchLogsExports).length === 0) report("its logs stay on the host");
    }),
    ...on<aws.rds.ParameterGroupArgs>(
      ["aws:rds/parameterGroup:ParameterGroup", "aws:rds/clusterParameterGroup:ClusterParameterGroup"],
      (group, report) => {
        if (!/postgres/.test(group.family)) return;
        const names = listOf(group.parameters).map(({ name }) => name);
        const statements = names.includes("log_statement") || names.includes("log_min_duration_statement");
        if (!statements) report("no statement is logged, however slow", { advisory: true });
      },
    ),
  ],
};

export const logRetentionSet: Policy = {
  name: "log-retention-set",
  description: "Log groups keep logs for a set time, and at least as long as the stage asks.",
  severity: "medium",
  level: "mandatory",
  fix: "Set retentionInDays",
  url: reference("cloudwatch/loggroup"),
  frameworks: [pci("10.5.1")],
  checkov: checkov(66, 338),
  config: {
    minimumDays: {
      type: "integer",
      minimum: 1,
      default: 90,
      description: "Shortest retention that is accepted, in days.",
    },
  },
  rules: on<aws.cloudwatch.LogGroupArgs>("aws:cloudwatch/logGroup:LogGroup", (group, report, { config }) => {
    const minimumDays = Number(config.minimumDays ?? 90);
    const days = group.retentionInDays;
    if (days === undefined || days === 0) report("logs are kept, and paid for, for ever");
    else if (days < minimumDays) report(`logs are kept for ${days} days; this stage asks for ${minimumDays}`);
  }),
};

export const wafLogging: Policy = {
  name: "waf-logging",
  description: "Web firewalls log what they see.",
  severity: "medium",
  level: "mandatory",
  fix: "Add an aws.wafv2.WebAclLoggingConfiguration",
  url: reference("wafv2/webaclloggingconfiguration"),
  frameworks: [pci("10.2.1")],
  checkov: checkov(176, "2:31"),
  stackRule: (stack, report) => {
    const logging = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration";
    for (const acl of stack.ofType("aws:wafv2/webAcl:WebAcl")) {
      if (stack.referrers(acl, logging, "resourceArn").length === 0) report("it logs nothing", acl);
    }
  },
};

export const stateMachineLogged: Policy = {
  name: "state-machine-logged",
  description: "State machines log and trace what they do.",
  severity: "low",
  level: "advisory",
  fix: "Set loggingConfiguration.level to ERROR or ALL with a log group, and tracingConfiguration.enabled",
  url: reference("sfn/statemachine"),
  frameworks: [fsbp("StepFunctions.1")],
  checkov: checkov(284, 285),
  rules: on<aws.sfn.StateMachineArgs>("aws:sfn/stateMachine:StateMachine", (machine, report) => {
    const level = machine.loggingConfiguration?.level ?? "OFF";
    if (level === "OFF") report("it logs nothing");
    if (!machine.tracingConfiguration?.enabled) report("it traces nothing");
  }),
};

export const guarddutyAndConfigPresent: Policy = {
  name: "guardduty-and-config-present",
  description: "The account's threats are detected and its configuration recorded.",
  severity: "high",
  level: "mandatory",
  fix: "Turn the security section on, or name the stack that has it in policies.accountBaselineStack",
  url: reference("guardduty/detector"),
  frameworks: [cis("3.3"), fsbp("GuardDuty.1"), fsbp("Config.1"), pci("11.5.1")],
  checkov: checkov(238, 121, "2:3", "2:45", "2:48"),
  rules: [
    ...on<aws.guardduty.DetectorArgs>("aws:guardduty/detector:Detector", (detector, report) => {
      if (detector.enable === false) report("the detector is switched off");
    }),
    ...on<aws.cfg.RecorderStatusArgs>("aws:cfg/recorderStatus:RecorderStatus", (status, report) => {
      if (!status.isEnabled) report("the recorder is switched off");
    }),
  ],
  stackRule: (stack, report, { settings, section }) => {
    // The security section finds out what the account already has, and makes the rest.
    if (settings.accountBaselineStack || section("security")) return;
    const has = (type: string) => stack.ofType(type).length > 0;
    if (!has("aws:guardduty/detector:Detector")) report("nothing detects threats (GuardDuty)");
    if (!has("aws:cfg/recorder:Recorder") || !has("aws:cfg/recorderStatus:RecorderStatus")) {
      report("nothing records the configuration (AWS Config)");
    }
  },
};

export const logging: Family = {
  key: "logging",
  title: "Logging and detection",
  policies: [
    cloudtrailComplete,
    loadBalancerAccessLogs,
    s3AccessLogs,
    cloudfrontAccessLogs,
    eksControlPlaneLogs,
    rdsLogsExported,
    logRetentionSet,
    wafLogging,
    stateMachineLogged,
    guarddutyAndConfigPresent,
  ],
};
