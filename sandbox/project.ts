import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { validate } from "../config";
import { standIn } from "../config/stand-in";
import { didYouMean } from "../config/describe-issue";
import { slug } from "../components/common/naming";
import { UsageError } from "../plan/failure";
import { stackNames } from "../plan/settings/project";
import { lacking, type Lack } from "./lacking";

/** Folder of everything that the sandbox writes; git-ignored. */
export const sandboxFolder = ".sandbox";

/** A stack of the sandbox: its own project folder, state, passphrase and emulator. */
export interface SandboxStack {
  readonly name: string;
  /** Root of the program. */
  readonly root: string;
  /** Its folder under `.sandbox/`. */
  readonly folder: string;
  /** The stack file that it is made from. */
  readonly configFile: string;
}

type Values = Record<string, unknown>;

/**
 * Backend that keeps a stack's state in a folder. Without a file of attributes beside each: Pulumi writes that in two steps,
 * and a run that is killed between them leaves an empty one, with which no later run can load the state.
 */
export const stateUrl = (folder: string): string => `file://${folder}?metadata=skip`;

/**
 * Settings of the aws provider that an emulated AWS needs. A failing call is not retried for minutes; an answer that a busy
 * machine loses is asked for again.
 */
const providerSettings: Values = {
  "aws:skipCredentialsValidation": "true",
  "aws:s3UsePathStyle": "true",
  "aws:maxRetries": "3",
};

/** @throws UsageError where a stack is none of those that there are */
export function checkKnown(stack: string, names: readonly string[], why: string): void {
  if (names.includes(stack)) return;
  const close = didYouMean(stack, names);
  throw new UsageError(
    `There is no stack ${stack}: ${why}. ${close ? `Did you mean ${close}? ` : ""}The stacks there are: ${names.join(", ") || "none"}.`,
  );
}

/**
 * The stack that a command names: `Pulumi.<stack>.yaml`, or any file of that form.
 * @throws UsageError when neither or both are given, or the file is missing.
 */
export function resolveStack(root: string, stack: string | undefined, configFile: string | undefined): SandboxStack {
  if (!stack && !configFile) {
    throw new UsageError(
      "Which stack? Name one (dev), or give a stack file with --config-file blueprints/model-fleet.yaml.",
      true,
    );
  }
  if (stack && !/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(stack)) {
    throw new UsageError(`"${stack}" cannot be a stack's name: letters, digits, dots, dashes and underscores.`);
  }
  if (stack && !configFile) checkKnown(stack, stackNames(root), `Pulumi.${stack}.yaml does not exist`);
  const file = path.resolve(configFile ?? path.join(root, `Pulumi.${stack ?? ""}.yaml`));
  if (!existsSync(file)) {
    throw new UsageError(
      `There is no ${path.relative(process.cwd(), file)}. Stack files are Pulumi.<stack>.yaml and blueprints/*.yaml.`,
    );
  }
  const name =
    stack ??
    slug(
      path
        .basename(file)
        .replace(/^Pulumi\./, "")
        .replace(/\.ya?ml$/, ""),
    );
  return { name, root, folder: path.join(root, sandboxFolder, name), configFile: file };
}

function readYaml(file: string): Values {
  try {
    return (parse(readFileSync(file, "utf8")) ?? {}) as Values;
  } catch (error) {
    throw new UsageError(`${path.basename(file)} is not YAML: ${(error as Error).message}`);
  }
}

/** Whether a stack was brought up here, and not destroyed with its state since. */
export const hasState = (stack: SandboxStack): boolean =>
  existsSync(path.join(stack.folder, "state", ".pulumi", "stacks"));

/** Drops a stack's state, which speaks of what is gone; returns whether there was a deployment in it. */
export function dropState(stack: SandboxStack): boolean {
  const deployed = hasState(stack);
  rmSync(path.join(stack.folder, "state"), { recursive: true, force: true });
  mkdirSync(path.join(stack.folder, "state"), { recursive: true });
  return deployed;
}

/** What the sandbox's copy of a stack file has otherwise than the file. */
export interface Changes {
  readonly leftOut: readonly Lack[];
  /** Paths of encrypted values, which only their owner's key opens. */
  readonly secretsReplaced: readonly string[];
}

/** Puts a made-up text where a value is encrypted, for the sandbox has not the key to it. */
function openSecrets(value: unknown, at: string, replaced: string[]): unknown {
  if (Array.isArray(value)) return value.map((item, index) => openSecrets(item, `${at}[${index}]`, replaced));
  if (value === null || typeof value !== "object") return value;
  if (Object.keys(value).length === 1 && "secure" in value) {
    replaced.push(at);
    return standIn(at, `sandbox-${slug(at)}`);
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, openSecrets(item, `${at}.${key}`, replaced)]),
  );
}

