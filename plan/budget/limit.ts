/** A stack's budget from its estimate, so that both are one number. */
import { isMap, isScalar, parseDocument } from "yaml";
import { UsageError } from "../failure";

export interface LimitParts {
  /** The planner's estimate in USD a month. */
  readonly estimate: number;
  /** What is set aside for figures without a price, and what somebody adds, in USD a month. */
  readonly extra: number;
  readonly headroomPercent: number;
}

/** Limits are round numbers. */
const step = 10;

/** The limit in USD a month: estimate and extra with headroom, rounded up. */
export function limitOf({ estimate, extra, headroomPercent }: LimitParts): number {
  const cents = Math.round((estimate + extra) * (100 + headroomPercent));
  return Math.max(step, Math.ceil(cents / (100 * step)) * step);
}

/** A stack file's text with its limit set; everything else stays as it is written, to the byte. */
export function withLimit(text: string, project: string, monthlyUsd: number): string {
  const config = parseDocument(text).get("config");
  if (!isMap(config) || !config.range) throw new UsageError("the file has no config to set a budget in");
  const key = `${project}:budget`;
  const section = config.get(key, true);
  const limit = isMap(section) ? section.get("monthlyUsd", true) : undefined;
  if (isScalar(limit) && limit.range) {
    const [from, to] = limit.range;
    return `${text.slice(0, from)}${monthlyUsd}${text.slice(to)}`;
  }
  if (section !== undefined) throw new UsageError(`${key} has no monthlyUsd to set: write one and try again`);
  const [, , end] = config.range;
  const before = text.slice(0, end).replace(/\n*$/, "\n");
  return `${before}  ${key}:\n    monthlyUsd: ${monthlyUsd}\n${text.slice(end)}`;
}
