import * as pulumi from "@pulumi/pulumi";

/** One mistake in what a user wrote: what, where, the value, what is allowed and how to mend it. */
export interface Issue {
  /** Key path as it is written in the stack file, such as `network.zones`, or an argument's path of a component. */
  readonly path: string;
  /** What is wrong, without the path. */
  readonly problem: string;
  /** The offending value as it was read; left out where it says nothing or could be a secret. */
  readonly value?: unknown;
  /** What would be accepted. */
  readonly allowed?: string;
  /** What to do about it. */
  readonly fix?: string;
}

/** Longest rendering of a value inside a message, in characters. */
const maxValueLength = 120;

function showValue(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > maxValueLength ? `${text.slice(0, maxValueLength)}…` : text;
}

/** Renders one issue as a few indented lines. */
export function formatIssue(issue: Issue): string {
  const lines = [`${issue.path}: ${issue.problem}`];
  if (issue.value !== undefined) lines.push(`  value:   ${showValue(issue.value)}`);
  if (issue.allowed) lines.push(`  allowed: ${issue.allowed}`);
  if (issue.fix) lines.push(`  fix:     ${issue.fix}`);
  return lines.map((line) => `  ${line}`).join("\n");
}

/**
 * All mistakes found in one go, thrown before any resource is registered, so that a wrong input never leaves half a
 * stack behind. As a `RunError` the engine prints its message without a stack trace.
 */
export class ValidationError extends pulumi.RunError {
  constructor(
    /** What was read: a stack file's name, or a component's class and name. */
    readonly source: string,
    readonly issues: readonly Issue[],
  ) {
    const count = issues.length === 1 ? "1 mistake" : `${issues.length} mistakes`;
    super(`${source}: ${count}\n${issues.map(formatIssue).join("\n")}`);
    this.name = "ValidationError";
  }
}

/** Throws a `ValidationError` when there is any issue; the one call at the end of every `validateFoo(args)`. */
export function throwIfAny(source: string, issues: readonly Issue[]): void {
  if (issues.length > 0) throw new ValidationError(source, issues);
}
