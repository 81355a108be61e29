import { sectionSchema, type SectionKey, type Stage } from "../../config";
import { didYouMean, fieldAt, type FieldSchema } from "../../config/describe-issue";
import { isObject, valueAt, type Values } from "./values";

/** Where a path of `--keep` may lead: the later stage's settings, and the names that the two files give things. */
export interface KeepPlaces {
  readonly project: string;
  readonly stage: Stage;
  readonly region: string;
  readonly sections: readonly SectionKey[];
  /** `config` of both stack files: services, groups and model types are called as they say. */
  readonly configs: readonly Values[];
}

/** Whether a path is among those that stay: named itself, or by what it lies in. */
export const isKept = (path: string, keep: readonly string[]): boolean =>
  keep.some((one) => path === one || path.startsWith(`${one}.`));

/** What can stand below a path: a schema's own settings, and the names under which the files hold the like. */
function namesBelow(field: FieldSchema | undefined, values: readonly unknown[]): string[] {
  const alternatives = field?.anyOf ?? (field ? [field] : []);
  const own = alternatives.flatMap(({ properties }) => Object.keys(properties ?? {}));
  const named = alternatives.some(({ additionalProperties }) => Boolean(additionalProperties));
  return [...new Set([...own, ...(named ? values.filter(isObject).flatMap(Object.keys) : [])])];
}

/**
 * What is wrong with a path of `--keep`; undefined where it is a setting, or a part of the configuration. One that led
 * nowhere would protect nothing without a word.
 */
export function keepProblem(keep: string, places: KeepPlaces): string | undefined {
  const steps = keep.split(".");
  const section = places.sections.find((one) => one === steps[0]);
  const schema = section && sectionSchema(section, places.stage, places.region);
  for (const [depth, step] of steps.entries()) {
    const below = steps.slice(1, depth);
    const at = [`${places.project}:${steps[0] ?? ""}`, ...below];
    const allowed =
      depth === 0
        ? places.sections
        : namesBelow(
            fieldAt(schema, below),
            places.configs.map((config) => valueAt(config, at)),
          );
    if (allowed.some((name) => name === step)) continue;
    const close = didYouMean(step, allowed);
    const meant = [...steps.slice(0, depth), close, ...steps.slice(depth + 1)].join(".");
    return [
      `--keep ${keep}: is no setting`,
      allowed.length > 0 ? `  allowed: ${[...steps.slice(0, depth), allowed.join(", ")].join(".")}` : "",
      close ? `  fix: Did you mean ${meant}?` : "",
    ]
      .filter(Boolean)
      .join("\n");
  }
  return undefined;
}
