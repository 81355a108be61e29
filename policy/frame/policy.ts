/** What a policy of this pack is: plain data and pure functions. `glue.ts` turns it into what `@pulumi/policy` serves. */
import type { Unwrap } from "@pulumi/pulumi";
import type { Stage } from "../../config/section";
import type { RefusedWaiver, Waiver } from "./waivers";

export interface WaiverReview {
  readonly refused: readonly RefusedWaiver[];
  readonly expired: readonly Waiver[];
  readonly unused: readonly Waiver[];
  /** Waivers for a policy that this pack does not have. */
  readonly strange: readonly Waiver[];
}

export type Severity = "low" | "medium" | "high" | "critical";
export type Level = "mandatory" | "advisory" | "disabled";

/** A control of a published framework that the policy implements; only those that say the same thing. */
export interface Framework {
  readonly name: "CIS AWS Foundations" | "AWS FSBP" | "PCI DSS" | "SEC 17a-4";
  readonly version: string;
  /** Number of the control, such as `EC2.9`. */
  readonly reference: string;
}

/** What a rule knows besides the resource. */
export interface RuleContext {
  readonly stage: Stage;
  readonly project: string;
  readonly stack: string;
  /** True for a resource that the stack declares as an entry from the internet (`policies.publicEntries`). */
  readonly isPublicEntry: (resource: { readonly urn: string; readonly name: string }) => boolean;
  /** The policy's own configuration. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The stack's `policies` section as it was read. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Another section of the stack's configuration, as it is written: without defaults. */
  readonly section: (key: string) => Readonly<Record<string, unknown>> | undefined;
  /** Today, `2026-11-21`. */
  readonly today: string;
  /** What is wrong with the waivers themselves; complete once every other policy has run. */
  readonly reviewWaivers: () => WaiverReview;
}

/** Says what is wrong, as a clause that follows the resource's name: `storage is not encrypted`. */
export type Report = (fact: string, options?: { readonly advisory?: boolean }) => void;

export interface ResourceAt extends RuleContext {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly protect: boolean;
  readonly ignoreChanges: readonly string[];
}

/** A rule about one resource's inputs. Reading an unknown value ends it: the engine then says "cannot be known yet". */
export interface ResourceRule {
  readonly type: string;
  readonly check: (props: never, report: Report, at: ResourceAt) => void;
}

/**
 * A rule for resources of a type. `Args` is the inputs' type of `@pulumi/aws`, imported as a type only: the pack never
 * loads the provider's SDK.
 */
export function on<Args>(
  type: string | readonly string[],
  check: (props: Unwrap<Args>, report: Report, at: ResourceAt) => void,
): ResourceRule[] {
  const types = typeof type === "string" ? [type] : type;
  return types.map((one) => ({ type: one, check: check }));
}

/** A resource as a stack rule sees it: at the end of a preview or an update, with its links. */
export interface StackResource<Props = Record<string, unknown>> {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly props: Props;
  readonly protect: boolean;
  readonly parent: StackResource | undefined;
  readonly dependencies: readonly StackResource[];
  readonly propertyDependencies: Readonly<Record<string, readonly StackResource[]>>;
}

/** A stack's resources, indexed once, so that every stack rule stays linear. */
export interface StackView {
  readonly resources: readonly StackResource[];
  ofType<Args = Record<string, unknown>>(...types: readonly string[]): readonly StackResource<Unwrap<Args>>[];
  /** Resources of a type whose property was made from an output of `target`, such as the bucket of a bucket policy. */
  referrers<Args = Record<string, unknown>>(
    target: StackResource<unknown>,
    type: string | readonly string[],
    property?: string,
  ): readonly StackResource<Unwrap<Args>>[];
}

export type StackReport = (
  fact: string,
  resource?: Pick<StackResource<unknown>, "urn" | "name">,
  options?: { readonly advisory?: boolean },
) => void;

export type StackRule = (stack: StackView, report: StackReport, context: RuleContext) => void;

/** Says which inputs of a resource are to change so that it passes: only those, or undefined where none is. */
export interface Remedy {
  readonly type: string;
  readonly mend: (props: Record<string, unknown>, at: ResourceAt) => Record<string, unknown> | undefined;
}

export interface Policy {
  readonly name: string;
  /** What must hold, in one sentence. */
  readonly description: string;
  readonly severity: Severity;
  /** Enforcement in production; `policy/config/<stage>.json` eases it for other stages. */
  readonly level: "mandatory" | "advisory";
  /** How to mend a violation. */
  readonly fix: string;
  /** The provider's or AWS's own page about the fact. */
  readonly url: string;
  readonly frameworks?: readonly Framework[];
  /** Checks of checkov that look at the same fact; measured by `npm run checkov`. */
  readonly checkov?: readonly string[];
  readonly rules?: readonly ResourceRule[];
  readonly stackRule?: StackRule;
  readonly remedies?: readonly Remedy[];
  /** Settings of the policy beside its level and waivers, as JSON Schema properties. */
  readonly config?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface Family {
  readonly key: string;
  readonly title: string;
  readonly policies: readonly Policy[];
}

export const cis = (reference: string): Framework => ({ name: "CIS AWS Foundations", version: "3.0.0", reference });
export const fsbp = (reference: string): Framework => ({ name: "AWS FSBP", version: "1.0.0", reference });
export const pci = (reference: string): Framework => ({ name: "PCI DSS", version: "4.0.1", reference });

/** Page of a resource in the provider's reference: `rds/instance`. */
export const reference = (resource: string): string =>
  `https://www.pulumi.com/registry/packages/aws/api-docs/${resource.toLowerCase()}/`;

/** Names of checkov's checks from their numbers: `3` is `CKV_AWS_3`, `"2:12"` is `CKV2_AWS_12`. */
export const checkov = (...numbers: readonly (number | `2:${number}`)[]): string[] =>
  numbers.map((number) => (typeof number === "number" ? `CKV_AWS_${number}` : `CKV2_AWS_${number.slice(2)}`));
