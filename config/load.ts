import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { boundaryPattern } from "../components/common/boundary";
import { throwIfAny, type Issue } from "../components/common/validation";
import { didYouMean, describeIssue, type FieldSchema } from "./describe-issue";
import { strayKeys } from "./namespaces";
import { judgeRegion } from "./regions";
import { contextFor, stages, type Section, type Stage } from "./section";
import { sections, type SectionKey, type SectionSettings } from "./sections";

/** What every stack says, whichever sections it turns on. */
export interface BaseSettings {
  readonly project: string;
  readonly organization: string;
  readonly stack: string;
  readonly stage: Stage;
  /** Team that answers for the stack; a tag of every resource. */
  readonly owner: string;
  /** Managed policy that bounds every role of the stack, by name or ARN; undefined for none. */
  readonly permissionsBoundary: string | undefined;
  readonly region: string;
}

/** A stack's validated configuration, every default filled in; a section that is off is undefined. */
export type Settings = BaseSettings & SectionSettings;

/** Keys beside the sections. */
export const baseKeys = ["stage", "owner", "permissionsBoundary"] as const;

const ownerPattern = /^[\w.@ +=:/-]{1,128}$/;

type Raw = Readonly<Record<string, unknown>>;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** All keys of the project. */
const knownKeys: readonly string[] = [...baseKeys, ...Object.keys(sections)];

/** Reads the engine's configuration of a project: keys without their namespace, objects parsed; and keys gone astray. */
export function readConfig(project: string): { raw: Raw; region: string | undefined; stray: Issue[] } {
  const raw: Record<string, unknown> = {};
  const config = pulumi.runtime.allConfig();
  for (const [key, text] of Object.entries(config)) {
    if (!key.startsWith(`${project}:`)) continue;
    const name = key.slice(project.length + 1);
    raw[name] = (baseKeys as readonly string[]).includes(name) ? text : parseJson(text);
  }
  const region = new pulumi.Config("aws").get("region") ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  return { raw, region, stray: strayKeys(project, config, knownKeys) };
}

function checkRegion(region: string | undefined): Issue[] {
  const judged = region ? judgeRegion(region) : undefined;
  if (judged && judged.is !== "wrong") return [];
  return [
    {
      path: "aws:region",
      problem: judged ? "is not a Region" : "is missing",
      value: region,
      allowed: "a Region's code such as us-east-1 (a Local Zone goes into the trader's or the network's settings)",
      fix: judged?.meant ? `Did you mean ${judged.meant}?` : "Set aws:region in the stack file.",
    },
  ];
}

function checkBase(raw: Raw, region: string | undefined): Issue[] {
  const issues: Issue[] = [];
  if (!stages.some((stage) => stage === raw.stage)) {
    issues.push({
      path: "stage",
      problem: raw.stage === undefined ? "is missing" : "is not a stage",
      value: raw.stage,
      allowed: "dev, qa (paper trading) or prod (live trading)",
      fix: "Set trading-platform:stage in the stack file; it decides every default.",
    });
  }
  if (typeof raw.owner !== "string" || !ownerPattern.test(raw.owner)) {
    issues.push({
      path: "owner",
      problem: raw.owner === undefined ? "is missing" : "cannot be a tag's value",
      value: raw.owner,
      allowed: "1 to 128 letters, digits, spaces and . _ @ + = : / -",
      fix: "Set trading-platform:owner to the team that answers for this stack.",
    });
  }
  const boundary = raw.permissionsBoundary ?? "";
  if (boundary !== "" && !(typeof boundary === "string" && boundaryPattern.test(boundary))) {
    issues.push({
      path: "permissionsBoundary",
      problem: "is no managed policy",
      value: boundary,
      allowed: "the name of a policy of this account, or an ARN such as arn:aws:iam::123456789012:policy/boundary",
      fix: "Take it from the delivery (pulumi -C delivery stack output permissionsBoundaries), or remove the key.",
    });
  }
  issues.push(...checkRegion(region));
  for (const key of Object.keys(raw).filter((name) => !knownKeys.includes(name))) {
    const close = didYouMean(key, knownKeys);
    issues.push({
      path: key,
      problem: "is not a section",
      value: raw[key],
      allowed: knownKeys.join(", "),
      fix: close ? `Did you mean ${close}? Otherwise remove the key.` : "Remove the key.",
    });
  }
  return issues;
}

