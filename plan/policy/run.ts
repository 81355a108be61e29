/** Runs the policy pack over recorded resources, through the same server and calls as Pulumi's engine. */
import * as analyzerProto from "@pulumi/pulumi/proto/analyzer_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import type { RecordedResource } from "../evaluate/monitor";
import { PolicyRunError, PolicyServer } from "./server";
import { toRequests } from "./wire";

export { PolicyRunError, PolicyServer } from "./server";

export type Enforcement = "mandatory" | "advisory";
export type PolicySeverity = "low" | "medium" | "high" | "critical";

export interface PolicyViolation {
  readonly policy: string;
  readonly enforcement: Enforcement;
  readonly severity: PolicySeverity;
  /** URN of the resource; empty for a violation of the stack as a whole. */
  readonly urn: string;
  readonly message: string;
}

/** A policy as the pack describes it, for reports. */
export interface PolicyDescription {
  readonly name: string;
  readonly description: string;
  readonly enforcement: Enforcement;
  readonly severity: PolicySeverity;
  readonly fix: string;
  readonly url: string;
  readonly tags: readonly string[];
}

export interface PolicyReport {
  /** Mandatory first, then by severity, policy, URN and message; the waived ones among them as advisory. */
  readonly violations: readonly PolicyViolation[];
  /** Those of `violations` that a waiver lets stand. */
  readonly waived: readonly PolicyViolation[];
  /** Number of policies that were run. */
  readonly evaluated: number;
  readonly policies: readonly PolicyDescription[];
}

export interface PolicyOptions {
  readonly project: string;
  readonly stack: string;
  /** Only where the stage is not in `config`. */
  readonly stage?: string;
  readonly organization?: string;
  /** The stack's configuration as the engine hands it over: namespaced keys, JSON text for objects. */
  readonly config: Readonly<Record<string, string>>;
  /** Like the file of `--policy-pack-config`: a level, or an object with `enforcementLevel` and settings, by policy. */
  readonly policyConfig?: Readonly<Record<string, string | Readonly<Record<string, unknown>>>>;
  /** A pack that was started ahead, so that it comes up while the program runs; it is left open. */
  readonly server?: PolicyServer | Promise<PolicyServer>;
  /** Called with the number of resources looked at so far, for progress. */
  readonly onProgress?: (count: number) => void;
}

/** Requests under way at once: enough to keep the server busy, few enough to stay small. */
const concurrency = 16;

const severities: readonly (PolicySeverity | undefined)[] = [undefined, "low", "medium", "high", "critical"];
const enforcements = ["advisory", "mandatory", "disabled", "remediate"] as const;
const { ADVISORY, MANDATORY, DISABLED, REMEDIATE } = analyzerProto.EnforcementLevel;
const levelNumbers = [ADVISORY, MANDATORY, DISABLED, REMEDIATE];

/** The mark of a waived violation's message; `policy/frame/glue.ts` writes it. */
const waivedMark = /^Waived until \d{4}-\d{2}-\d{2} by /;

function stackRequest(options: PolicyOptions): analyzerProto.AnalyzerStackConfigureRequest {
  const request = new analyzerProto.AnalyzerStackConfigureRequest();
  request.setProject(options.project);
  request.setStack(options.stack);
  request.setOrganization(options.organization ?? "organization");
  request.setDryRun(true);
  for (const [key, value] of Object.entries(options.config)) request.getConfigMap().set(key, value);
  if (options.stage) request.getConfigMap().set(`${options.project}:stage`, options.stage);
  return request;
}

