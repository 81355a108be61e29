import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { checks, oldestNode, uses, type Machine } from "../../doctor/checks";
import { main } from "../../doctor/cli";
import { examine, isReady, renderReport } from "../../doctor/report";
import { lt } from "../../doctor/versions";
import { projectRoot } from "../../plan/settings/project";
import { captured } from "../support/command";

interface Scripts {
  readonly scripts: Readonly<Record<string, string>>;
}

/** A machine on which every program answers, changed for a test. */
function machine(changes: Partial<Machine> = {}, missing: readonly string[] = []): Machine {
  return {
    root: "/project",
    nodeVersion: "24.1.0",
    env: {},
    run: (name, ...args) =>
      missing.includes(name) ? undefined : args[0] === "plugin" ? "NAME VERSION\naws  resource  7.48.0" : `${name} 1.2`,
    exists: (file) => !file.includes(".pulumi"),
    packageVersion: () => "7.48.0",
    list: () => ["15"],
    ...changes,
  };
}

const missingOn = (one: Machine) =>
  examine(one, uses)
    .filter(({ ok }) => !ok)
    .map(({ check, found }) => `${check.name}: ${found}`);

describe("npm run doctor", () => {
  it("finds nothing missing on a machine with everything", () => {
    assert.deepEqual(missingOn(machine()), []);
    const report = renderReport(examine(machine(), uses), uses);
    for (const use of uses) assert.match(report, new RegExp(`\n${use}: ready `));
  });

  for (const [program, name] of [
    ["python3", "Python 3 with venv: not found"],
    ["shellcheck", "shellcheck: not found"],
    ["pgbackrest", "pgBackRest: not found"],
    ["redis-server", "Redis's server: not found"],
    ["chromium", "Chromium: not found"],
    ["aws", "AWS credentials: no answer from aws sts get-caller-identity"],
    ["kubectl", "kubectl: not found"],
    ["docker", "Docker: not found"],
  ] as const) {
    it(`names ${program} where it is missing, and nothing else`, () => {
      assert.deepEqual(missingOn(machine({}, [program])), [name]);
    });
  }

  it("names the CLI, the plugin and the login where there is no Pulumi", () => {
    const found = [
      "the Pulumi CLI: not found",
      "Pulumi's aws plugin: not fetched yet",
      "a place for state: not logged in",
    ];
    assert.deepEqual(missingOn(machine({}, ["pulumi"])), found);
  });

  it("names an old Node.js, packages that are not installed, a Python without venv, and no PostgreSQL", () => {
    assert.deepEqual(missingOn(machine({ nodeVersion: "20.11.1" })), [`Node.js ${oldestNode} or newer: 20.11.1`]);
    const bare = machine({ exists: () => false, list: () => [] });
    assert.deepEqual(missingOn(bare), [
      "the project's packages: node_modules lacks @pulumi/aws",
      "PostgreSQL's server: not found",
    ]);
    const run: Machine["run"] = (name, ...args) => (args[0] === "-c" ? undefined : machine().run(name, ...args));
    assert.deepEqual(missingOn(machine({ run })), ["Python 3 with venv: python3 1.2 without venv"]);
  });

  it("finds Pulumi where its installer put it, and says what is missing is the PATH", () => {
    const own = "/home/me/.pulumi/bin/pulumi";
    const run: Machine["run"] = (name, ...args) =>
      name === "pulumi" ? undefined : machine().run(name === own ? "pulumi" : name, ...args);
    const off = machine({ env: { HOME: "/home/me" }, exists: () => true, run });
    assert.deepEqual(missingOn(off), ["the Pulumi CLI: is in /home/me/.pulumi/bin, which is not on the PATH"]);
    assert.match(
      renderReport(examine(off, ["sandbox"]), ["sandbox"]),
      /\n {2}mend: export PATH="\/home\/me\/\.pulumi\/bin:\$PATH", or open a new terminal\n/,
    );
  });

  it("names the version of the aws plugin that the program asks for; another does not do", () => {
    const other = machine({ packageVersion: () => "7.49.0" });
    assert.deepEqual(missingOn(other), ["Pulumi's aws plugin: only 7.48.0: the program asks for 7.49.0"]);
    assert.match(
      renderReport(examine(other, ["engine"]), ["engine"]),
      /perhaps: .*`pulumi plugin install resource aws 7\.49\.0`\n/,
    );
  });

  it("says of a Node.js that works with warnings which these are", () => {
    const node = (nodeVersion: string) => examine(machine({ nodeVersion }), ["plan"])[0];
    assert.match(node("20.19.0")?.found ?? "", /^20\.19\.0; it works, with warnings: EBADENGINE .* 24 has none$/);
    assert.deepEqual([node("20.19.0")?.ok, node("22.1.0")?.found, node("24.1.0")?.found], [true, "22.1.0", "24.1.0"]);
  });

  it("tells each use apart, and says how to mend what it lacks", () => {
    const looked = examine(machine({}, ["chromium", "docker"]), uses);
    assert.deepEqual(
      uses.filter((use) => !isReady(looked, use)),
      ["test"],
    );
    const report = renderReport(looked, uses);
    assert.match(report, /test: not ready .*\n {2}mend: sudo apt-get install -y chromium\n/);
    assert.match(report, /account: ready .*\n {2}perhaps: install Docker /);
    for (const { mend } of checks) assert.ok(mend.length > 5);
  });

  it("is ready to plan on the machine that runs this test, and refuses a use that is none", async () => {
    const ready = await captured((argv) => Promise.resolve(main(argv)), "plan");
    assert.equal(ready.status, 0, ready.stdout);
    assert.match(ready.stdout, /plan: ready/);
    const help = await captured((argv) => Promise.resolve(main(argv)), "--help");
    assert.match(help.stdout, /0 the named uses are ready, or without one the planner; 1 /);
    const wrong = await captured((argv) => Promise.resolve(main(argv)), "flying");
    assert.equal(wrong.status, 2);
    assert.equal(
      wrong.stderr.trim(),
      "flying: is no use of the project; there are: plan, test, sandbox, engine, account",
    );
  });

  it("says npm ci where the packages are not installed, and not what the loader would say", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "new-machine-"));
    copyFileSync(path.join(projectRoot(), "doctor/start.cjs"), path.join(folder, "start.cjs"));
    const run = spawnSync(process.execPath, [path.join(folder, "start.cjs")], { encoding: "utf8" });
    assert.equal(run.status, 1);
    assert.match(run.stdout, /packages are not installed.*\n\n {2}npm ci\n$/s);
    assert.equal(run.stderr, "");
  });

  it("starts by npm run doctor, and passes its arguments and its status on", () => {
    const scripts = (JSON.parse(readFileSync(path.join(projectRoot(), "package.json"), "utf8")) as Scripts).scripts;
    const [program, ...args] = (scripts.doctor ?? "").split(" ");
    assert.equal(program, "node");
    const run = spawnSync(process.execPath, [...args, "flying"], { cwd: projectRoot(), encoding: "utf8" });
    assert.equal(run.status, 2, run.stderr);
    assert.match(run.stderr, /^flying: is no use of the project/);
  });

  it("compares versions by their numbers", () => {
    assert.ok(lt("20.9.0", "20.19.0") && lt("18.20.4", "20.19.0") && lt("20.19.0", "20.19.1"));
    assert.ok(!lt("20.19.0", "20.19.0") && !lt("24.0.0", "20.19.0"));
  });
});
