/** What one run of the pack works with: the stack it looks at, its stage, its waivers and each policy's level. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stages, type Stage } from "../../config/section";
import type { Level, WaiverReview } from "./policy";
import { globTest, isExpired, readWaivers, WaiverBook, type RefusedWaiver } from "./waivers";

/** One policy's entry of a configuration file: a level, or an object with a level and settings. */
type PolicyEntry = string | (Readonly<Record<string, unknown>> & { readonly enforcementLevel?: string });

/** The stack that the engine names, with its configuration as the engine hands it over. */
export interface EngineStack {
  readonly project: string;
  readonly stack: string;
  readonly config: Readonly<Record<string, string>>;
}

/** The strictest stage: what holds while nobody has said which stage a stack is. */
const unknownStage: Stage = "prod";

const levels: readonly string[] = ["mandatory", "advisory", "disabled"];

/** Reads `policy/config/<stage>.json`. */
export function stageConfiguration(
  stage: Stage,
  folder = join(__dirname, "..", "config"),
): Record<string, PolicyEntry> {
  const file = join(folder, `${stage}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, PolicyEntry>) : {};
}

function parseObject(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

export class Session {
  project = "";
  stack = "";
  stage: Stage = unknownStage;
  settings: Readonly<Record<string, unknown>> = {};
  #config: Readonly<Record<string, string>> = {};
  refused: RefusedWaiver[] = [];
  waivers = new WaiverBook([]);
  /** Names of the pack's policies. */
  policyNames: ReadonlySet<string> = new Set();
  /** Defaults of each policy's own settings, by its name. */
  policyDefaults: ReadonlyMap<string, Readonly<Record<string, unknown>>> = new Map();
  #stageEntries: Record<string, PolicyEntry> = {};
  #explicitLevels = new Map<string, string>();
  #policyConfigs = new Map<string, Readonly<Record<string, unknown>>>();
  #publicEntries: ((text: string) => boolean)[] = [];

  constructor(
    readonly today: () => string = () => new Date().toISOString().slice(0, 10),
    private readonly readStage: (stage: Stage) => Record<string, PolicyEntry> = stageConfiguration,
  ) {
    this.#stageEntries = readStage(unknownStage);
  }

  /** Takes the stack's configuration over. */
  useStack({ project, stack, config }: EngineStack): void {
    this.project = project;
    this.stack = stack;
    this.#config = config;
    const named = config[`${project}:stage`];
    this.stage = stages.find((one) => one === named) ?? unknownStage;
    this.settings = parseObject(config[`${project}:policies`]);
    this.#stageEntries = this.readStage(this.stage);
    this.#publicEntries = (Array.isArray(this.settings.publicEntries) ? this.settings.publicEntries : [])
      .filter((entry): entry is string => typeof entry === "string")
      .map(globTest);
    this.#gatherWaivers();
  }

  /** Takes the policies' configuration over, as the engine reconciled it: every policy with its level and settings. */
  usePolicies(entries: ReadonlyMap<string, { level: string; properties: Readonly<Record<string, unknown>> }>): void {
    this.#explicitLevels = new Map([...entries].map(([name, { level }]) => [name, level]));
    this.#policyConfigs = new Map([...entries].map(([name, { properties }]) => [name, properties]));
    this.#gatherWaivers();
  }

  #gatherWaivers(): void {
    const own = readWaivers(this.settings.waivers, "policies.waivers");
    const perPolicy = [
      ...Object.entries(this.#stageEntries).map(([name, entry]) => ({
        name,
        raw: typeof entry === "string" ? undefined : entry.waivers,
        where: `policy/config/${this.stage}.json ${name}.waivers`,
      })),
      ...[...this.#policyConfigs].map(([name, config]) => ({
        name,
        raw: config.waivers,
        where: `policy configuration ${name}.waivers`,
      })),
    ].map(({ name, raw, where }) => readWaivers(raw, where, name));
    this.refused = [own, ...perPolicy].flatMap(({ refused }) => refused);
    this.waivers = new WaiverBook([own, ...perPolicy].flatMap(({ waivers }) => waivers));
  }

  /** The policy's level here: what the engine was told to use, or else the stage's, or else the policy's own. */
  levelOf(policy: { readonly name: string; readonly level: Level }): Level {
    const explicit = this.#explicitLevels.get(policy.name);
    if (explicit !== undefined && explicit !== policy.level)
      return explicit === "remediate" ? "mandatory" : (explicit as Level);
    const entry = this.#stageEntries[policy.name] ?? this.#stageEntries.all;
    const level = typeof entry === "string" ? entry : entry?.enforcementLevel;
    if (level === undefined) return policy.level;
    if (level === "remediate") return "mandatory";
    if (!levels.includes(level))
      throw new Error(`policy/config/${this.stage}.json: ${policy.name} has the level "${level}"`);
    return level as Level;
  }

  /**
   * The policy's settings: the stage's under the engine's. The engine fills in every default of the schema before it sends
   * them, so a value that is the default says nothing and the stage's stands.
   */
  configOf(policy: string): Readonly<Record<string, unknown>> {
    const entry = this.#stageEntries[policy];
    const told = this.#policyConfigs.get(policy) ?? {};
    const defaults = this.policyDefaults.get(policy) ?? {};
    const meant = Object.entries(told).filter(
      ([key, value]) => !(key in defaults) || JSON.stringify(value) !== JSON.stringify(defaults[key]),
    );
    return { ...told, ...(typeof entry === "object" ? entry : {}), ...Object.fromEntries(meant) };
  }

  /** A section of the stack's configuration; undefined where it is off. */
  section(key: string): Readonly<Record<string, unknown>> | undefined {
    const text = this.#config[`${this.project}:${key}`];
    const value = parseObject(text);
    return text === undefined || text === "false" || value.enabled === false ? undefined : value;
  }

  reviewWaivers(): WaiverReview {
    const today = this.today();
    const { waivers } = this.waivers;
    const strange = waivers.filter(({ policy }) => !this.policyNames.has(policy));
    return {
      refused: this.refused,
      expired: waivers.filter((waiver) => isExpired(waiver, today)),
      unused: this.waivers.unused().filter((waiver) => !strange.includes(waiver) && !isExpired(waiver, today)),
      strange,
    };
  }

  isPublicEntry(resource: { readonly urn: string; readonly name: string }): boolean {
    return this.#publicEntries.some((matches) => matches(resource.name) || matches(resource.urn));
  }
}

/** The session of the pack that this process serves. */
export const session = new Session();
