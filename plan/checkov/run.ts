/** Runs checkov over stacks, in a Python environment of its own. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { ensurePython } from "../python";
import { EvaluationError } from "../failure";
import { makePlan } from "../plan";
import { stackNames } from "../settings/project";
import type { Measured } from "./coverage";
import { toTerraformPlan } from "./terraform-plan";

const environment = {
  folder: path.join(".cache", "checkov"),
  requirements: path.join("plan", "checkov", "requirements.txt"),
};

interface Failed {
  readonly check_id: string;
  readonly check_name: string;
  readonly resource: string;
}
interface Output {
  readonly results: { readonly failed_checks: readonly Failed[] };
  readonly summary: {
    readonly parsing_errors: number;
    readonly resource_count: number;
    readonly checkov_version: string;
  };
}

/** Every stack and blueprint, as the planner's options: the blueprint's name stands for its file. */
export function everyStack(root: string): { readonly name: string; readonly configFile?: string }[] {
  const blueprints = readdirSync(path.join(root, "blueprints"))
    .filter((file) => /^[\w-]+\.yaml$/.test(file))
    .sort()
    .map((file) => ({ name: file.replace(/\.yaml$/, ""), configFile: path.join("blueprints", file) }));
  return [...stackNames(root).map((name) => ({ name })), ...blueprints];
}

async function runCheckov(python: string, file: string): Promise<Output> {
  const args = ["-f", file, "--framework", "terraform_plan", "-o", "json", "--quiet", "--compact", "--skip-download"];
  // Without `--soft-fail` a finding is an exit status of 1, the same as a crash.
  const { stdout } = await promisify(execFile)(path.join(path.dirname(python), "checkov"), [...args, "--soft-fail"], {
    env: { ...process.env, LOG_LEVEL: "ERROR" },
    maxBuffer: 1 << 28,
  });
  return JSON.parse(stdout) as Output;
}

/**
 * What checkov finds wrong in every stack and blueprint.
 * @throws EvaluationError where checkov cannot read an export whole
 */
export async function measure(root: string, progress: (line: string) => void): Promise<Measured> {
  const python = await ensurePython(root, progress, environment);
  const folder = mkdtempSync(path.join(tmpdir(), "checkov-"));
  const checks: Record<string, { title: string; stacks: Record<string, string[]> }> = {};
  let version = "";
  try {
    for (const { name, configFile } of everyStack(root)) {
      progress(`checkov over ${name}`);
      const { plan } = await makePlan({ root, policies: false, ...(configFile ? { configFile } : { stack: name }) });
      const exported = toTerraformPlan(plan);
      const file = path.join(folder, `${name}.json`);
      writeFileSync(file, JSON.stringify(exported));
      const { results, summary } = await runCheckov(python, file);
      const expected = exported.planned_values.root_module.resources.length;
      if (summary.parsing_errors > 0 || summary.resource_count !== expected) {
        throw new EvaluationError(`checkov read ${summary.resource_count} of the ${expected} resources of ${name}`);
      }
      version = summary.checkov_version;
      for (const { check_id: id, check_name: title, resource } of results.failed_checks) {
        const check = (checks[id] ??= { title, stacks: {} });
        (check.stacks[name] ??= []).push(resource);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { version, checks };
}
