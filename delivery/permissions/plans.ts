import { execFile } from "node:child_process";
import * as path from "node:path";
import { promisify } from "node:util";
import { exitStatus } from "../../plan/failure";

/** What of a planned resource its permissions depend on. */
export interface PlannedResource {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** A stack as the planner sees it. */
export interface StackPlan {
  readonly stack: string;
  readonly stage: string;
  readonly resources: readonly PlannedResource[];
}

interface PlanJson extends StackPlan {
  readonly resources: readonly (PlannedResource & { readonly custom: boolean; readonly remote: boolean })[];
}

/** Longest plan, in bytes: a fleet of thousands is some 20 MB. */
const maxBuffer = 256 * 1024 * 1024;

/**
 * Plans a stack with the planner's own command. Not in this process: the planner's mocks would take the place of the engine
 * that deploys the roles.
 */
export async function planStack(root: string, stack: string): Promise<StackPlan> {
  const cli = path.join(root, "plan", "cli.ts");
  const args = ["--require", "tsx/cjs", cli, stack, "--no-policy", "--format", "json"];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, maxBuffer }).catch(
    (error: unknown) => {
      // A plan that a budget refuses is a plan all the same.
      const { code, stdout: printed } = error as { code?: unknown; stdout?: string };
      if (code === exitStatus.refused && printed) return { stdout: printed };
      throw error;
    },
  );
  const { stage, resources } = JSON.parse(stdout) as PlanJson;
  return { stack, stage, resources: resources.filter(({ custom, remote }) => custom || remote) };
}
