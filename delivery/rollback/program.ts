import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync, symlinkSync } from "node:fs";
import * as path from "node:path";
import { EvaluationError } from "../common/command";
import type { Update } from "../common/history";

function git(root: string, ...args: string[]): string {
  const run = spawnSync("git", args, { cwd: root, encoding: "utf8" });
  if (run.status !== 0)
    throw new EvaluationError(`git ${args.join(" ")} failed: ${(run.stderr || String(run.error)).trim()}`);
  return run.stdout.trim();
}

/** The program that a rollback runs. */
export interface Program {
  /** Folder with its `Pulumi.yaml`. */
  readonly folder: string;
  /** What to tell of it. */
  readonly note: string;
  /** Removes what was made for it. */
  readonly close: () => void;
}

/**
 * The program of a former deployment: the files as they are where they are of its commit (or nothing says of which), else
 * the commit in a work tree of its own, with the same packages or its own.
 * @throws EvaluationError where the commit is not in the repository
 */
export function programOf(good: Update, root: string, work: string): Program {
  const commit = good.environment?.["git.head"];
  const here = { folder: root, close: () => undefined };
  if (commit === undefined) return { ...here, note: "the history names no commit: the program is as it is now" };
  const dirty =
    good.environment?.["git.dirty"] === "true" ? " (with changes that were not committed, and are not known)" : "";
  if (git(root, "rev-parse", "HEAD") === commit)
    return { ...here, note: `program of commit ${commit.slice(0, 12)}${dirty}` };
  // The project may lie below the repository's top, where its packages are.
  const top = git(root, "rev-parse", "--show-toplevel");
  const tree = path.join(work, "program");
  const folder = path.join(tree, path.relative(top, realpathSync(root)));
  if (existsSync(tree)) git(root, "worktree", "remove", "--force", tree);
  git(root, "worktree", "add", "--detach", tree, commit);
  const close = () => void git(root, "worktree", "remove", "--force", tree);
  if (!existsSync(folder)) {
    close();
    throw new EvaluationError(`Commit ${commit} has no folder ${path.relative(top, root)}`);
  }
  const lock = (at: string) => readFileSync(path.join(at, "package-lock.json"), "utf8");
  if (lock(top) === lock(tree)) symlinkSync(path.join(top, "node_modules"), path.join(tree, "node_modules"));
  else {
    const installed = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: tree, encoding: "utf8" });
    if (installed.status !== 0) {
      close();
      throw new EvaluationError(`npm ci of commit ${commit} failed:\n${installed.stderr.trim()}`);
    }
  }
  return { folder, close, note: `program of commit ${commit.slice(0, 12)}${dirty}` };
}
