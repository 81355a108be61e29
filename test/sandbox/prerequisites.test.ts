import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { projectRoot } from "../../sandbox/emulator";
import { EvaluationError } from "../../plan/failure";
import { findEngine, MissingError, neededAwsPlugin, requireEngine } from "../../sandbox/prerequisites";
import { ensurePython } from "../../plan/python";

const root = projectRoot();

/** A PATH with nothing on it but what a test puts there. */
function withPath<T>(programs: Readonly<Record<string, string>>, work: (folder: string) => T): T {
  const folder = mkdtempSync(path.join(tmpdir(), "programs-"));
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(path.join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(path.join(folder, name), 0o755);
  }
  const before = process.env.PATH;
  process.env.PATH = folder;
  const after = () => {
    process.env.PATH = before;
    rmSync(folder, { recursive: true });
  };
  try {
    const result = work(folder);
    if (result instanceof Promise) return result.finally(after) as T;
    after();
    return result;
  } catch (error) {
    after();
    throw error;
  }
}

/** A `pulumi` with these plugins, which cannot fetch another. */
const pulumi = (plugins: readonly object[]) => `
case "$1 $2" in
  "plugin ls") echo '${JSON.stringify(plugins)}' ;;
  "plugin install") echo "error: 403 HTTP error fetching plugin" >&2; exit 1 ;;
  *) echo v3.258.0 ;;
esac`;

describe("what the sandbox needs of a machine", () => {
  it("says how to get the Pulumi CLI where there is none", () => {
    withPath({}, () => {
      assert.equal(findEngine(), undefined);
      assert.throws(
        () => requireEngine(root, () => undefined),
        (error: unknown) =>
          error instanceof MissingError && /no `pulumi` on the PATH[\s\S]*docs\/install/.test(error.message),
      );
    });
  });

  it("finds the CLI with its plugins", () => {
    const [name, version] = neededAwsPlugin(root).split("-");
    withPath({ pulumi: pulumi([{ name, version, kind: "resource" }]) }, (folder) => {
      assert.deepEqual(findEngine(), { binFolder: folder, version: "v3.258.0", plugins: [`${name}-${version}`] });
      assert.equal(requireEngine(root, () => undefined).version, "v3.258.0");
    });
  });

  it("tries to fetch the aws plugin, and says what became of that", () => {
    const said: string[] = [];
    withPath({ pulumi: pulumi([{ name: "aws", version: "6.0.0", kind: "resource" }]) }, () => {
      assert.throws(
        () => requireEngine(root, (line) => said.push(line)),
        (error: unknown) =>
          error instanceof MissingError &&
          /could not be fetched[\s\S]*403[\s\S]*plugin install resource aws/.test(error.message),
      );
    });
    assert.match(said.join(), /Fetching Pulumi's aws plugin 7\./);
  });

  const emptyProject = (folder: string) => {
    mkdirSync(path.join(folder, "project", "sandbox"), { recursive: true });
    writeFileSync(path.join(folder, "project", "sandbox", "requirements.txt"), "moto==5.2.5\n");
    return path.join(folder, "project");
  };

  it("says which Python it wants where there is none, or an old one", async () => {
    await withPath({ python3: "echo 3.8" }, async (folder) => {
      await assert.rejects(
        ensurePython(emptyProject(folder), () => undefined),
        (error: unknown) =>
          error instanceof EvaluationError &&
          /needs Python 3\.10[\s\S]*python3 is version 3\.8[\s\S]*python3-venv/.test(error.message),
      );
    });
  });

  it("says what venv printed when it fails", async () => {
    const python3 = `case "$1" in -c) echo 3.12 ;; *) echo "ensurepip is not available" >&2; exit 1 ;; esac`;
    await withPath({ python3 }, async (folder) => {
      await assert.rejects(
        ensurePython(emptyProject(folder), () => undefined),
        /-m venv \.emulator failed[\s\S]*ensurepip is not available[\s\S]*python3-venv/,
      );
    });
  });

  it("says what pip printed when it fails", async () => {
    await withPath({ python3: "echo 3.12" }, async (folder) => {
      const project = emptyProject(folder);
      mkdirSync(path.join(project, ".emulator", "bin"), { recursive: true });
      const python = path.join(project, ".emulator", "bin", "python");
      writeFileSync(python, `#!/bin/sh\necho "No matching distribution found for moto==5.2.5" >&2\nexit 1\n`);
      chmodSync(python, 0o755);
      await assert.rejects(
        ensurePython(project, () => undefined),
        /pip could not install[\s\S]*No matching distribution[\s\S]*PIP_INDEX_URL/,
      );
    });
  });
});
