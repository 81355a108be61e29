import { stringify } from "yaml";
import { validate } from "../../config";
import { ValidationError } from "../../components/common/validation";
import { stageOf, variables, withoutCounterpart, isSecretName, type Target } from "./variables";

/** What became of one variable. */
export interface Told {
  readonly variable: string;
  readonly reason: string;
}

export interface Converted {
  /** The stack file's `config`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Variables that a setting has. */
  readonly taken: readonly { readonly variable: string; readonly path: string }[];
  /** Variables that have none, with the reason. */
  readonly left: readonly Told[];
}

type Nested = Record<string, unknown>;

const isNested = (value: unknown): value is Nested =>
  value !== null && typeof value === "object" && !Array.isArray(value);

/** Sets a value by its path, over what stands in the way. */
function put(into: Nested, path: readonly string[], value: unknown): void {
  let at = into;
  for (const step of path.slice(0, -1)) {
    const next = at[step];
    const inner: Nested = isNested(next) ? next : {};
    at[step] = inner;
    at = inner;
  }
  const last = path.at(-1) ?? "";
  const there = at[last];
  const isEmptyObject = value !== null && typeof value === "object" && Object.keys(value).length === 0;
  if (!(isEmptyObject && typeof there === "object")) at[last] = value;
}

/** Sections whose own section they need to stand on. */
const needsNetwork = ["trader", "fleet", "ingest", "schedule", "data", "kubernetes", "web"];

/** An expression that Terraform would still have to evaluate. */
const isExpression = (value: unknown): boolean => JSON.stringify(value).includes("${");

function convertOne(variable: string, value: unknown, targets: readonly Target[], sections: Nested): Told[] {
  const told: Told[] = [];
  for (const { path, as } of targets) {
    const turned = as ? as(value) : value;
    if (turned === undefined || (typeof turned === "number" && Number.isNaN(turned))) {
      told.push({ variable, reason: `says nothing for ${path}: ${JSON.stringify(value)}` });
    } else put(sections, path.split("."), turned);
  }
  return told;
}

/** Turns variables of Terraform into a stack's configuration. Pure. */
export function convertVariables(
  values: Readonly<Record<string, unknown>>,
  project: string,
  defaults: { readonly stage?: string | undefined; readonly owner?: string | undefined },
): Converted {
  const sections: Nested = {};
  const left: Told[] = [];
  const taken: { variable: string; path: string }[] = [];
  let region: unknown = "us-east-1";
  for (const [variable, value] of Object.entries(values)) {
    const target = variables[variable];
    if (isSecretName(variable)) {
      left.push({ variable, reason: "is a secret: pulumi config set --secret, or data.secrets" });
    } else if (isExpression(value)) {
      left.push({ variable, reason: "is an expression, not a value" });
    } else if (["region", "aws_region"].includes(variable)) {
      region = value;
      taken.push({ variable, path: "aws:region" });
    } else if (target) {
      const targets = Array.isArray(target) ? (target as readonly Target[]) : [target as Target];
      const told = convertOne(variable, value, targets, sections);
      left.push(...told);
      if (told.length === 0) taken.push(...targets.map(({ path }) => ({ variable, path })));
    } else left.push({ variable, reason: withoutCounterpart[variable] ?? "has no setting that is known" });
  }
  if (defaults.stage !== undefined) sections.stage = stageOf(defaults.stage) ?? defaults.stage;
  sections.owner = defaults.owner ?? sections.owner ?? "trading";
  if (needsNetwork.some((section) => section in sections) && !("network" in sections)) sections.network = {};
  const order = ["stage", "owner", "network"];
  const keys = [
    ...order.filter((key) => key in sections),
    ...Object.keys(sections).filter((key) => !order.includes(key)),
  ];
  const config = Object.fromEntries(keys.map((key) => [`${project}:${key}`, sections[key]]));
  return { config: { "aws:region": region, ...config }, taken, left };
}

/** What the program says of a configuration: its mistakes, as they would be shown at a deployment. */
export function mistakesOf(
  config: Readonly<Record<string, unknown>>,
  project: string,
  stack: string,
): string | undefined {
  const raw = Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => key.startsWith(`${project}:`))
      .map(([key, value]) => [key.slice(project.length + 1), value]),
  );
  try {
    validate({ project, organization: "organization", stack }, raw, String(config["aws:region"]));
    return undefined;
  } catch (error) {
    if (error instanceof ValidationError) return error.message;
    throw error;
  }
}

/** How a stack file is planned: by its stack's name, or as a file that lies elsewhere. */
function planCommand(file: string): string {
  const [, stack] = /^(?:\.\/)?Pulumi\.([\w-]+)\.yaml$/.exec(file) ?? [];
  return `npm run plan -- ${stack ?? `--config-file ${file}`}`;
}

/**
 * The stack file's text; what was left is a comment in it, so that nobody has to remember.
 * @param out the file that it is written to, as the user names it
 */
export function stackFileText({ config, left }: Converted, source: string, out = "<this file>"): string {
  const comments = [
    `# From ${source}. Look through it, then: ${planCommand(out)}`,
    ...left.map(({ variable, reason }) => `#   ${variable}: ${reason}`),
  ];
  return `${comments.join("\n")}\n${stringify({ config }, { lineWidth: 0 })}`;
}
