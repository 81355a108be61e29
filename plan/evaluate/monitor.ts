/**
 * The one module that touches Pulumi's internal surfaces: it runs a program with Pulumi's mocks in a store of its own and
 * records each registration with what mock arguments leave out (parent, options, dependencies).
 */
import * as pulumi from "@pulumi/pulumi";
import * as resourceProto from "@pulumi/pulumi/proto/resource_pb";
import * as rpc from "@pulumi/pulumi/runtime/rpc";

/** A resource as the program registered it; inputs are plain values, secrets marked as `SecretValue`. */
export interface RecordedResource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** URN of the parent; null for a child of the stack. */
  readonly parent: string | null;
  readonly custom: boolean;
  readonly remote: boolean;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly dependencies: readonly string[];
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  /** Reference of an explicit provider, `<urn>::<id>`; empty for the default provider. */
  readonly provider: string;
}

export interface LogLine {
  readonly severity: (typeof severities)[number];
  readonly message: string;
}

/** Answers for what a program asks of the engine. */
export interface Answers {
  /** State (inputs and computed outputs) of a resource that was just registered. */
  newResource(args: pulumi.runtime.MockResourceArgs): { id: string | undefined; state: Record<string, unknown> };
  /** Result of a data source; throws where the token is unknown. */
  call(args: pulumi.runtime.MockCallArgs): Record<string, unknown>;
}

/** The few members of Pulumi's monitor, engine and store that no declaration file shows. */
interface Monitor {
  newUrn(parent: string | undefined, type: string, name: string): string;
  registerResource(request: resourceProto.RegisterResourceRequest, callback: Callback): Promise<void>;
}
/** Properties as the engine's protocol carries them. */
type Wire = Record<string, unknown>;
type Callback = (error: unknown, response: unknown) => void;
interface Store {
  readonly settings: { readonly monitor: Monitor; engine: unknown };
  readonly leakCandidates: Set<Promise<unknown>>;
}
interface Debuggable {
  debuggablePromise: <T>(promise: Promise<T>, context?: unknown) => Promise<T>;
}
/* eslint-disable @typescript-eslint/no-require-imports -- internal modules have no declaration files */
const { withLocalStorage, getLocalStore } = require("@pulumi/pulumi/runtime/state") as {
  withLocalStorage: <T>(body: () => T) => T;
  getLocalStore: () => Store;
};
const debuggable = require("@pulumi/pulumi/runtime/debuggable") as Debuggable;
const { waitForRPCs } = require("@pulumi/pulumi/runtime/settings") as { waitForRPCs: () => Promise<void> };
/* eslint-enable */

const stackType = "pulumi:pulumi:Stack";
/** Log severities by their number in Pulumi's engine protocol. */
const severities = ["debug", "info", "warning", "error"] as const;

/** Type of a URN with its parents' types: `trading:network:TradingVpc$aws:ec2/subnet:Subnet`. */
function qualifiedType(urn: string): string {
  return urn.split("::")[2] ?? "";
}

/** A value, and whether it holds a secret. */
interface Unwrapped {
  readonly value: unknown;
  readonly secret: boolean;
}

/** An asset or archive whose fields are plain, where Pulumi's own are promises. */
function assetOffWire(wire: Wire): unknown {
  const { path, uri, text, assets } = wire;
  const archive = wire[rpc.specialSigKey] === rpc.specialArchiveSig;
  if (typeof path === "string") {
    return Object.assign(archive ? new pulumi.asset.FileArchive(path) : new pulumi.asset.FileAsset(path), { path });
  }
  if (typeof uri === "string") {
    return Object.assign(archive ? new pulumi.asset.RemoteArchive(uri) : new pulumi.asset.RemoteAsset(uri), { uri });
  }
  if (typeof text === "string") return Object.assign(new pulumi.asset.StringAsset(text), { text });
  const parts = Object.entries((assets ?? {}) as Wire).map(([name, part]) => [name, assetOffWire(part as Wire)]);
  return Object.assign(new pulumi.asset.AssetArchive({}), { assets: Object.fromEntries(parts) as Wire });
}

