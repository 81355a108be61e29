/** A policy run as SARIF 2.1.0, which code hosts show beside the change. */
import type { PolicyReport, PolicyViolation } from "./run";

/** SARIF's numeric severity by ours; code hosts sort by it. */
const securitySeverity = { critical: "9.5", high: "8.0", medium: "5.5", low: "2.0" } as const;

const levelOf = ({ enforcement, severity }: PolicyViolation): "error" | "warning" | "note" =>
  enforcement === "mandatory" ? "error" : severity === "low" ? "note" : "warning";

/** The report as SARIF; `stackFile` is the file that a code host hangs the results on. */
export function toSarif(report: PolicyReport, stackFile: string) {
  const waived = new Set(report.waived);
  return {
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "trading-platform-policies",
            rules: report.policies.map((policy) => ({
              id: policy.name,
              shortDescription: { text: policy.description },
              help: { text: policy.fix },
              helpUri: policy.url,
              defaultConfiguration: { level: policy.enforcement === "mandatory" ? "error" : "warning" },
              properties: { "security-severity": securitySeverity[policy.severity], tags: [...policy.tags] },
            })),
          },
        },
        results: report.violations.map((one) => ({
          ruleId: one.policy,
          ruleIndex: report.policies.findIndex(({ name }) => name === one.policy),
          level: levelOf(one),
          message: { text: one.message },
          locations: [
            {
              physicalLocation: { artifactLocation: { uri: stackFile }, region: { startLine: 1 } },
              logicalLocations: [{ fullyQualifiedName: one.urn, kind: "resource" }],
            },
          ],
          partialFingerprints: { "policyAndResource/v1": `${one.policy} ${one.urn}` },
          ...(waived.has(one) ? { suppressions: [{ kind: "external", justification: one.message }] } : {}),
        })),
      },
    ],
  };
}