/** JSON Schema of a section for a stage: the source of "allowed" in messages and of the reference. */
export function sectionSchema(key: SectionKey, stage: Stage, region: string): FieldSchema {
  const schema = (sections[key] as Section<z.ZodType>).schema(contextFor(stage, region));
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as FieldSchema;
}

/** True where a section is written and not switched off by `enabled: false`. */
function isOn(value: unknown): boolean {
  return (
    value !== undefined &&
    value !== false &&
    !(typeof value === "object" && value !== null && (value as Raw).enabled === false)
  );
}

/** A section's own settings, without `enabled`; undefined where it is no object. */
function withoutSwitch(value: unknown): Record<string, unknown> | undefined {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== "enabled"));
}

/**
 * Validates everything and fills in the stage's defaults. Where stage or Region are wrong, the relations between settings
 * are not looked at: they hang on both, and would be judged by a guess.
 * @param stray what was found wrong among the keys of other namespaces
 * @throws ValidationError with all mistakes at once.
 */
export function validate(
  base: Pick<BaseSettings, "project" | "organization" | "stack">,
  raw: Raw,
  region: string | undefined,
  stray: readonly Issue[] = [],
): Settings {
  const source = `Configuration of stack ${base.stack}`;
  const issues = [...stray, ...checkBase(raw, region)];
  const staged = stages.find((one) => one === raw.stage);
  const stage = staged ?? "prod";
  const isPlaced = checkRegion(region).length === 0;
  const place = region !== undefined && isPlaced ? region : "us-east-1";
  const values: Record<string, unknown> = {};
  for (const [key, section] of Object.entries(sections) as [SectionKey, Section<z.ZodType>][]) {
    if (!isOn(raw[key])) continue;
    const input = withoutSwitch(raw[key]);
    if (!input) {
      issues.push({
        path: key,
        problem: "is not an object",
        value: raw[key],
        allowed: Object.keys(sectionSchema(key, stage, place).properties ?? {}).join(", "),
        fix: `Write trading-platform:${key}: {} for the defaults, or remove the key.`,
      });
      continue;
    }
    const parsed = section.schema(contextFor(stage, place)).safeParse(input);
    if (parsed.success) values[key] = parsed.data;
    else {
      const schema = sectionSchema(key, stage, place);
      issues.push(...parsed.error.issues.flatMap((issue) => describeIssue(issue, input, schema, key)));
    }
    for (const other of section.requires ?? []) {
      if (isOn(raw[other])) continue;
      issues.push({
        path: key,
        problem: `needs the section ${other}, which is off`,
        fix: `Add trading-platform:${other} to the stack file (an empty object {} takes its defaults), or remove ${key}.`,
      });
    }
  }
  const { permissionsBoundary: named } = raw;
  const permissionsBoundary = typeof named === "string" && named !== "" ? named : undefined;
  const owner = typeof raw.owner === "string" ? raw.owner : ""; // a wrong one is among the issues already
  const settings = { ...base, stage, owner, permissionsBoundary, region: place, ...values };
  for (const [key, section] of Object.entries(sections) as [SectionKey, Section<z.ZodType>][]) {
    if (!staged || !isPlaced || !(key in values) || !section.check) continue;
    for (const issue of section.check(values[key], settings)) {
      issues.push({ ...issue, path: issue.path ? `${key}.${issue.path}` : key });
    }
  }
  throwIfAny(source, issues);
  return settings;
}

/** The settings of the stack that the engine, or the planner, runs. The only reader of configuration. */
export function loadSettings(): Settings {
  const project = pulumi.getProject();
  const { raw, region, stray } = readConfig(project);
  const base = { project, organization: pulumi.getOrganization(), stack: pulumi.getStack() };
  const settings = validate(base, raw, region, stray);
  if (judgeRegion(settings.region).is === "unknown") {
    void pulumi.log.warn(`aws:region: ${settings.region} is not a Region that this version knows`);
  }
  return settings;
}
