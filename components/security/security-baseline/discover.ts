import { awsClients } from "../../common/aws-clients";
import {
  decideSingletons,
  singletons,
  type Decision,
  type Existing,
  type Ownership,
  type Singleton,
} from "./singletons";

/** Answers of a service that is not switched on in an account, which is an answer too. */
const notEnabled = new Set(["InvalidAccessException", "ResourceNotFoundException"]);

async function unlessDisabled<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Error && notEnabled.has(error.name)) return undefined;
    throw error;
  }
}

/**
 * Looks up what the account and Region hold already. Read-only; any error but "not switched on" stops the deployment, as a
 * guess could put a second recorder into an account.
 */
async function discoverSingletons(access: AwsAccess): Promise<Existing> {
  const guardduty = awsClients.guardDuty();
  const config = awsClients.configService();
  const hub = awsClients.securityHub();
  const analyzer = awsClients.accessAnalyzer();
  const [detectors, recorders, securityHub, analyzers] = await Promise.all([
    new guardduty.GuardDutyClient(access).send(new guardduty.ListDetectorsCommand({})),
    new config.ConfigServiceClient(access).send(new config.DescribeConfigurationRecordersCommand({})),
    unlessDisabled(new hub.SecurityHubClient(access).send(new hub.DescribeHubCommand({}))),
    new analyzer.AccessAnalyzerClient(access).send(new analyzer.ListAnalyzersCommand({ type: "ACCOUNT" })),
  ]);
  return {
    detector: detectors.DetectorIds?.[0],
    recorder: recorders.ConfigurationRecorders?.[0]?.name,
    securityHub: securityHub?.HubArn,
    accessAnalyzer: analyzers.analyzers?.[0]?.arn,
  };
}

/** How AWS's own clients reach the account. */
export interface AwsAccess {
  readonly region: string;
  readonly profile?: string | undefined;
}

/** Name of the parameter in which a stack says, before it makes any, which singletons are its own. */
export function claimName(project: string, stack: string): string {
  return `/${project}/${stack}/security/owned`;
}

/**
 * The singletons that a stack has claimed. Its outputs do not tell after a deployment that ended in the middle: the program
 * has not come to them, while the detector may be there.
 */
async function readClaim(access: AwsAccess, name: string): Promise<string[]> {
  const ssm = awsClients.ssm();
  try {
    const { Parameter } = await new ssm.SSMClient(access).send(new ssm.GetParameterCommand({ Name: name }));
    return (Parameter?.Value ?? "").split(",");
  } catch (error) {
    if (error instanceof Error && error.name === "ParameterNotFound") return [];
    throw error;
  }
}

/** What a stack has to say for the decision. */
export interface ResolveArgs {
  readonly access: AwsAccess;
  readonly wanted: Readonly<Record<Singleton, Ownership>>;
  /** Outputs of the stack's last deployment; `security.owned` names what it created. */
  readonly previous: Readonly<Record<string, unknown>>;
  /** Name of the stack's claim; see `claimName`. */
  readonly claim: string;
  /** Ask nothing: a plan without an account takes it as empty. */
  readonly offline: boolean;
}

/** Decides each singleton by what the account holds at this moment. */
export async function resolveSingletons(args: ResolveArgs): Promise<Record<Singleton, Decision>> {
  const asks = !args.offline && singletons.some((one) => args.wanted[one] !== "skip");
  const existing = asks ? await discoverSingletons(args.access) : {};
  const { owned } = (args.previous.security ?? {}) as { owned?: unknown };
  const claimed = asks ? await readClaim(args.access, args.claim) : [];
  const wanted = args.offline ? withoutAdoption(args.wanted) : args.wanted;
  const decisions = decideSingletons(wanted, existing, [
    ...(Array.isArray(owned) ? owned.map(String) : []),
    ...claimed,
  ]);
  return args.offline ? { ...decisions, ...adopted(args.wanted) } : decisions;
}

/** Offline nothing can be found to adopt, so what is to be adopted is taken at its word. */
function adopted(wanted: Readonly<Record<Singleton, Ownership>>): Partial<Record<Singleton, Decision>> {
  return Object.fromEntries(singletons.filter((one) => wanted[one] === "adopt").map((one) => [one, "adopt"]));
}

function withoutAdoption(wanted: Readonly<Record<Singleton, Ownership>>): Record<Singleton, Ownership> {
  return {
    ...wanted,
    ...Object.fromEntries(singletons.filter((one) => wanted[one] === "adopt").map((one) => [one, "skip"])),
  };
}
