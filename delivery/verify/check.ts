import type { Settings } from "../../config";

/** What is looked at, in the order of the report. */
export const checkNames = ["endpoints", "health", "alarms", "fleet", "schedules"] as const;
export type CheckName = (typeof checkNames)[number];

/** One thing that is not as it should be. */
export interface Finding {
  /** The resource, as AWS or the listing calls it. */
  readonly what: string;
  /** What is wrong with it. */
  readonly problem: string;
}

/** `unknown`: the question could not be asked; `skipped`: the stack has nothing that it is about. */
export type CheckStatus = "pass" | "fail" | "unknown" | "skipped";

export interface CheckResult {
  readonly name: CheckName;
  readonly status: CheckStatus;
  /** One sentence, with the numbers that it rests on. */
  readonly summary: string;
  readonly findings: readonly Finding[];
}

/** What a check is told of the stack that it looks at. */
export interface Subject {
  readonly settings: Settings;
  /** Stack outputs, as `pulumi stack output --json` prints them. */
  readonly outputs: () => Readonly<Record<string, unknown>>;
  /** Further addresses that must answer. */
  readonly urls: readonly string[];
  /** Region, profile and attempts of AWS's clients. */
  readonly client: Readonly<{ region: string; profile?: string; maxAttempts: number }>;
  /** Folder that a listing's path is relative to. */
  readonly root: string;
  readonly now: Date;
}

export type Check = (subject: Subject) => Promise<CheckResult>;

/** Passes without findings, else fails. */
export function judged(name: CheckName, findings: readonly Finding[], summary: string): CheckResult {
  return { name, status: findings.length === 0 ? "pass" : "fail", summary, findings };
}

export function skipped(name: CheckName, why: string): CheckResult {
  return { name, status: "skipped", summary: why, findings: [] };
}

/** The tags that tell a stack's resources from everything else in the account. */
export function isOfStack(tags: Readonly<Record<string, string>>, { project, stack }: Settings): boolean {
  return tags.project === project && tags.stack === stack;
}

interface AnyTag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
  readonly key?: string | undefined;
  readonly value?: string | undefined;
}

/** Tags as AWS lists them, whichever way a service spells it. */
export function tagsOf(list: readonly AnyTag[] | undefined): Record<string, string> {
  return Object.fromEntries((list ?? []).map((tag) => [tag.Key ?? tag.key ?? "", tag.Value ?? tag.value ?? ""]));
}

/** Text of a count with its noun. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;
