/** Runs one policy as the pack's server does, without the network: real decoding, proxies, unknowns and error handling. */
import * as analyzerProto from "@pulumi/pulumi/proto/analyzer_pb";
import { specialSecretSig, specialSigKey, unknownValue } from "@pulumi/pulumi/runtime/rpc";
import { toRequests } from "../../../plan/policy/wire";
import type { RecordedResource } from "../../../plan/evaluate/monitor";
import { families } from "../../../policy/families";
import { toPulumiPolicy } from "../../../policy/frame/glue";
import type { Policy } from "../../../policy/frame/policy";
import { Session } from "../../../policy/frame/session";

/* eslint-disable-next-line @typescript-eslint/no-require-imports -- the server's handlers have no declarations */
const { makeAnalyzeRpcFun, makeAnalyzeStackRpcFun, makeRemediateRpcFun } = require("@pulumi/policy/server") as Record<
  "makeAnalyzeRpcFun" | "makeAnalyzeStackRpcFun" | "makeRemediateRpcFun",
  (pack: string, version: string, level: string, policies: readonly unknown[]) => unknown
>;

/** A value that is not known before the update, as the engine sends it. */
export const unknown = unknownValue as never;

/** A secret, as the engine sends it. */
export const secret = <T>(value: T): T => ({ [specialSigKey]: specialSecretSig, value }) as T;

export type Stage = "dev" | "qa" | "prod";

/** What a test says of the stack beside its resources. */
export interface Around {
  readonly stage?: Stage;
  /** The stack's `policies` section. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The policy's own configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Other sections of the stack's configuration. */
  readonly sections?: Readonly<Record<string, unknown>>;
  readonly today?: string;
}

/** A resource of a test's stack; `refs` says from which other resources, by name, its properties are made. */
export interface Given {
  readonly type: string;
  readonly name?: string;
  readonly props?: Readonly<Record<string, unknown>>;
  readonly refs?: Readonly<Record<string, string | readonly string[]>>;
  readonly parent?: string;
  readonly protect?: boolean;
  /** Type of the component above it, as it stands in the URN. */
  readonly under?: string;
}

export interface Found {
  readonly enforcement: "mandatory" | "advisory";
  readonly message: string;
  readonly urn: string;
}

const all = new Map(families.flatMap(({ policies }) => policies).map((policy) => [policy.name, policy]));

/** The policy of a name; throws where there is none. */
export function policyNamed(name: string): Policy {
  const policy = all.get(name);
  if (!policy) throw new Error(`There is no policy ${name}`);
  return policy;
}

const urnOf = ({ type, name = "it", under }: Given) =>
  `urn:pulumi:test::trading-platform::${under ? `${under}$` : ""}${type}::${name}`;

function recorded(given: Given, urns: ReadonlyMap<string, string>): RecordedResource {
  const { type, name = "it" } = given;
  const find = (one: string) => {
    const urn = urns.get(one);
    if (!urn) throw new Error(`The test's stack has no resource ${one}`);
    return urn;
  };
  const refs = Object.entries(given.refs ?? {}).map(([property, names]): [string, string[]] => [
    property,
    (typeof names === "string" ? [names] : names).map(find),
  ]);
  return {
    urn: urnOf(given),
    type,
    name,
    parent: given.parent ? find(given.parent) : null,
    custom: true,
    remote: false,
    protect: given.protect ?? false,
    retainOnDelete: false,
    inputs: given.props ?? {},
    dependencies: [...new Set(refs.flatMap(([, targets]) => targets))],
    propertyDependencies: Object.fromEntries(refs),
    provider: "",
  };
}

export function sessionFor(around: Around, policy?: Policy): Session {
  const session = new Session(() => around.today ?? "2026-11-21");
  session.policyNames = new Set(all.keys());
  session.useStack({
    project: "trading-platform",
    stack: "test",
    config: {
      "trading-platform:stage": around.stage ?? "prod",
      ...Object.fromEntries(
        Object.entries(around.sections ?? {}).map(([key, value]) => [`trading-platform:${key}`, JSON.stringify(value)]),
      ),
      ...(around.settings ? { "trading-platform:policies": JSON.stringify(around.settings) } : {}),
    },
  });
  if (policy && around.config) {
    session.usePolicies(new Map([[policy.name, { level: policy.level, properties: around.config }]]));
  }
  return session;
}

type Rpc = (call: { request: unknown }, done: (error: Error | null | undefined, response: unknown) => void) => unknown;

function call<Response>(rpc: unknown, request: unknown): Promise<Response> {
  return new Promise((resolve, reject) => {
    void (rpc as Rpc)({ request }, (error, response) => {
      if (error) reject(error);
      else resolve(response as Response);
    });
  });
}

function findings(response: analyzerProto.AnalyzeResponse): Found[] {
  return response.getDiagnosticsList().map((diagnostic) => ({
    enforcement:
      diagnostic.getEnforcementlevel() === analyzerProto.EnforcementLevel.ADVISORY ? "advisory" : "mandatory",
    message: diagnostic.getMessage(),
    urn: diagnostic.getUrn(),
  }));
}

/** What a policy finds in one resource. */
export async function analyze(policy: Policy | string, given: Given, around: Around = {}): Promise<Found[]> {
  const one = typeof policy === "string" ? policyNamed(policy) : policy;
  const served = [toPulumiPolicy(one, sessionFor(around, one))];
  const { request } = toRequests(recorded(given, new Map()));
  return findings(await call(makeAnalyzeRpcFun("test", "1.0.0", "mandatory", served), request));
}

/** What a policy finds in a whole stack: in each resource, and in the stack. */
export async function analyzeStack(
  policy: Policy | string,
  given: readonly Given[],
  around: Around = {},
): Promise<Found[]> {
  const urns = new Map(given.map((one) => [one.name ?? "it", urnOf(one)]));
  return analyzeRecorded(
    policy,
    given.map((resource) => recorded(resource, urns)),
    around,
  );
}

/** What a policy finds in a stack as it was evaluated. */
export async function analyzeRecorded(
  policy: Policy | string,
  resources: readonly RecordedResource[],
  around: Around = {},
): Promise<Found[]> {
  const one = typeof policy === "string" ? policyNamed(policy) : policy;
  const served = [toPulumiPolicy(one, sessionFor(around, one))];
  const requests = resources.map(toRequests);
  const analyzeOne = makeAnalyzeRpcFun("test", "1.0.0", "mandatory", served);
  const found: Found[] = [];
  for (const { request } of requests) found.push(...findings(await call(analyzeOne, request)));
  const whole = new analyzerProto.AnalyzeStackRequest();
  whole.setResourcesList(requests.map(({ stackResource }) => stackResource));
  found.push(...findings(await call(makeAnalyzeStackRpcFun("test", "1.0.0", "mandatory", served), whole)));
  return found;
}

/** The inputs that a policy's remediation makes of a resource's, or undefined where it changes nothing. */
export async function remediate(
  policy: Policy | string,
  given: Given,
  around: Around = {},
): Promise<Record<string, unknown> | undefined> {
  const one = typeof policy === "string" ? policyNamed(policy) : policy;
  const served = [{ ...toPulumiPolicy(one, sessionFor(around, one)), enforcementLevel: "remediate" }];
  const { request } = toRequests(recorded(given, new Map()));
  const response = await call<analyzerProto.RemediateResponse>(
    makeRemediateRpcFun("test", "1.0.0", "remediate", served),
    request,
  );
  return response.getRemediationsList()[0]?.getProperties()?.toJavaScript();
}