/** Every policy's level and settings, as the engine reconciles them from the pack's defaults and a configuration file. */
function policyRequest(
  info: analyzerProto.AnalyzerInfo,
  given: NonNullable<PolicyOptions["policyConfig"]>,
): analyzerProto.ConfigureAnalyzerRequest {
  const names = new Set(info.getPoliciesList().map((policy) => policy.getName()));
  const strange = Object.keys(given).find((name) => name !== "all" && !names.has(name));
  if (strange) throw new PolicyRunError(`The policy configuration names ${strange}, which is not a policy`);
  const request = new analyzerProto.ConfigureAnalyzerRequest();
  for (const policy of info.getPoliciesList()) {
    const entry = given[policy.getName()] ?? given.all;
    const { enforcementLevel, ...properties } = typeof entry === "string" ? { enforcementLevel: entry } : (entry ?? {});
    const level = enforcements.findIndex((one) => one === enforcementLevel);
    if (enforcementLevel !== undefined && level < 0) {
      throw new PolicyRunError(
        `The policy configuration gives ${policy.getName()} the level ${JSON.stringify(enforcementLevel)}; it is one of ${enforcements.join(", ")}`,
      );
    }
    const config = new analyzerProto.PolicyConfig();
    config.setEnforcementlevel(level < 0 ? policy.getEnforcementlevel() : (levelNumbers[level] ?? MANDATORY));
    config.setProperties(Struct.fromJavaScript(properties as Record<string, JavaScriptValue>));
    request.getPolicyconfigMap().set(policy.getName(), config);
  }
  return request;
}

function violation(diagnostic: analyzerProto.AnalyzeDiagnostic, urn: string): PolicyViolation {
  return {
    policy: diagnostic.getPolicyname(),
    enforcement: diagnostic.getEnforcementlevel() === ADVISORY ? "advisory" : "mandatory",
    severity: severities[diagnostic.getSeverity()] ?? "medium",
    urn: diagnostic.getUrn() || urn,
    message: diagnostic.getMessage(),
  };
}

function describe(policy: analyzerProto.PolicyInfo): PolicyDescription {
  return {
    name: policy.getName(),
    description: policy.getDescription(),
    enforcement: policy.getEnforcementlevel() === ADVISORY ? "advisory" : "mandatory",
    severity: severities[policy.getSeverity()] ?? "medium",
    fix: policy.getRemediationSteps(),
    url: policy.getUrl(),
    tags: policy.getTagsList(),
  };
}

const rank = (one: PolicyViolation) => (one.enforcement === "mandatory" ? 0 : 10) - severities.indexOf(one.severity);

/** The same order for the same violations, whatever order they came in. */
function compare(a: PolicyViolation, b: PolicyViolation): number {
  const keys = (one: PolicyViolation) => [one.policy, one.urn, one.message];
  const [left, right] = [keys(a).join("\0"), keys(b).join("\0")];
  return rank(a) - rank(b) || (left < right ? -1 : left > right ? 1 : 0);
}

async function analyzeAll(
  server: PolicyServer,
  resources: readonly RecordedResource[],
  onProgress: PolicyOptions["onProgress"],
): Promise<PolicyViolation[]> {
  const found: PolicyViolation[] = [];
  const whole = new analyzerProto.AnalyzeStackRequest();
  let next = 0;
  let done = 0;
  const work = async () => {
    for (let resource = resources[next++]; resource; resource = resources[next++]) {
      const { urn } = resource;
      const { request, stackResource } = toRequests(resource);
      whole.addResources(stackResource);
      const response = await server.analyze(request);
      for (const diagnostic of response.getDiagnosticsList()) found.push(violation(diagnostic, urn));
      onProgress?.(++done);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  const response = await server.analyzeStack(whole);
  for (const diagnostic of response.getDiagnosticsList()) found.push(violation(diagnostic, ""));
  return found;
}

/**
 * Runs every policy over the resources.
 * @throws PolicyRunError where the pack does not start or fails: never a pass.
 */
export async function runPolicies(
  resources: readonly RecordedResource[],
  options: PolicyOptions,
): Promise<PolicyReport> {
  const server = await (options.server ?? PolicyServer.start());
  try {
    await server.configureStack(stackRequest(options));
    const info = await server.info();
    await server.configure(policyRequest(info, options.policyConfig ?? {}));
    const violations = (await analyzeAll(server, resources, options.onProgress)).sort(compare);
    const policies = info.getPoliciesList().map(describe);
    return {
      violations,
      waived: violations.filter(({ message }) => waivedMark.test(message)),
      evaluated: policies.length,
      policies,
    };
  } finally {
    if (!options.server) await server.close();
  }
}
