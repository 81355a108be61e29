/**
 * What the engine tells a pack and `@pulumi/policy` 1.21 keeps to itself: the stack's configuration (`ConfigureStack`) and
 * the level of each policy (`Configure`). Both are read from the requests as they are decoded; nothing is changed in them.
 * An internal surface, so it is kept here, with a test through the real server.
 */
import { AnalyzerService } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import type {
  AnalyzeRequest,
  AnalyzerResource,
  AnalyzerStackConfigureRequest,
  AnalyzeStackRequest,
  ConfigureAnalyzerRequest,
} from "@pulumi/pulumi/proto/analyzer_pb";
import type { Session } from "./session";

interface Method {
  requestDeserialize: (bytes: Buffer) => unknown;
}

function observe(method: string, onRequest: (request: unknown) => void): void {
  const definition = (AnalyzerService as unknown as Record<string, Method | undefined>)[method];
  if (!definition) throw new Error(`The analyzer's protocol has no ${method}`);
  const decode = definition.requestDeserialize;
  definition.requestDeserialize = (bytes) => {
    const request = decode(bytes);
    onRequest(request);
    return request;
  };
}

/** Names of the levels by their number in the analyzer's protocol. */
const levelNames = ["advisory", "mandatory", "disabled", "remediate"] as const;

interface Properties {
  toJavaScript: () => unknown;
}

/** Decodes a resource's properties once: the server asks for them again for each policy. */
function decodeOnce(resource: AnalyzeRequest | AnalyzerResource): void {
  const properties = resource.getProperties() as Properties | undefined;
  if (!properties) return;
  const decode = properties.toJavaScript.bind(properties);
  let decoded: unknown;
  properties.toJavaScript = () => (decoded ??= decode());
}

/** Makes the server's work grow less with the number of policies. */
export function decodeRequestsOnce(): void {
  observe("analyze", (message) => decodeOnce(message as AnalyzeRequest));
  observe("analyzeStack", (message) => {
    for (const resource of (message as AnalyzeStackRequest).getResourcesList()) decodeOnce(resource);
  });
}

/** Lets a session learn of every configuration that the engine sends. Call before the pack starts to serve. */
export function observeEngine(session: Session): void {
  // Engines that start a pack through the older analyzer plugin hand the configuration over in the environment.
  const { PULUMI_CONFIG, PULUMI_PROJECT, PULUMI_STACK } = process.env;
  if (PULUMI_CONFIG && PULUMI_PROJECT) {
    session.useStack({
      project: PULUMI_PROJECT,
      stack: PULUMI_STACK ?? "",
      config: JSON.parse(PULUMI_CONFIG) as Record<string, string>,
    });
  }
  observe("configureStack", (message) => {
    const request = message as AnalyzerStackConfigureRequest;
    const config: Record<string, string> = {};
    request.getConfigMap().forEach((value, key) => (config[key] = value));
    session.useStack({ project: request.getProject(), stack: request.getStack(), config });
  });
  observe("configure", (message) => {
    const request = message as ConfigureAnalyzerRequest;
    const entries = new Map<string, { level: string; properties: Record<string, unknown> }>();
    request.getPolicyconfigMap().forEach((entry, name) => {
      entries.set(name, {
        level: levelNames[entry.getEnforcementlevel()],
        properties: entry.getProperties()?.toJavaScript() ?? {},
      });
    });
    session.usePolicies(entries);
  });
}
