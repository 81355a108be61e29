/** Turns this pack's policies into those that `@pulumi/policy` serves: levels, waivers, messages, errors. */
import {
  UnknownValueError,
  type PolicyComplianceFramework,
  type PolicyConfigSchema,
  type ReportViolation,
  type ResourceValidationArgs,
  type ResourceValidationPolicy,
  type StackValidationArgs,
  type StackValidationPolicy,
} from "@pulumi/policy";
import type { Level, Policy, Remedy, ResourceAt, ResourceRule, RuleContext } from "./policy";
import type { Session } from "./session";
import { stackView } from "./stack-view";
import { isExpired } from "./waivers";

/** How the message of a waived violation begins; the planner tells waived violations by it. */
export const waivedPrefix = "Waived";

/** `reportViolation` also takes an object, which its declaration does not show; a test through the server holds that. */
type ReportObject = (violation: { message: string; urn: string; enforcementLevel: "mandatory" | "advisory" }) => void;

interface Subject {
  readonly urn: string;
  readonly name: string;
}

/** Reports one violation at its level here, or as advisory where a waiver covers it. */
function reporter(policy: Policy, session: Session, level: Level, reportViolation: ReportViolation) {
  return (fact: string, subject: Subject | undefined, advisory: boolean) => {
    const send = reportViolation as unknown as ReportObject;
    const enforcementLevel = advisory || level !== "mandatory" ? "advisory" : "mandatory";
    const about = subject ? `${subject.name}: ` : "";
    const message = `${about}${fact}. ${policy.fix}`;
    const urn = subject?.urn ?? "";
    const today = session.today();
    const waiver = session.waivers.find(policy.name, subject ?? { urn: "", name: session.stack }, today);
    if (!waiver) send({ message, urn, enforcementLevel });
    else if (isExpired(waiver, today)) {
      send({ message: `${message} (${waiver.owner}'s waiver expired on ${waiver.expires})`, urn, enforcementLevel });
    } else {
      const why = `${waivedPrefix} until ${waiver.expires} by ${waiver.owner}, because ${waiver.reason}`;
      send({ message: `${why}: ${about}${fact}.`, urn, enforcementLevel: "advisory" });
    }
  };
}

/** What an error that is not "unknown" says: a rule that breaks has not shown that the resource is fine. */
function failure(error: unknown): string {
  return `could not be checked, which counts as a violation (${error instanceof Error ? error.message : String(error)})`;
}

function contextOf(policy: Policy, session: Session): RuleContext {
  return {
    stage: session.stage,
    project: session.project,
    stack: session.stack,
    settings: session.settings,
    config: session.configOf(policy.name),
    isPublicEntry: (resource) => session.isPublicEntry(resource),
    section: (key) => session.section(key),
    today: session.today(),
    reviewWaivers: () => session.reviewWaivers(),
  };
}

function resourceAt(policy: Policy, session: Session, args: ResourceValidationArgs): ResourceAt {
  const { urn, type, name, opts } = args;
  return { ...contextOf(policy, session), urn, type, name, protect: opts.protect, ignoreChanges: opts.ignoreChanges };
}

/** Lets the server skip a policy by type before it decodes a resource for it. */
function markType<F extends object>(validate: F, types: readonly string[]): F {
  return types.length === 1 ? Object.assign(validate, { __pulumiType: types[0] }) : validate;
}

function resourceValidation(policy: Policy, session: Session, rules: readonly ResourceRule[]) {
  const byType = new Map<string, ResourceRule[]>();
  for (const rule of rules) byType.set(rule.type, [...(byType.get(rule.type) ?? []), rule]);
  const validate = (args: ResourceValidationArgs, reportViolation: ReportViolation): void => {
    const own = byType.get(args.type);
    if (!own) return;
    const level = session.levelOf(policy);
    if (level === "disabled") return;
    const send = reporter(policy, session, level, reportViolation);
    const at = resourceAt(policy, session, args);
    for (const rule of own) {
      try {
        rule.check(args.props as never, (fact, options) => send(fact, at, options?.advisory ?? false), at);
      } catch (error) {
        if (error instanceof UnknownValueError) throw error;
        send(failure(error), at, false);
      }
    }
  };
  return markType(validate, [...byType.keys()]);
}

