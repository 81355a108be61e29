/** `terraform plan` of the same fleet, where terraform and its aws provider are installed. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";

/** Instances over one launch template, tagged as the fleet tags them; nothing is looked up, so that no account is asked. */
function program(models: number): unknown {
  const instances = Array.from({ length: models }, (_, index) => [
    `model_${index}`,
    {
      launch_template: { id: "lt-0123456789abcdef0", version: "1" },
      tags: { Name: `S${index}`, model: `lstm-outer_${index % 7}_inner_${index % 3}`, stage: "dev" },
    },
  ]);
  return {
    provider: {
      aws: {
        region: "us-east-1",
        access_key: "test",
        secret_key: "test",
        skip_credentials_validation: true,
        skip_metadata_api_check: true,
        skip_requesting_account_id: true,
      },
    },
    terraform: { required_providers: { aws: { source: "hashicorp/aws" } } },
    resource: { aws_instance: Object.fromEntries(instances) as unknown },
  };
}

/** Seconds and processor seconds of `terraform plan`; or why it was not measured. */
export function terraformPlan(models: number): { seconds: number; cpuSeconds: number } | string {
  const folder = mkdtempSync(path.join(tmpdir(), "bench-terraform-"));
  try {
    writeFileSync(path.join(folder, "main.tf.json"), JSON.stringify(program(models)));
    const run = (command: string) =>
      execFileSync("bash", ["-c", command], {
        cwd: folder,
        stdio: ["ignore", "pipe", "pipe"],
        timeout: 600_000,
      }).toString();
    run("terraform init -input=false -no-color");
    const times = run(
      "TIMEFORMAT='%R %U %S'; { time terraform plan -input=false -refresh=false -no-color -out plan.bin >/dev/null 2>&1 ; } 2>&1",
    );
    const [seconds = 0, user = 0, system = 0] = times.trim().split(" ").map(Number);
    return { seconds, cpuSeconds: user + system };
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    const why =
      stderr
        ?.toString()
        .trim()
        .split("\n")
        .find((line) => line.includes("Error")) ?? (error as Error).message;
    return why.split("\n")[0] ?? "it failed";
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
