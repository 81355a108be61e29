/** The plan that another one is compared with: a file that the planner wrote, or the project at a git ref. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { z } from "zod";
import { formatIssue } from "../../components/common/validation";
import { describeIssue, type FieldSchema } from "../../config/describe-issue";
import { EvaluationError, UsageError } from "../failure";
import { planSchema, type Plan } from "../json";
import type { PlanOptions } from "../plan";
import { isFile, userPath } from "../settings/project";

function fromFile(file: string, shown: string): Plan {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(`--diff ${shown} is not JSON: ${(error as Error).message}`);
  }
  const parsed = planSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const form = z.toJSONSchema(planSchema) as FieldSchema;
  const [issue] = parsed.error.issues.slice(0, 1).flatMap((first) => describeIssue(first, content, form, ""));
  const fix = "Name a file written with --format json --out, or a git ref.";
  throw new UsageError(`--diff ${shown} is not a plan: ${issue ? formatIssue({ ...issue, fix }).trimStart() : fix}`);
}

function git(root: string, args: readonly string[], input?: Buffer): Buffer {
  return execFileSync("git", ["-C", root, ...args], {
    input,
    stdio: ["pipe", "pipe", "pipe"],
    maxBuffer: 1024 * 1024 * 1024,
  });
}

/** Commit that a ref names. */
function commitOf(root: string, ref: string): string {
  try {
    if (ref.startsWith("-")) throw new Error("an option");
    return git(root, ["rev-parse", "--verify", "--quiet", `${ref}^{commit}`])
      .toString()
      .trim();
  } catch {
    throw new UsageError(
      `--diff ${ref}: is neither a file nor a commit of this repository\n  allowed: plan.json, main, HEAD~1, a tag`,
    );
  }
}

/** Where a file of the project lies in the copy. */
function inCopy(file: string | undefined, root: string, copy: string): string | undefined {
  if (file === undefined) return undefined;
  const absolute = userPath(file, root);
  const relative = path.relative(root, absolute);
  return relative.startsWith("..") || path.isAbsolute(relative) ? absolute : path.join(copy, relative);
}

async function fromCommit(
  ref: string,
  commit: string,
  options: PlanOptions,
  plan: (options: PlanOptions) => Promise<Plan>,
): Promise<Plan> {
  const { root } = options;
  const copy = mkdtempSync(path.join(tmpdir(), "plan-base-"));
  try {
    // The project may lie below the repository's top: an archive made from inside it holds the project alone.
    const archive = git(root, ["archive", "--format=tar", commit]);
    execFileSync("tar", ["-x", "-C", copy], { input: archive, maxBuffer: 1024 * 1024 * 1024 });
    symlinkSync(path.join(root, "node_modules"), path.join(copy, "node_modules"));
    return await plan({ ...options, root: copy, configFile: inCopy(options.configFile, root, copy) });
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`The project at ${ref}: ${error.message}`);
    throw new EvaluationError(`The project at ${ref}: ${(error as Error).message}`);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** A base that is known to be there, and is planned when it is asked for. */
export type Base = (plan: (options: PlanOptions) => Promise<Plan>) => Promise<Plan>;

/**
 * Looks the base of a comparison up.
 * @throws UsageError where it is neither a plan's file nor a commit
 */
export function openBase(base: string, options: PlanOptions): Base {
  const file = userPath(base, options.root);
  if (isFile(file)) {
    const plan = fromFile(file, base);
    return () => Promise.resolve(plan);
  }
  const commit = commitOf(options.root, base);
  return (plan) => fromCommit(base, commit, options, plan);
}
