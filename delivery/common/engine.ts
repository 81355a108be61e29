import { spawnSync } from "node:child_process";
import { EvaluationError } from "./command";

/** How long one command of the engine may print, in bytes: a history of years is some 100 MB. */
const maxBuffer = 512 * 1024 * 1024;

/** Runs the Pulumi CLI in a project's folder and returns what it printed. @throws EvaluationError */
export function askPulumi(args: readonly string[], cwd: string): string {
  const run = spawnSync("pulumi", [...args, "--non-interactive", "--color", "never"], {
    cwd,
    encoding: "utf8",
    maxBuffer,
    env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "1" },
  });
  const what = `pulumi ${args.join(" ")}`;
  if (run.error && (run.error as NodeJS.ErrnoException).code === "ENOENT") {
    throw new EvaluationError(
      `${what}: the Pulumi CLI is not on the PATH\n  fix: install it (https://www.pulumi.com/docs/install/), or give the file that it would have printed`,
    );
  }
  if (run.status !== 0) {
    const said = (run.stderr || run.stdout || String(run.error)).trim().split("\n").slice(-6).join("\n  ");
    throw new EvaluationError(`${what} failed:\n  ${said}\n  fix: pulumi login, and a stack of that name`);
  }
  return run.stdout;
}
