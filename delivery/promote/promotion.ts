import { isDeepStrictEqual } from "node:util";
import { stages, type Stage } from "../../config";
import { configValue, type Update } from "../common/history";
import { isKept } from "./keep";
import { isObject, settingsOf, shownPath, valueAt, type Kind, type Setting, type Values } from "./values";

/** One side of a promotion. */
export interface Side {
  readonly stack: string;
  readonly stage: Stage;
  /** The stack file's `config`, by full key. */
  readonly config: Values;
}

/** A value that the later stage takes over. */
export interface Change {
  readonly path: readonly string[];
  /** Undefined where the later stage has none so far. */
  readonly before: unknown;
  readonly after: unknown;
}

/** A value that is not promoted, and why. */
export interface Refusal {
  readonly path: string;
  readonly value?: unknown;
  readonly reason: string;
}

export interface Promotion {
  readonly changes: readonly Change[];
  /** Values that the earlier stage has not run: with any of these nothing is promoted. */
  readonly refused: readonly Refusal[];
  /** Values for which the later stage has no place, or that were asked to stay. */
  readonly leftOut: readonly Refusal[];
}

export interface PromotionOptions {
  readonly project: string;
  readonly kinds: readonly Kind[];
  /** Paths that the later stage keeps as they are: `fleet.instanceType`; a section keeps all of its own. */
  readonly keep: readonly string[];
}

/** A digest that stands for "no image yet". */
const isPlaceholder = (value: unknown) => typeof value === "string" && /sha256:0{64}$/.test(value);

/** Why the earlier stage proves nothing at all; undefined where its last deployment is good. */
export function unproven(from: Side, history: readonly Update[]): string | undefined {
  const last = history.find(({ kind }) => kind === "update" || kind === "destroy");
  if (!last) return `${from.stack} was never deployed`;
  if (last.kind === "destroy") return `${from.stack} was destroyed on ${last.startTime}, after its last deployment`;
  if (last.result === "succeeded") return undefined;
  return `the last deployment of ${from.stack} (${last.startTime}) ${last.result === "failed" ? "failed" : `is ${last.result}`}`;
}

/** Why two stages are not neighbours; undefined where they are. */
export function outOfOrder(from: Side, to: Side): string | undefined {
  if (stages.indexOf(to.stage) === stages.indexOf(from.stage) + 1) return undefined;
  const named = [from, to].filter(({ stack, stage }) => stack !== stage);
  const are = [...new Set(named.map(({ stack, stage }) => `${stack} is ${stage}`))].join(" and ");
  return `values go one stage at a time, ${stages.join(" to ")}${are ? `; ${are}` : ""}`;
}

/** Why a value is not proven; undefined where the last deployment ran it. */
function notRun({ path, value }: Setting, last: Update): string | undefined {
  if (isPlaceholder(value)) return "is a placeholder: no image was ever pushed";
  const [key = "", ...below] = path;
  if (last.config?.[key]?.secret === true)
    return "cannot be compared: its section holds a secret in clear configuration";
  const ran = valueAt(configValue(last, key), below);
  if (isDeepStrictEqual(ran, value)) return undefined;
  return ran === undefined ? "was not run" : `was not run: the last deployment had ${JSON.stringify(ran)}`;
}

/** Where a fleet's model types are concerned, the later stage may lack the type's own entry: every field is optional. */
const mayBeMade = (path: readonly string[]) => path[1] === "modelTypes" && path.length === 4;

function noPlace({ path }: Setting, to: Side): string | undefined {
  const section = to.config[path[0] ?? ""];
  if (!isObject(section) || section.enabled === false) return `${to.stack} has no such section`;
  if (mayBeMade(path) || isObject(valueAt(to.config, path.slice(0, -1)))) return undefined;
  return `${to.stack} has no ${shownPath(path.slice(0, -1))}`;
}

/** The pointers that a live stage starts from are listed for the policy ami-proven, unless it keeps its list. */
function provenAmis(promoted: readonly Setting[], to: Side, { project, keep }: PromotionOptions): Change[] {
  const path = [`${project}:policies`, "provenAmis"];
  const before = valueAt(to.config, path);
  const listed = Array.isArray(before) ? (before as unknown[]) : [];
  const fresh = promoted
    .filter(({ kind }) => kind === "ami")
    .map(({ value }) => String(value).replace(/^resolve:ssm:/, ""))
    .filter((value) => !listed.includes(value));
  if (to.stage !== "prod" || fresh.length === 0 || isKept(shownPath(path), keep)) return [];
  return [{ path, before, after: [...listed, ...new Set(fresh)] }];
}

/**
 * What a promotion between neighbouring stages would change. Values are proven by having been in the configuration of the earlier stage's last
 * deployment, which has to have succeeded; its file may have been edited since. Pure.
 */
export function planPromotion(from: Side, to: Side, history: readonly Update[], options: PromotionOptions): Promotion {
  const whole = unproven(from, history);
  const last = history.find(({ kind }) => kind === "update");
  if (whole !== undefined || !last) {
    return { changes: [], leftOut: [], refused: [{ path: from.stack, reason: whole ?? "was never deployed" }] };
  }
  const refused: Refusal[] = [];
  const leftOut: Refusal[] = [];
  const promoted: Setting[] = [];
  for (const setting of settingsOf(from.config, options.project, options.kinds)) {
    const path = shownPath(setting.path);
    const kept = isKept(path, options.keep);
    const without = kept ? `${to.stack} keeps its own (--keep)` : noPlace(setting, to);
    const reason = without === undefined ? notRun(setting, last) : undefined;
    if (without !== undefined) leftOut.push({ path, value: setting.value, reason: without });
    else if (reason !== undefined) refused.push({ path, value: setting.value, reason });
    else promoted.push(setting);
  }
  if (refused.length > 0) return { changes: [], leftOut, refused };
  const changes = promoted
    .map(({ path, value }): Change => ({ path, before: valueAt(to.config, path), after: value }))
    .filter(({ before, after }) => !isDeepStrictEqual(before, after));
  return { changes: [...changes, ...provenAmis(promoted, to, options)], leftOut, refused };
}
