import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a script's run came to. */
export interface ScriptRun {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
  /** Calls of the stubs in order, each as one line of words. */
  readonly calls: readonly string[];
}

/** A folder in which a boot script runs for real, with commands of the host that cannot run here in place of AWS's image. */
export class ScriptFolder {
  readonly folder = mkdtempSync(join(tmpdir(), "boot-script-"));
  readonly #bin = join(this.folder, "bin");
  readonly #log = join(this.folder, "calls");

  constructor() {
    mkdirSync(this.#bin);
  }

  file(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  read(...parts: string[]): string {
    return readFileSync(this.file(...parts), "utf8");
  }

  has(...parts: string[]): boolean {
    return existsSync(this.file(...parts));
  }

  /** A command that writes its words down and then does what `body` says. */
  stub(name: string, body = ""): this {
    const path = join(this.#bin, name);
    writeFileSync(path, `#!/bin/bash\nprintf '%s\\n' "${name} $*" >>'${this.#log}'\n${body}\n`);
    chmodSync(path, 0o755);
    return this;
  }

  run(script: string, words: readonly string[] = [], environment: Readonly<Record<string, string>> = {}): ScriptRun {
    const path = this.file("script");
    writeFileSync(path, script, { mode: 0o755 });
    writeFileSync(this.#log, "");
    const { status, stdout, stderr } = spawnSync("bash", [path, ...words], {
      encoding: "utf8",
      env: { ...process.env, PATH: `${this.#bin}:${process.env.PATH ?? ""}`, ...environment },
    });
    const calls = readFileSync(this.#log, "utf8").split("\n").filter(Boolean);
    return { status, out: stdout, err: stderr, calls };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What shellcheck says of a script; nothing is right. */
export function shellcheck(script: string, exclude: readonly string[] = []): string {
  const words = ["--shell", "bash", ...exclude.map((code) => `--exclude=${code}`), "-"];
  const { error, stdout } = spawnSync("shellcheck", words, { input: script, encoding: "utf8" });
  if (error) throw new Error("shellcheck is needed: apt-get install shellcheck");
  return stdout;
}
