import type { z } from "zod";
import type { Issue } from "../components/common/validation";

/** Minimal edit distance of two short words, for "did you mean". */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}

/** The closest of the words, where it is close enough to be a slip of the hand. */
export function didYouMean(word: string, words: readonly string[]): string | undefined {
  const ranked = words.map((other) => ({ other, distance: editDistance(word.toLowerCase(), other.toLowerCase()) }));
  ranked.sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best && best.distance <= Math.max(2, Math.floor(word.length / 4)) ? best.other : undefined;
}

/** The part of JSON Schema that says what a field allows. */
export interface FieldSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly allowed?: string;
  readonly items?: FieldSchema;
  readonly anyOf?: readonly FieldSchema[];
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly additionalProperties?: FieldSchema | false;
  readonly required?: readonly string[];
}

/** The schema of a field by its path. */
export function fieldAt(schema: FieldSchema | undefined, path: readonly PropertyKey[]): FieldSchema | undefined {
  let at = schema;
  for (const step of path) {
    if (!at) return undefined;
    const alternatives: readonly FieldSchema[] = at.anyOf ?? [at];
    at = alternatives
      .map((one) => {
        if (typeof step === "number") return one.items;
        return one.properties?.[String(step)] ?? (one.additionalProperties || undefined);
      })
      .find((one) => one !== undefined);
  }
  return at;
}

function range(unit: string, low: number | undefined, high: number | undefined): string {
  if (low !== undefined && high !== undefined && high < Number.MAX_SAFE_INTEGER)
    return `${unit} from ${low} to ${high}`;
  if (low !== undefined && low > Number.MIN_SAFE_INTEGER) return `${unit} of at least ${low}`;
  if (high !== undefined && high < Number.MAX_SAFE_INTEGER) return `${unit} of at most ${high}`;
  return unit;
}

/** A choice as it is written: in quotes where YAML would read a number or a switch. */
function showChoice(value: unknown): string {
  return typeof value === "string" && /^([\d.]+|true|false|null)$/.test(value) ? JSON.stringify(value) : String(value);
}

/** Says in words what a field allows. */
export function describeAllowed(field: FieldSchema | undefined): string | undefined {
  if (!field) return undefined;
  if (field.allowed) return field.allowed;
  if (field.enum) return `one of ${field.enum.map(showChoice).join(", ")}`;
  if (field.const !== undefined) return JSON.stringify(field.const);
  if (field.anyOf) return field.anyOf.map((one) => describeAllowed(one)).join(", or ");
  switch (field.type) {
    case "integer":
      return range("a whole number", field.minimum ?? field.exclusiveMinimum, field.maximum);
    case "number":
      return range("a number", field.minimum ?? field.exclusiveMinimum, field.maximum);
    case "string":
      if (field.pattern) return `text that matches ${field.pattern}`;
      return field.minLength || field.maxLength
        ? range("text with a length", field.minLength, field.maxLength)
        : "text";
    case "boolean":
      return "true or false";
    case "array":
      return `${range("a list", field.minItems, field.maxItems)} of ${describeAllowed(field.items) ?? "values"}`;
    case "object":
      return field.properties ? `an object with ${Object.keys(field.properties).join(", ")}` : "an object";
    default:
      return undefined;
  }
}

/** Path as a user would write it: `services.bot.ports[0]`. */
export function showPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    return text ? `${text}.${String(step)}` : String(step);
  }, "");
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, step) => (at === null || typeof at !== "object" ? undefined : (at as Record<PropertyKey, unknown>)[step]),
    value,
  );
}

const nameOfType = (value: unknown) =>
  value === null
    ? "empty"
    : Array.isArray(value)
      ? "a list"
      : typeof value === "object"
        ? "an object"
        : `a ${typeof value}`;

/** Whether a text is what a field allows, as far as its schema says. */
function allowsText(field: FieldSchema | undefined, text: string): boolean {
  if (!field) return false;
  if (field.anyOf) return field.anyOf.some((one) => allowsText(one, text));
  if (field.enum) return field.enum.includes(text);
  if (field.const !== undefined) return field.const === text;
  return field.type === "string" && (field.pattern === undefined || new RegExp(field.pattern).test(text));
}

/** Turns one of zod's issues into ours; unknown keys become one issue each. `input` is what was validated. */
export function describeIssue(issue: z.core.$ZodIssue, input: unknown, schema: FieldSchema, root: string): Issue[] {
  const path = showPath([root, ...issue.path]);
  const field = fieldAt(schema, issue.path);
  const value = valueAt(input, issue.path);
  const allowed = describeAllowed(field);
  const fix = field?.description ? `${field.description.replace(/\.$/, "")}.` : undefined;
  const isScalar = typeof value === "number" || typeof value === "boolean";
  if (isScalar && issue.code.startsWith("invalid_") && allowsText(field, String(value))) {
    const key = issue.path.at(-1);
    const quoted = `${typeof key === "string" ? `${key}: ` : ""}"${value}"`;
    return [{ path, problem: `is ${nameOfType(value)}, not text`, value, allowed, fix: `Put it in quotes: ${quoted}` }];
  }
  if (value === undefined && ["invalid_type", "invalid_value", "invalid_union"].includes(issue.code))
    return [{ path, problem: "is missing", allowed, fix: fix ? `Set it: ${fix}` : "Set it." }];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => {
        const known = Object.keys(field?.properties ?? {});
        const close = didYouMean(key, known);
        return {
          path: showPath([root, ...issue.path, key]),
          problem: "is not a setting",
          value: valueAt(value, [key]),
          allowed: known.join(", "),
          fix: close ? `Did you mean ${close}? Otherwise remove the key.` : "Remove the key.",
        };
      });
    case "invalid_type":
      return [{ path, problem: `is ${nameOfType(value)}`, value, allowed, fix }];
    case "too_small":
    case "too_big":
      return [{ path, problem: issue.code === "too_small" ? "is too small" : "is too large", value, allowed, fix }];
    case "invalid_value":
    case "invalid_union":
      return [{ path, problem: "is not one of the choices", value, allowed, fix }];
    case "invalid_format":
      return [
        { path, problem: issue.message.startsWith("is ") ? issue.message : "has the wrong form", value, allowed, fix },
      ];
    default:
      return [{ path, problem: issue.message, value, allowed, fix }];
  }
}
