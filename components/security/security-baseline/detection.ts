import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Cloud } from "../../common/iam";

/** GuardDuty's protections beyond its base, all on: object, volume, database, function and runtime threats. */
export const detectorFeatures = [
  "S3_DATA_EVENTS",
  "EKS_AUDIT_LOGS",
  "EBS_MALWARE_PROTECTION",
  "RDS_LOGIN_EVENTS",
  "LAMBDA_NETWORK_LOGS",
  "RUNTIME_MONITORING",
] as const;

/** Agents that runtime monitoring installs by itself. */
const runtimeAgents = ["EC2_AGENT_MANAGEMENT", "ECS_FARGATE_AGENT_MANAGEMENT", "EKS_ADDON_MANAGEMENT"];

/** GuardDuty with its protections. Cost driver: events analysed; about 4 USD for a million CloudTrail events. */
export function createDetector(name: string, opts: pulumi.CustomResourceOptions): aws.guardduty.Detector {
  const detector = new aws.guardduty.Detector(
    `${name}-detector`,
    { enable: true, findingPublishingFrequency: "FIFTEEN_MINUTES", tags: { Name: name } },
    opts,
  );
  for (const feature of detectorFeatures) {
    new aws.guardduty.DetectorFeature(
      `${name}-detector-${feature.toLowerCase().replaceAll("_", "-")}`,
      {
        detectorId: detector.id,
        name: feature,
        status: "ENABLED",
        additionalConfigurations:
          feature === "RUNTIME_MONITORING"
            ? runtimeAgents.map((agent) => ({ name: agent, status: "ENABLED" }))
            : undefined,
      },
      opts,
    );
  }
  return detector;
}

/** Standards that Security Hub measures the account against, by their ARN's end. */
export const hubStandards = [
  "aws-foundational-security-best-practices/v/1.0.0",
  "cis-aws-foundations-benchmark/v/3.0.0",
] as const;

/** Security Hub and its standards. Cost driver: security checks, 0.0010 USD each. */
export function createSecurityHub(name: string, cloud: Cloud, opts: pulumi.CustomResourceOptions): void {
  const hub = new aws.securityhub.Account(`${name}-hub`, { enableDefaultStandards: false }, opts);
  for (const standard of hubStandards) {
    new aws.securityhub.StandardsSubscription(
      `${name}-hub-${standard.split("/")[0] ?? standard}`,
      { standardsArn: `arn:${cloud.partition}:securityhub:${cloud.region}::standards/${standard}` },
      { ...opts, dependsOn: [hub] },
    );
  }
}

/** Access Analyzer over the account: what is reachable from outside it. Free of charge. */
export function createAccessAnalyzer(name: string, opts: pulumi.CustomResourceOptions): void {
  new aws.accessanalyzer.Analyzer(`${name}-analyzer`, { analyzerName: name, type: "ACCOUNT" }, opts);
}

/** Defaults of the account and Region that nobody should have to remember. All are free of charge. */
export function createAccountSettings(name: string, opts: pulumi.CustomResourceOptions): void {
  new aws.ebs.EncryptionByDefault(`${name}-ebs-encryption`, { enabled: true }, opts);
  new aws.ebs.SnapshotBlockPublicAccess(`${name}-snapshots`, { state: "block-all-sharing" }, opts);
  new aws.ec2.ImageBlockPublicAccess(`${name}-images`, { state: "block-new-sharing" }, opts);
  new aws.ec2.InstanceMetadataDefaults(`${name}-imds`, { httpTokens: "required", httpPutResponseHopLimit: 1 }, opts);
  new aws.ec2.SerialConsoleAccess(`${name}-serial-console`, { enabled: false }, opts);
  new aws.s3.AccountPublicAccessBlock(
    `${name}-s3-public-access`,
    { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
    opts,
  );
}
