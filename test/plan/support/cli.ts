import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { projectRoot } from "../../../plan/settings/project";

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the planner as a user does, in a process of its own. */
export function plan(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const child = spawn(process.execPath, ["--require", "tsx/cjs", "plan/cli.ts", ...args], {
    cwd: projectRoot(),
    env: { ...process.env, npm_lifecycle_event: "test", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, stdout, stderr }));
  });
}

/** A folder that is gone after the test. */
export class Scratch {
  readonly folder = mkdtempSync(path.join(tmpdir(), "plan-test-"));
  file = (name: string) => path.join(this.folder, name);
  files = () => readdirSync(this.folder).sort();
  remove = () => rmSync(this.folder, { recursive: true, force: true });
}
