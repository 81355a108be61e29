import { LocalWorkspace, type EngineEvent, type Stack } from "@pulumi/pulumi/automation";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { hostname } from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { findings, recover, type Findings, type Recovered, type StackEngine } from "../recover/recover";
import { emulatorEnvironment } from "./background";
import { emulatorAccess } from "./emulator-access";
import { usesBuiltPlugin, type Engine } from "./prerequisites";
import { passphrase, stateUrl, type SandboxStack } from "./project";

/** One resource that the engine could not bring to its state. */
export interface Failure {
  readonly urn: string;
  /** What the provider, and behind it the emulator, said. */
  readonly message: string;
}

/** A policy that a resource or the stack breaks. */
export interface Violation {
  readonly policy: string;
  readonly enforcement: string;
  readonly urn: string;
  readonly message: string;
}

/** What an operation of the engine did. */
export interface Outcome {
  readonly ok: boolean;
  /** Number of resources by operation: create, update, delete, replace, same. */
  readonly changes: Readonly<Record<string, number>>;
  /** Steps other than `same`, and the properties that made the difference. */
  readonly changed: readonly { readonly op: string; readonly urn: string; readonly differences: readonly string[] }[];
  readonly failures: readonly Failure[];
  readonly violations: readonly Violation[];
  /** Everything that the engine printed. */
  readonly log: string;
}

/** Steps that leave a resource as it is. */
const quiet = new Set(["same", "read", "read-discard", "discard", "refresh"]);

/** Name, and type, of a URN. */
export function readUrn(urn: string): { type: string; name: string; chain: readonly string[] } {
  const [, , chain = "", ...name] = urn.split("::");
  const types = chain.split("$");
  return { type: types[types.length - 1] ?? "", name: name.join("::"), chain: types };
}

/** Collects what the engine reports, and tells of each finished resource. */
class Recorder {
  readonly changed: { op: string; urn: string; differences: string[] }[] = [];
  readonly violations: Violation[] = [];
  readonly failed = new Set<string>();
  readonly errors: { urn: string; message: string }[] = [];
  changes: Record<string, number> = {};
  private total = 0;

  constructor(private readonly progress: (line: string) => void) {}

  readonly onEvent = (event: EngineEvent): void => {
    const before = event.resourcePreEvent?.metadata;
    if (before && !quiet.has(before.op)) {
      this.changed.push({ op: before.op, urn: before.urn, differences: Object.keys(before.detailedDiff ?? {}) });
    }
    const done = event.resOutputsEvent?.metadata;
    if (done && !quiet.has(done.op)) {
      const { type, name } = readUrn(done.urn);
      this.progress(`${String(++this.total).padStart(5)}  ${done.op.padEnd(8)} ${type}  ${name}`);
    }
    if (event.resOpFailedEvent) this.failed.add(event.resOpFailedEvent.metadata.urn);
    const said = event.diagnosticEvent;
    if (said?.severity === "error") {
      this.errors.push({ urn: said.urn ?? "", message: plain(said.message) });
    }
    const policy = event.policyEvent;
    if (policy) {
      this.violations.push({
        policy: policy.policyName,
        enforcement: policy.enforcementLevel,
        urn: policy.resourceUrn ?? "",
        message: plain(policy.message),
      });
    }
    if (event.summaryEvent) this.changes = { ...event.summaryEvent.resourceChanges };
  };

  failures(): Failure[] {
    // A provider tells the same twice, first with where in its own source, then as a list.
    const told = new Map<string, Failure>();
    for (const { urn, message } of this.errors) if (!told.has(urn)) told.set(urn, { urn, message });
    const untold = [...this.failed].filter((urn) => !told.has(urn));
    return [...told.values(), ...untold.map((urn) => ({ urn, message: "failed; the engine gave no reason" }))];
  }
}

/** Text without the engine's colour marks. */
function plain(text: string): string {
  return text
    .replace(/<\{%[^%]*%\}>/g, "")
    .replace(/^\s*sdk-v2\/provider2\.go:\d+: sdk\.helper_schema: /, "")
    .trim();
}

export type Operation = "preview" | "up" | "destroy" | "refresh";

export interface EngineOptions {
  readonly endpoint: string;
  /** Folder of the policy pack; undefined runs without. */
  readonly policyPack?: string;
  readonly progress?: (line: string) => void;
  /** Called with the engine's own process output. */
  readonly onOutput?: (text: string) => void;
  readonly extraEnvironment?: Readonly<Record<string, string>>;
}

/** A stack of the sandbox on the real engine, against one emulator. */
export class SandboxEngine {
  private constructor(
    readonly stack: Stack,
    private readonly place: SandboxStack,
    private readonly options: EngineOptions,
  ) {}

