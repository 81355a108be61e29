import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import * as path from "node:path";
import { sections } from "../../config/sections";
import { mendBuiltPlugin } from "../../sandbox/built-plugin";
import { startEmulator, projectRoot, type Emulator } from "../../sandbox/emulator";
import { SandboxEngine, type EngineOptions, type Outcome } from "../../sandbox/engine";
import { findEngine, neededAwsPlugin, usesBuiltPlugin, type Engine } from "../../sandbox/prerequisites";
import { resolveStack, sandboxFolder, writeProject, type Changes, type SandboxStack } from "../../sandbox/project";
import { describeFailures, describeViolations } from "../../sandbox/report";
import { seedPointers, seedZones } from "../../sandbox/seed";
import { startStandIn, type StandIn } from "./standin/start";

export const root = projectRoot();

/** Which of the two the engine tests run against. */
export type Backing = "aws plugin and emulated AWS" | "stand-in provider";

/** The Pulumi CLI; without one nothing of the engine can be tested. */
export function requireEngineForTests(): Engine {
  found ??= findEngine();
  if (!found) throw new Error("The engine tests need `pulumi` on the PATH: https://www.pulumi.com/docs/install/");
  return found;
}

let found: Engine | undefined;

/**
 * The engine, and what it runs against: the real aws plugin where it is installed, else the test tree's provider.
 */
export function backing(): { engine: Engine; backing: Backing } {
  const engine = requireEngineForTests();
  const needed = neededAwsPlugin(root);
  const real = engine.plugins.includes(needed) && process.env.ENGINE_BACKING !== "stand-in";
  if (real) mendBuiltPlugin(needed);
  return { engine, backing: real ? "aws plugin and emulated AWS" : "stand-in provider" };
}

/** Settings for a stack of nothing but its network, where the rest would only make a test longer. */
export const networkOnly = Object.fromEntries(
  Object.keys(sections)
    .filter((name) => name !== "network")
    .map((name) => [name, { enabled: false }]),
);

export interface LiveOptions {
  /** Stack file, relative to the root. @default Pulumi.<name>.yaml */
  readonly configFile?: string;
  /** Settings that a test changes, by their path: `fleet.source`. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** An emulated AWS that other stacks live in as well; whoever started it ends it. @default one of its own */
  readonly emulator?: Emulator;
  /** Runs with the policy pack. @default true */
  readonly policy?: boolean;
}

function configure(place: SandboxStack, set: LiveOptions["set"]): Changes {
  const { plugins } = requireEngineForTests();
  return writeProject(place, { plugins, builtPlugin: usesBuiltPlugin(root), set });
}

/** A stack on the real engine, in a folder, state and emulator of its own. */
export class LiveStack {
  private constructor(
    readonly place: SandboxStack,
    readonly engine: SandboxEngine,
    readonly changes: Changes,
    readonly against: Backing,
    readonly endpoint: string,
    private readonly servers: readonly (Emulator | StandIn)[],
  ) {}

  /** Starts the servers and opens a stack that has never been deployed. `label` keeps tests apart that run side by side. */
  static async open(name: string, label: string, options: LiveOptions = {}): Promise<LiveStack> {
    const { engine: cli, backing: against } = backing();
    const resolved = resolveStack(root, name, options.configFile && path.join(root, options.configFile));
    const folder = path.join(root, sandboxFolder, `test-${label}`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const place = { ...resolved, folder };
    const changes = configure(place, options.set);
    const emulator =
      options.emulator ?? (await startEmulator({ honourEndpoint: false, logFile: path.join(folder, "emulator.log") }));
    await seedPointers(place, emulator.endpoint);
    await seedZones(place, emulator.endpoint);
    const standIn = against === "stand-in provider" ? await startStandIn() : undefined;
    const engine = await SandboxEngine.open(
      place,
      cli,
      optionsOf(emulator.endpoint, standIn, options.policy !== false),
    );
    const servers = [...(options.emulator ? [] : [emulator]), ...(standIn ? [standIn] : [])];
    return new LiveStack(place, engine, changes, against, emulator.endpoint, servers);
  }

  /** Writes the stack's configuration anew, with other settings. */
  reconfigure(set: LiveOptions["set"]): void {
    configure(this.place, set);
  }

  /** Runs an operation that has to succeed; a failure names the stack, the resource and what the emulator said. */
  async must(operation: Parameters<SandboxEngine["run"]>[0]): Promise<Outcome> {
    const outcome = await this.engine.run(operation);
    if (!outcome.ok) throw new Error(this.explain(operation, outcome));
    return outcome;
  }

  explain(operation: string, outcome: Outcome): string {
    const parts = [
      `${operation} of stack ${this.place.name} failed (${this.against})`,
      describeFailures(this.place.name, outcome),
      describeViolations(outcome),
    ];
    if (outcome.failures.length === 0 && outcome.violations.length === 0) parts.push(outcome.log.slice(-4_000));
    return parts.filter(Boolean).join("\n");
  }

  /** Text of every file of the state, backups and history included. */
  stateFiles(): string {
    const walk = (folder: string): string[] =>
      readdirSync(folder).flatMap((name) => {
        const file = path.join(folder, name);
        return statSync(file).isDirectory() ? walk(file) : [readFileSync(file, "utf8")];
      });
    return walk(path.join(this.place.folder, "state")).join("\n");
  }

  /** Ends the servers. The folder stays for whoever looks into a failure. */
  async close(): Promise<void> {
    for (const server of this.servers) await server.stop();
  }
}

function optionsOf(endpoint: string, standIn: StandIn | undefined, policy: boolean): EngineOptions {
  const policyPack = path.join(root, "policy");
  return {
    endpoint,
    ...(policy && process.env.ENGINE_POLICY !== "off" && hasPolicyPack(policyPack) ? { policyPack } : {}),
    ...(standIn ? { extraEnvironment: { PULUMI_DEBUG_PROVIDERS: `aws:${standIn.port}` } } : {}),
  };
}

export function hasPolicyPack(folder = path.join(root, "policy")): boolean {
  return readdirSync(path.dirname(folder)).includes("policy") && readdirSync(folder).includes("PulumiPolicy.yaml");
}

/** Blueprints by name. */
export function blueprints(): string[] {
  const folder = path.join(root, "blueprints");
  return readdirSync(root).includes("blueprints")
    ? readdirSync(folder)
        .filter((file) => file.endsWith(".yaml"))
        .map((file) => file.replace(/\.yaml$/, ""))
    : [];
}
