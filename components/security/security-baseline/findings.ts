import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** Where findings go. */
export type FindingTopics = Readonly<Record<"critical" | "warning", pulumi.Input<string>>>;

/** One kind of finding, as an EventBridge pattern, and who hears of it. */
export interface FindingRoute {
  readonly name: string;
  readonly description: string;
  readonly topic: keyof FindingTopics;
  readonly pattern: Readonly<Record<string, unknown>>;
}

/** GuardDuty's severities: high from 7, medium from 4 (GuardDuty user guide, "Severity levels"). */
const guardDuty = (range: unknown[]) => ({
  source: ["aws.guardduty"],
  "detail-type": ["GuardDuty Finding"],
  detail: { severity: [{ numeric: range }] },
});

const securityHub = (labels: string[]) => ({
  source: ["aws.securityhub"],
  "detail-type": ["Security Hub Findings - Imported"],
  detail: { findings: { Severity: { Label: labels }, Workflow: { Status: ["NEW"] }, RecordState: ["ACTIVE"] } },
});

/** Findings by severity: what must wake somebody, and what is read in working hours. */
export const findingRoutes: readonly FindingRoute[] = [
  {
    name: "guardduty-high",
    description: "GuardDuty: high and critical findings",
    topic: "critical",
    pattern: guardDuty([">=", 7]),
  },
  {
    name: "guardduty-medium",
    description: "GuardDuty: medium findings",
    topic: "warning",
    pattern: guardDuty([">=", 4, "<", 7]),
  },
  {
    name: "hub-critical",
    description: "Security Hub: new critical findings",
    topic: "critical",
    pattern: securityHub(["CRITICAL"]),
  },
  {
    name: "hub-high",
    description: "Security Hub: new high findings",
    topic: "warning",
    pattern: securityHub(["HIGH"]),
  },
  {
    name: "public-access",
    description: "Access Analyzer: something became reachable from outside the account",
    topic: "critical",
    pattern: {
      source: ["aws.access-analyzer"],
      "detail-type": ["Access Analyzer Finding"],
      detail: { status: ["ACTIVE"], isPublic: [true] },
    },
  },
  {
    name: "not-compliant",
    description: "AWS Config: a resource broke a baseline rule",
    topic: "warning",
    pattern: {
      source: ["aws.config"],
      "detail-type": ["Config Rules Compliance Change"],
      detail: { newEvaluationResult: { complianceType: ["NON_COMPLIANT"] } },
    },
  },
  {
    name: "trail-touched",
    description: "Somebody stopped, changed or deleted a trail",
    topic: "critical",
    pattern: {
      source: ["aws.cloudtrail"],
      "detail-type": ["AWS API Call via CloudTrail"],
      detail: { eventName: ["StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors"] },
    },
  },
];

/** An EventBridge rule and target for each route. */
export function routeFindings(name: string, topics: FindingTopics, opts: pulumi.CustomResourceOptions): void {
  for (const route of findingRoutes) {
    const rule = new aws.cloudwatch.EventRule(
      `${name}-${route.name}`,
      { description: route.description, eventPattern: JSON.stringify(route.pattern) },
      opts,
    );
    new aws.cloudwatch.EventTarget(`${name}-${route.name}`, { rule: rule.name, arn: topics[route.topic] }, opts);
  }
}