/**
 * A value off the wire. A list or object that holds a secret is one, as in what a program sees. A reference to a resource
 * is its id, or its URN where it has none: Pulumi's own reader would make a live resource of it, outside the program.
 */
function unwrap(wire: unknown): Unwrapped {
  if (wire === rpc.unknownValue) return { value: pulumi.unknown, secret: false };
  if (wire === null || typeof wire !== "object") return { value: wire, secret: false };
  if (Array.isArray(wire)) {
    const items = wire.map(unwrap);
    return { value: items.map(({ value }) => value), secret: items.some(({ secret }) => secret) };
  }
  const object = wire as Wire;
  switch (object[rpc.specialSigKey]) {
    case rpc.specialSecretSig:
      return { value: unwrap(object.value).value, secret: true };
    case rpc.specialAssetSig:
    case rpc.specialArchiveSig:
      return { value: assetOffWire(object), secret: false };
    case rpc.specialResourceSig:
      return { value: typeof object.id === "string" && object.id ? object.id : object.urn, secret: false };
  }
  const value: Wire = {};
  let secret = false;
  for (const key of Object.keys(object)) {
    const inner = unwrap(object[key]);
    value[key] = inner.value;
    secret ||= inner.secret;
  }
  return { value, secret };
}

/** Properties off the wire, secrets marked. */
function plainProperties(wire: Wire): Wire {
  const properties: Wire = {};
  for (const [key, inner] of Object.entries(wire)) {
    if (inner === undefined) continue;
    const { value, secret } = unwrap(inner);
    properties[key] = secret ? { [rpc.specialSigKey]: rpc.specialSecretSig, value } : value;
  }
  return properties;
}

function record(request: resourceProto.RegisterResourceRequest, urn: string): RecordedResource {
  const propertyDependencies: Record<string, string[]> = {};
  request.getPropertydependenciesMap().forEach((dependencies, property) => {
    const urns = dependencies.getUrnsList();
    if (urns.length > 0) propertyDependencies[property] = [...urns].sort();
  });
  const object = request.getObject();
  const parent = request.getParent();
  return {
    urn,
    type: request.getType(),
    name: request.getName(),
    parent: !parent || qualifiedType(parent) === stackType ? null : parent,
    custom: request.getCustom(),
    remote: request.getRemote(),
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    inputs: object ? plainProperties(object.toJavaScript()) : {},
    dependencies: [...request.getDependenciesList()].sort(),
    propertyDependencies,
    provider: request.getProvider(),
  };
}

export interface RunOptions {
  readonly project: string;
  readonly stack: string;
  readonly organization?: string;
  /** Namespaced keys with values as the engine hands them over: strings, or JSON text for objects. */
  readonly config: Readonly<Record<string, string>>;
  /** Keys of `config` whose values are secrets. */
  readonly secretKeys?: readonly string[];
  /** Keeps stack traces, at more than twice the time. @default false */
  readonly traces?: boolean;
  readonly answers: Answers;
  /** Called with the number of registrations so far, for progress. */
  readonly onRegister?: (count: number) => void;
}

export interface RunResult {
  readonly resources: readonly RecordedResource[];
  readonly outputs: unknown;
  /** The outputs with secrets marked as in a resource's inputs. */
  readonly markedOutputs: Readonly<Record<string, unknown>>;
  readonly log: readonly LogLine[];
}

/**
 * Leaves out what Pulumi notes for whoever debugs it, and nobody reads here: a stack trace of every promise and resource,
 * mapped back to the sources. It is more than half of a run's time. Gives back what undoes it.
 */