/** Sets `section.option.option` of a stack's configuration; returns false where the stack has no such section. */
function applySetting(config: Values, project: string, setting: string, value: unknown): boolean {
  const [section = "", ...options] = setting.split(".");
  const key = `${project}:${section}`;
  const present = config[key];
  if (present === undefined || (present as Values | null)?.enabled === false) return false;
  if (options.length === 0) {
    config[key] = value;
    return true;
  }
  let at = config[key] as Values;
  for (const option of options.slice(0, -1)) {
    const next = at[option];
    if (next === null || typeof next !== "object") at[option] = {};
    at = at[option] as Values;
  }
  at[options[options.length - 1] ?? ""] = value;
  return true;
}

/** Takes `section.option.option` out of a stack's configuration, where it is there. */
function removeSetting(config: Values, project: string, setting: string): void {
  const [section = "", ...options] = setting.split(".");
  const last = options.pop() ?? "";
  let at: unknown = config[`${project}:${section}`];
  for (const option of options) at = (at as Values | null | undefined)?.[option];
  if (at !== null && typeof at === "object") Reflect.deleteProperty(at, last);
}

/** How a stack is run otherwise than its file says. */
export interface ProjectOptions {
  /** Sections to leave out. */
  readonly without?: readonly string[];
  /** Plugins that are installed, as `awsx-3.9.0`. */
  readonly plugins?: readonly string[];
  /** The aws plugin was built from modules. @default false */
  readonly builtPlugin?: boolean;
  /** Settings by their path: `fleet.source`. */
  readonly set?: Values;
}

/** Project's name and the configuration with which the sandbox runs a stack file. Pure. */
export function sandboxConfig(
  project: string,
  source: Values,
  options: ProjectOptions,
): { config: Values; changes: Changes } {
  const secretsReplaced: string[] = [];
  const config: Values = {};
  for (const [key, value] of Object.entries(source)) {
    config[key] = openSecrets(structuredClone(value), key, secretsReplaced);
  }
  for (const [path, value] of Object.entries(options.set ?? {})) applySetting(config, project, path, value);
  const leftOut = lacking
    .filter(({ plugin }) => !plugin || !(options.plugins ?? []).some((one) => one.startsWith(`${plugin}-`)))
    .filter(({ builtPlugin }) => !builtPlugin || options.builtPlugin)
    .filter(({ setting, value }) => applySetting(config, project, setting, value));
  for (const setting of leftOut.flatMap(({ goesWith = [] }) => goesWith)) removeSetting(config, project, setting);
  for (const section of options.without ?? []) {
    if (!applySetting(config, project, section, { enabled: false })) {
      throw new UsageError(`--without ${section}: the stack has no section ${section} that is on.`);
    }
  }
  return {
    config: { "aws:region": "us-east-1", ...config, ...providerSettings },
    changes: { leftOut, secretsReplaced },
  };
}

/** Validates a configuration before the engine starts; throws the program's own ValidationError. */
function check(project: string, stack: string, config: Values): void {
  const raw: Values = {};
  for (const [key, value] of Object.entries(config)) {
    if (key.startsWith(`${project}:`)) raw[key.slice(project.length + 1)] = value;
  }
  validate({ project, organization: "organization", stack }, raw, config["aws:region"] as string | undefined);
}

/** The passphrase of the sandbox's states: made once, kept beside them. */
export function passphrase(root: string): string {
  const file = path.join(root, sandboxFolder, "passphrase");
  mkdirSync(path.dirname(file), { recursive: true });
  try {
    writeFileSync(file, randomBytes(24).toString("base64url"), { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error; // made by an earlier run, or one beside this
  }
  return readFileSync(file, "utf8");
}

/** A stack's project file, and its configuration as the sandbox runs it. @throws UsageError, or the program's ValidationError */
export function readProject(stack: SandboxStack, options: ProjectOptions = {}) {
  const project = readYaml(path.join(stack.root, "Pulumi.yaml"));
  const name = String(project.name);
  const source = (readYaml(stack.configFile).config ?? {}) as Values;
  const { config, changes } = sandboxConfig(name, source, options);
  check(name, stack.name, config);
  return { project, config, changes };
}

/**
 * Writes a stack's project folder: the program's `Pulumi.yaml` with its own backend, and the stack file with what the
 * emulator needs.
 * @throws UsageError, or the program's ValidationError, before anything runs.
 */
export function writeProject(stack: SandboxStack, options: ProjectOptions = {}): Changes {
  const { project, config, changes } = readProject(stack, options);
  const state = path.join(stack.folder, "state");
  mkdirSync(state, { recursive: true });
  writeFileSync(
    path.join(stack.folder, "Pulumi.yaml"),
    stringify({ ...project, main: stack.root, backend: { url: stateUrl(state) } }),
  );
  const file = path.join(stack.folder, `Pulumi.${stack.name}.yaml`);
  const encryptionsalt = existsSync(file) ? readYaml(file).encryptionsalt : undefined;
  // Pulumi's parser reads YAML 1.1, where a date without quotes is not a text.
  const settings = { ...(encryptionsalt === undefined ? {} : { encryptionsalt }), config };
  writeFileSync(file, stringify(settings, { version: "1.1" }));
  return changes;
}