/**
 * Mends what a policy can mend by itself. Opt-in: it runs only where the policy's configured level is `remediate`; and never
 * in production, where a change of encryption replaces what holds the data.
 */
function remediation(policy: Policy, session: Session, remedies: readonly Remedy[]) {
  return (args: ResourceValidationArgs): Record<string, unknown> | undefined => {
    if (session.stage === "prod") return undefined;
    const at = resourceAt(policy, session, args);
    const patches = remedies.filter(({ type }) => type === args.type).map(({ mend }) => mend(args.props, at));
    if (patches.every((patch) => patch === undefined)) return undefined;
    // Written into the given inputs, which keep secrets secret.
    return Object.assign(args.props, ...patches) as Record<string, unknown>;
  };
}

function stackValidation(policy: Policy, session: Session, rule: NonNullable<Policy["stackRule"]>) {
  return (args: StackValidationArgs, reportViolation: ReportViolation): void => {
    const level = session.levelOf(policy);
    if (level === "disabled") return;
    const send = reporter(policy, session, level, reportViolation);
    try {
      rule(
        stackView(args.resources),
        (fact, resource, options) => send(fact, resource, options?.advisory ?? false),
        contextOf(policy, session),
      );
    } catch (error) {
      if (error instanceof UnknownValueError) throw error;
      send(failure(error), undefined, false);
    }
  };
}

/** Configuration that every policy takes beside its own. */
const waiverSchema = {
  type: "array",
  description: "Violations that are let stand: where, why, by whom and until when.",
  items: {
    type: "object",
    properties: {
      resource: { type: "string", minLength: 1, description: "Logical name or URN; * stands for any characters." },
      reason: { type: "string", minLength: 1 },
      owner: { type: "string", minLength: 1 },
      expires: { type: "string", pattern: "^\\d{4}-\\d{2}-\\d{2}$", description: "Last day on which it holds." },
    },
    required: ["resource", "reason", "owner", "expires"],
    additionalProperties: false,
  },
};

function framework(policy: Policy): PolicyComplianceFramework | undefined {
  const [first, ...others] = policy.frameworks ?? [];
  if (!first) return undefined;
  return {
    name: first.name,
    version: first.version,
    reference: first.reference,
    specification: others.map((other) => `${other.name} ${other.version} ${other.reference}`).join("; "),
  };
}

/** One of this pack's policies as `@pulumi/policy` serves it. */
export function toPulumiPolicy(policy: Policy, session: Session): ResourceValidationPolicy | StackValidationPolicy {
  const { name, description, severity, level, fix, url } = policy;
  return {
    name,
    description,
    severity,
    enforcementLevel: level,
    remediationSteps: fix,
    url,
    tags: (policy.frameworks ?? []).map((one) => `${one.name} ${one.reference}`),
    framework: framework(policy),
    configSchema: { properties: { waivers: waiverSchema, ...policy.config } } as unknown as PolicyConfigSchema,
    ...(policy.rules ? { validateResource: resourceValidation(policy, session, policy.rules) } : {}),
    ...(policy.remedies ? { remediateResource: remediation(policy, session, policy.remedies) } : {}),
    ...(policy.stackRule ? { validateStack: stackValidation(policy, session, policy.stackRule) } : {}),
  };
}

function defaultsOf({ config = {} }: Policy): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, schema]) => ("default" in schema ? [[key, schema.default]] : [])),
  );
}

export function toPulumiPolicies(policies: readonly Policy[], session: Session) {
  session.policyNames = new Set(policies.map(({ name }) => name));
  session.policyDefaults = new Map(policies.map((policy) => [policy.name, defaultsOf(policy)]));
  return policies.map((policy) => toPulumiPolicy(policy, session));
}
