/** A stack's configuration as the engine would hand it to the program, from the project's and the stack's files. */
import { existsSync, readdirSync } from "node:fs";
import * as path from "node:path";
import { parse, YAMLError } from "yaml";
import { shortHash } from "../../components/common/naming";
import { didYouMean } from "../../config/describe-issue";
import { standIn } from "../../config/stand-in";
import { UsageError } from "../failure";
import { givenFile } from "./given-file";
import { stackNames } from "./project";
import { isObject, readYaml, type Values } from "./yaml-file";

export interface StackConfig {
  readonly project: string;
  readonly stack: string;
  /** The stack's file, seen from the project's folder. */
  readonly file: string;
  /** Namespaced keys; scalars as text, objects and lists as JSON text. */
  readonly config: Readonly<Record<string, string>>;
  /** Keys whose value is a secret, or holds one. */
  readonly secretKeys: readonly string[];
  readonly warnings: readonly string[];
}

export interface StackConfigOptions {
  readonly root: string;
  /** Name of a stack, which finds `Pulumi.<stack>.yaml`. */
  readonly stack: string | undefined;
  /** Any other file in the same form. */
  readonly configFile: string | undefined;
  /** `key=value`, nested keys with dots. */
  readonly overrides: readonly string[];
}

const stackNamePattern = /^[A-Za-z0-9][\w.-]{0,99}$/;

const form = "a stack file is a mapping with the key config";

/** What the engine reads of a stack file beside `config`. */
const stackFileKeys = ["config", "secretsprovider", "encryptedkey", "encryptionsalt", "environment"];

/** Refuses a key that the engine would pass over in silence, where it looks like one that it reads. */
function checkTop(content: Values, shown: string): void {
  for (const key of Object.keys(content).filter((name) => !stackFileKeys.includes(name))) {
    const close = didYouMean(key, stackFileKeys);
    if (close === undefined) continue;
    throw new UsageError(
      `${shown}: ${key} is no key of a stack file\n  allowed: ${stackFileKeys.join(", ")}\n  fix: Did you mean ${close}? Otherwise remove the key.`,
    );
  }
}

/** Advice for whoever names a file that is none: the stack files there are, and the nearest. */
function otherFiles(given: string, root: string): string[] {
  const folder = path.join(root, "blueprints");
  const blueprints = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".yaml")) : [];
  const files = [
    ...stackNames(root).map((name) => `Pulumi.${name}.yaml`),
    ...blueprints.sort().map((name) => `blueprints/${name}`),
  ];
  const close = didYouMean(given, files);
  return [
    `allowed: any file in the form of a stack file, such as ${files.join(", ")}`,
    ...(close ? [`fix: Did you mean ${close}?`] : []),
  ];
}

/** The stack's name and its file. */
function findStackFile(options: StackConfigOptions): { stack: string; file: string; shown: string } {
  const { root, stack, configFile } = options;
  const names = stackNames(root);
  const known = `The stacks there are: ${names.join(", ") || "none"}.`;
  if (stack !== undefined && !stackNamePattern.test(stack)) {
    throw new UsageError(`${JSON.stringify(stack)} is not a stack's name (letters, digits, dots, dashes). ${known}`);
  }
  if (configFile !== undefined) {
    const file = givenFile("--config-file", configFile, root, ...otherFiles(configFile, root));
    const base = path.basename(file).replace(/\.[^.]*$/, "");
    const named = stack ?? base.replace(/^Pulumi\./, "");
    if (!stackNamePattern.test(named)) {
      throw new UsageError(
        `--config-file ${configFile}: give the stack a name as well, as in: plan dev --config-file …`,
      );
    }
    return { stack: named, file, shown: configFile };
  }
  if (stack === undefined) {
    throw new UsageError(`Name a stack, or a file with --config-file. ${known}`, true);
  }
  if (!names.includes(stack)) {
    const close = didYouMean(stack, names);
    throw new UsageError(
      `There is no stack ${stack}: Pulumi.${stack}.yaml does not exist. ${close ? `Did you mean ${close}? ` : ""}${known}`,
    );
  }
  const shown = `Pulumi.${stack}.yaml`;
  return { stack, file: path.join(root, shown), shown };
}

/** Puts a placeholder where a file holds a value that only the engine can decrypt; tells whether it met one. */
function withPlaceholders(value: unknown, key: string): { value: unknown; secret: boolean } {
  if (Array.isArray(value)) {
    const items = value.map((item, index) => withPlaceholders(item, `${key}.${index}`));
    return { value: items.map((item) => item.value), secret: items.some(({ secret }) => secret) };
  }
  if (!isObject(value)) return { value, secret: false };
  if (Object.keys(value).length === 1 && typeof value.secure === "string") {
    return { value: standIn(key, `planned-secret-${shortHash(key, 24)}`), secret: true };
  }
  const entries = Object.entries(value).map(([name, inner]) => ({
    name,
    ...withPlaceholders(inner, `${key}.${name}`),
  }));
  return {
    value: Object.fromEntries(entries.map(({ name, value: inner }) => [name, inner])),
    secret: entries.some(({ secret }) => secret),
  };
}