  /** Opens the stack in its project folder; makes it when it is new. */
  static async open(place: SandboxStack, engine: Engine, options: EngineOptions): Promise<SandboxEngine> {
    const envVars = {
      ...(await emulatorEnvironment(options.endpoint)),
      PATH: `${engine.binFolder}${path.delimiter}${process.env.PATH ?? ""}`,
      PULUMI_CONFIG_PASSPHRASE: passphrase(place.root),
      PULUMI_SKIP_UPDATE_CHECK: "1",
      // Pulumi.yaml leaves compiling to tsx; a language host that does not know its options must not type-check either.
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
      PULUMI_BACKEND_URL: stateUrl(path.join(place.folder, "state")),
      // A machine with a plugin of its own making has all that it will have: asking the network for the others takes seconds.
      ...(usesBuiltPlugin(place.root) ? { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" } : {}),
      ...options.extraEnvironment,
    };
    const stack = await LocalWorkspace.createOrSelectStack(
      { stackName: place.name, workDir: place.folder },
      { envVars },
    );
    return new SandboxEngine(stack, place, options);
  }

  get endpoint(): string {
    return this.options.endpoint;
  }

  /** The same stack without a line a resource. */
  quietly(): SandboxEngine {
    return new SandboxEngine(this.stack, this.place, { ...this.options, progress: () => undefined });
  }

  /** Ends the hold that a killed operation left on the stack; returns whether there was one. */
  async releaseStaleLock(): Promise<boolean> {
    const stale = lockFiles(path.join(this.place.folder, "state")).filter((file) => isStale(file));
    if (stale.length === 0) return false;
    await this.stack.cancel();
    return true;
  }

  /**
   * Settles what a killed operation left open in the state: takes over what it had made, forgets what it had not. Undefined
   * where nothing was open.
   */
  async recoverInterrupted(): Promise<(Findings & { readonly done: Recovered }) | undefined> {
    if (!this.hasPending()) return undefined;
    const engine: StackEngine = {
      exportState: () => this.stack.exportStack(),
      importState: (state) => this.stack.importStack(state),
      refresh: async (target) => {
        await this.stack.refresh({ target: [...target], color: "never" });
      },
    };
    const found = await findings(engine, emulatorAccess(this.endpoint), "us-east-1");
    return { ...found, done: await recover(engine, found) };
  }

  /** Whether the state has operations of which the engine never saw the end; read from its file, for each command asks. */
  private hasPending(): boolean {
    const folder = path.join(this.place.folder, "state", ".pulumi", "stacks");
    return filesBelow(folder)
      .filter((file) => path.basename(file) === `${this.place.name}.json`)
      .some((file) => /"pending_operations": *\[\s*\{/.test(readFileSync(file, "utf8")));
  }

  /** Runs one operation; its failure is in the outcome, not thrown. */
  async run(operation: Operation): Promise<Outcome> {
    const recorder = new Recorder(this.options.progress ?? (() => undefined));
    const written: string[] = [];
    const base = {
      color: "never" as const,
      parallel: 24,
      onEvent: recorder.onEvent,
      onOutput: (text: string) => {
        written.push(text);
        this.options.onOutput?.(text);
      },
    };
    const policed = this.options.policyPack === undefined ? base : { ...base, policyPacks: [this.options.policyPack] };
    let ok = true;
    try {
      if (operation === "preview") await this.stack.preview({ ...policed, diff: false });
      else if (operation === "up") await this.stack.up({ ...policed, continueOnError: true });
      else if (operation === "refresh") await this.stack.refresh(base);
      else await this.stack.destroy({ ...base, continueOnError: true });
    } catch (error) {
      ok = false;
      written.push(String(error));
      if (recorder.errors.length === 0 && recorder.violations.length === 0) {
        recorder.errors.push({ urn: this.place.name, message: String(error) });
      }
    }
    return {
      ok,
      changes: recorder.changes,
      changed: recorder.changed,
      failures: recorder.failures(),
      violations: recorder.violations,
      log: written.join(""),
    };
  }

  /** Lifts `protect` from every resource: a destroy is refused otherwise. */
  async unprotect(): Promise<void> {
    const { pulumiCommand, workDir, envVars } = this.stack.workspace;
    const command = ["state", "unprotect", "--all", "--yes", "--stack", this.place.name];
    await promisify(execFile)(pulumiCommand.command, command, { cwd: workDir, env: { ...process.env, ...envVars } });
  }

  /** The resources that the state holds, the stack itself and providers left out; secrets are in clear text. */
  async resources(): Promise<StateResource[]> {
    const { deployment } = (await this.stack.exportStack()) as { deployment: { resources?: StateResource[] } | null };
    return (deployment?.resources ?? []).filter(
      ({ type }) => type !== "pulumi:pulumi:Stack" && !type.startsWith("pulumi:providers:"),
    );
  }
}

/** A resource as the state has it. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly custom?: boolean;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** Files of a folder and those in it; none where it is not there. */
function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true }).map((name) => path.join(folder, String(name)));
  return names.filter((file) => statSync(file).isFile());
}

function lockFiles(folder: string): string[] {
  return filesBelow(path.join(folder, ".pulumi", "locks")).filter((file) => file.endsWith(".json"));
}

/** A lock whose owner ran on this machine and has ended. */
function isStale(file: string): boolean {
  const lock = JSON.parse(readFileSync(file, "utf8")) as { pid?: number; hostname?: string };
  if (lock.hostname !== hostname() || lock.pid === undefined) return false;
  try {
    process.kill(lock.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