function withoutTraces(): () => void {
  const errors = { prepareStackTrace: undefined, stackTraceLimit: Error.stackTraceLimit };
  const debugging = { ...debuggable };
  Error.stackTraceLimit = 0;
  Error.prepareStackTrace = () => "";
  debuggable.debuggablePromise = (promise) => {
    const { leakCandidates } = getLocalStore();
    leakCandidates.add(promise);
    return promise.finally(() => leakCandidates.delete(promise));
  };
  return () => {
    Object.assign(Error, errors);
    Object.assign(debuggable, debugging);
  };
}

/** Unhandled rejections are told of a few turns after the promises that carry them. */
async function rejectionsToSurface(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * Runs `program` as the engine would and returns what it registered. Rejects with the first error of the program or of a
 * registration; a second registration of the same URN is such an error, as it is in the real engine.
 */
export async function runProgram(program: () => unknown, options: RunOptions): Promise<RunResult> {
  return withLocalStorage(async () => {
    const store = getLocalStore();
    const resources: RecordedResource[] = [];
    const log: LogLine[] = [];
    const failures: unknown[] = [];
    const urns = new Set<string>();

    pulumi.runtime.setAllConfig({ ...options.config }, [...(options.secretKeys ?? [])]);
    const mocks: pulumi.runtime.Mocks = {
      newResource: (args) => {
        if (args.type === stackType) return { id: undefined, state: {} };
        return options.answers.newResource(args);
      },
      call: (args) => {
        try {
          return options.answers.call(args);
        } catch (error) {
          failures.push(error); // the SDK keeps only a status code of it
          throw error;
        }
      },
    };
    await pulumi.runtime.setMocks(mocks, options.project, options.stack, false, options.organization ?? "organization");

    const { monitor } = store.settings;
    monitor.newUrn = (parent, type, name) => {
      const above = parent ? qualifiedType(parent) : "";
      const full = above && above !== stackType ? `${above}$${type}` : type;
      return `urn:pulumi:${options.stack}::${options.project}::${full}::${name}`;
    };
    const register = monitor.registerResource.bind(monitor);
    monitor.registerResource = (request, callback) => {
      const urn = monitor.newUrn(request.getParent(), request.getType(), request.getName());
      if (urns.has(urn)) {
        const error = new pulumi.RunError(
          `Duplicate resource URN '${urn}': two resources of one parent type share a name`,
        );
        failures.push(error);
        callback(error, undefined);
        return Promise.resolve();
      }
      urns.add(urn);
      if (request.getType() !== stackType) {
        resources.push(record(request, urn));
        options.onRegister?.(resources.length);
      }
      return register(request, (error, response) => {
        if (error) failures.push(error);
        callback(error, response);
      });
    };
    store.settings.engine = {
      log(request: { getSeverity(): number; getMessage(): string }, done: Callback) {
        const severity = severities[request.getSeverity()] ?? "info";
        if (severity !== "debug") log.push({ severity, message: request.getMessage() });
        done(null, undefined);
      },
      setRootResource(_request: unknown, done: Callback) {
        done(null, {});
      },
    };

    const onRejection = (error: unknown) => failures.push(error);
    process.on("unhandledRejection", onRejection);
    const restore = options.traces ? undefined : withoutTraces();
    try {
      let returned: Record<string, unknown> = {};
      const outputs: unknown = await pulumi.runtime.runInPulumiStack(async () => {
        const result: unknown = await program();
        returned = (result ?? {}) as Record<string, unknown>;
        return returned;
      });
      await waitForRPCs();
      await rejectionsToSurface();
      if (failures.length > 0) throw failures[0];
      const marked = (await rpc.serializeProperties("outputs", returned)) as Wire;
      return { resources, outputs, markedOutputs: plainProperties(marked), log };
    } catch (error) {
      await rejectionsToSurface();
      throw failures[0] ?? error;
    } finally {
      restore?.();
      process.off("unhandledRejection", onRejection);
    }
  });
}