/** Defaults that the project's file gives: `default` of its own keys, `value` of others', or the bare value. */
function projectDefaults(project: string, declared: unknown): Values {
  const defaults: Values = {};
  if (!isObject(declared)) return defaults;
  for (const [key, entry] of Object.entries(declared)) {
    const full = key.includes(":") ? key : `${project}:${key}`;
    const typed = isObject(entry) && ("default" in entry || "value" in entry || "type" in entry);
    const value = typed ? (entry.value ?? entry.default) : entry;
    if (value !== undefined && value !== null) defaults[full] = value;
  }
  return defaults;
}

/** Where an override goes: its namespaced key and the path below it. */
function overridePath(project: string, key: string): { top: string; path: string[] } {
  const colon = key.indexOf(":");
  const [first = "", ...rest] = key
    .slice(colon + 1)
    .replace(/\[(\d+)\]/g, ".$1")
    .split(".");
  return { top: `${colon < 0 ? project : key.slice(0, colon)}:${first}`, path: rest };
}

function overrideError(override: string, problem: string): UsageError {
  return new UsageError(
    `--config ${override}: ${problem}\n  allowed: key=value, with dots for nested keys, such as fleet.maxRemovalPercent=20`,
  );
}

/** A section that is off by the project's default, which an override of a part of it turns on. */
function isOffByDefault(value: unknown): boolean {
  return isObject(value) && value.enabled === false && Object.keys(value).length === 1;
}

/** Sets one override in the values. */
function applyOverride(values: Values, project: string, override: string): void {
  const equals = override.indexOf("=");
  if (equals < 1) throw overrideError(override, equals === 0 ? "has no key" : "has no value");
  const { top, path: below } = overridePath(project, override.slice(0, equals).trim());
  const names = [top, ...below];
  if (names.some((name) => name === "" || name.endsWith(":") || ["__proto__", "constructor"].includes(name))) {
    throw overrideError(override, "has an empty or impossible part in its key");
  }
  let value: unknown;
  try {
    value = parse(override.slice(equals + 1)) as unknown;
  } catch (error) {
    if (!(error instanceof YAMLError)) throw error;
    value = override.slice(equals + 1);
  }
  if (below.length > 0 && below[0] !== "enabled" && isOffByDefault(values[top])) values[top] = {};
  let at: Values = values;
  for (const [depth, name] of names.slice(0, -1).entries()) {
    const inner = at[name];
    if (inner === undefined || inner === null) at[name] = {};
    else if (typeof inner !== "object") {
      throw overrideError(
        override,
        `${names.slice(0, depth + 1).join(".")} is ${JSON.stringify(inner)}, not an object`,
      );
    }
    at = at[name] as Values;
  }
  at[names[names.length - 1] ?? ""] = value;
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/**
 * Reads a stack's configuration.
 * @throws UsageError where the stack or the file is unknown, the YAML malformed or an override wrong.
 */
export function readStackConfig(options: StackConfigOptions): StackConfig {
  const projectFile = readYaml(
    path.join(options.root, "Pulumi.yaml"),
    "Pulumi.yaml",
    "the project's file is a mapping",
  );
  const project = String(projectFile.name);
  const { stack, file, shown } = findStackFile(options);
  const stackFile = readYaml(file, shown, form);
  checkTop(stackFile, shown);
  if (stackFile.config !== undefined && stackFile.config !== null && !isObject(stackFile.config)) {
    throw new UsageError(`${shown}: config is ${JSON.stringify(stackFile.config)}, not a mapping of keys to values`);
  }
  const warnings: string[] = [];
  if (stackFile.environment !== undefined) {
    warnings.push(`${shown} imports Pulumi ESC environments; a plan is offline and leaves them out`);
  }
  const values = projectDefaults(project, projectFile.config);
  for (const [key, value] of Object.entries(stackFile.config ?? {})) {
    values[key.includes(":") ? key : `${project}:${key}`] = value;
  }
  const config: Record<string, string> = {};
  const secretKeys: string[] = [];
  for (const override of options.overrides) applyOverride(values, project, override);
  for (const key of Object.keys(values).sort()) {
    if (values[key] === null) {
      throw new UsageError(
        `${shown}: ${key} is empty\n  fix: write ${key}: {} to take its defaults, or remove the key`,
      );
    }
    const { value, secret } = withPlaceholders(values[key], key);
    config[key] = asText(value);
    if (secret) secretKeys.push(key);
  }
  const seen = path.relative(options.root, file).split(path.sep).join("/");
  return { project, stack, file: seen, config, secretKeys, warnings };
}
