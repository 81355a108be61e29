import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import * as path from "node:path";
import { parse } from "yaml";
import { projectRoot } from "../../sandbox/emulator";

const root = projectRoot();
const folder = path.join(root, ".github/workflows");
const names = readdirSync(folder).filter((name) => name.endsWith(".yml"));
const text = (name: string) => readFileSync(path.join(folder, name), "utf8");

interface Job {
  readonly if?: string;
  readonly needs?: string | string[];
  readonly uses?: string;
  readonly environment?: string;
  readonly permissions?: Record<string, string>;
  readonly "timeout-minutes"?: number;
  readonly with?: Record<string, string>;
  readonly strategy?: { readonly matrix?: { readonly include?: Record<string, string>[] } };
  readonly steps?: {
    readonly uses?: string;
    readonly run?: string;
    readonly if?: string;
    readonly name?: string;
    readonly "continue-on-error"?: boolean;
  }[];
}
interface Workflow {
  readonly on: Record<string, unknown>;
  readonly permissions?: Record<string, string>;
  readonly concurrency?: { readonly group: string; readonly "cancel-in-progress": boolean };
  readonly jobs: Record<string, Job>;
}
const workflow = (name: string) => parse(text(name)) as Workflow;

describe("workflows", () => {
  it("are what actionlint and shellcheck find nothing in", function () {
    const places = [
      ...(process.env.PATH ?? "").split(":"),
      path.join(root, ".cache/bin"),
      path.join(homedir(), "go/bin"),
    ];
    const actionlint = places.map((at) => path.join(at, "actionlint")).find((file) => existsSync(file));
    if (!actionlint) {
      console.error("      skipped: actionlint is not on this machine; `npm run lint` builds it");
      return this.skip();
    }
    const env = { ...process.env, PATH: `${path.dirname(actionlint)}:${process.env.PATH}` };
    const { status, stdout, stderr } = spawnSync("bash", [".ci/actionlint"], { cwd: root, encoding: "utf8", env });
    assert.equal(status, 0, stdout + stderr);
  });

  it("take every action by its commit, and say which version that is", () => {
    const files = [
      ...names.map((name) => path.join(folder, name)),
      path.join(root, ".github/actions/setup/action.yml"),
    ];
    let actions = 0;
    for (const file of files) {
      for (const [line, action = ""] of readFileSync(file, "utf8").matchAll(/^.*\buses: (\S+).*$/gm)) {
        if (action.startsWith("./")) continue;
        actions++;
        assert.match(
          line,
          /uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+(\.\d+)*$/,
          `${path.basename(file)}: ${line.trim()}`,
        );
      }
    }
    assert.ok(actions > 10);
  });

  it("hold no long-lived key, and start with reading alone", () => {
    for (const name of names) {
      assert.ok(!/\bsecrets\.(?!GITHUB_TOKEN\b)/.test(text(name)), `${name} reads a secret`);
      assert.ok(!/AWS_SECRET_ACCESS_KEY|PULUMI_ACCESS_TOKEN|pull_request_target/.test(text(name)), name);
      assert.deepEqual(workflow(name).permissions, { contents: "read" }, name);
      for (const [job, { steps, "timeout-minutes": minutes }] of Object.entries(workflow(name).jobs))
        if (steps) assert.ok(minutes, `${name}: ${job} has no time limit`);
    }
  });

  it("need no variable in the checks, and skip what needs a role where there is none", () => {
    assert.ok(!/\b(vars|secrets)\./.test(text("checks.yml")));
    for (const name of names) {
      for (const [job, { steps = [], if: condition = "", permissions = {} }] of Object.entries(workflow(name).jobs)) {
        const assumes = steps.filter(({ uses = "" }) => uses.startsWith("aws-actions/configure-aws-credentials"));
        if (assumes.length === 0) continue;
        assert.equal(permissions["id-token"], "write", `${name}: ${job}`);
        const called = ["deploy-stage.yml", "rollback.yml"].includes(name); // guarded by whoever calls, or by hand
        const guarded = condition.includes("vars.") || assumes.every((step) => step.if?.includes("vars."));
        assert.ok(guarded || called, `${name}: ${job} would fail without a role`);
      }
    }
    assert.match(workflow("main.yml").jobs.dev?.if ?? "", /vars\.DEPLOY_ROLES != ''/);
  });

  it("run in order: checks and build, dev, qa, prod", () => {
    const { jobs } = workflow("main.yml");
    assert.deepEqual([jobs.dev?.needs, jobs.qa?.needs, jobs.prod?.needs], [["checks", "build"], "dev", "qa"]);
    for (const stage of ["dev", "qa", "prod"]) assert.equal(jobs[stage]?.with?.stage, stage);
    const { jobs: checks } = workflow("checks.yml");
    assert.deepEqual(Object.keys(checks), ["lint", "test", "services", "engine"]);
  });

  it("check format, lint and types in a job of their own", () => {
    const runs = (workflow("checks.yml").jobs.lint?.steps ?? []).flatMap(({ run }) => (run === undefined ? [] : [run]));
    assert.deepEqual(runs, ["npm run format:check", "npm run lint", "npm run typecheck"]);
  });

  it("deploy a stage once at a time: freeze, recovery, preview, up, verification, rollback where one failed", () => {
    const { jobs, concurrency } = workflow("deploy-stage.yml");
    assert.deepEqual(concurrency, { group: "stage-${{ inputs.stage }}", "cancel-in-progress": false });
    assert.deepEqual(workflow("rollback.yml").concurrency, concurrency, "a rollback by hand waits for a deployment");
    const { deploy } = jobs;
    assert.equal(deploy?.environment, "${{ inputs.stage }}");
    const commands = (deploy.steps ?? [])
      .map(({ run = "" }) => /(?:pulumi|npm run --silent) (\w+)/.exec(run)?.[1])
      .filter((name) => name !== undefined);
    assert.deepEqual(commands, [
      "freeze",
      "pin",
      "recover",
      "preview",
      "up",
      "verify",
      "recover",
      "rollback",
      "verify",
    ]);
    // Something to look at stops a deployment, and never the way back.
    const [before, after] = deploy.steps?.filter(({ run }) => run?.includes("recover")) ?? [];
    assert.deepEqual([before?.["continue-on-error"], after?.["continue-on-error"]], [undefined, true]);
    const back = deploy.steps?.find(({ run }) => run?.includes("rollback"));
    assert.match(back?.run ?? "", /--since "\$BEGIN"/, "what an earlier run deployed is not undone");
    assert.match(
      back?.if ?? "",
      /failure\(\) && \(steps\.up\.outcome == 'failure' \|\| steps\.verify\.outcome == 'failure'\)/,
    );
  });

  it("run dev with the images that were just built, and record these by a pull request that starts nothing anew", () => {
    const { jobs } = workflow("main.yml");
    const { build, dev, record } = jobs;
    assert.deepEqual(
      [dev?.with?.images, jobs.qa?.with?.images, jobs.prod?.with?.images],
      ["${{ vars.REGISTRY_ROLE != '' }}", undefined, undefined],
      "later stages run what was promoted",
    );
    assert.deepEqual(
      [record?.needs, record?.if],
      ["dev", "vars.REGISTRY_ROLE != ''"],
      "only what dev ran and was verified",
    );
    assert.deepEqual(record?.permissions, { contents: "write", "pull-requests": "write" });
    const writing = names.flatMap((name) =>
      Object.entries(workflow(name).jobs).filter(([, { permissions }]) => permissions?.contents === "write"),
    );
    assert.deepEqual(
      writing.map(([job]) => job),
      ["record"],
      "no other job writes to the repository",
    );
    // Each image's tag is a hash of its sources: no stack file among them, or a recorded digest would build a new image.
    for (const { image, sources = "" } of build?.strategy?.matrix?.include ?? []) {
      assert.ok(sources !== "" && !/Pulumi|(^| )\.( |$)/.test(sources), image);
      for (const one of sources.split(" ")) assert.ok(existsSync(path.join(root, one)), `${image}: ${one}`);
    }
    const copied = readFileSync(path.join(root, "services/market-data/Dockerfile"), "utf8")
      .split("\n")
      .filter((line) => /^COPY (?!--from)/.test(line))
      .flatMap((line) => line.split(" ").slice(1, -1));
    const [, marketData] = build?.strategy?.matrix?.include ?? [];
    for (const one of copied)
      assert.ok(
        marketData?.sources?.split(" ").some((source) => one === source || one.startsWith(`${source}/`)),
        `the image is made of ${one}, which its tag does not see`,
      );
    assert.ok(copied.length > 4);
  });

  it("lose no status to a pipe", () => {
    for (const name of names)
      for (const [job, { steps = [] }] of Object.entries(workflow(name).jobs))
        for (const { run = "" } of steps) {
          const piped = /(pulumi|npm run)[^|\n]*\| tee/.test(run);
          assert.ok(!piped || run.includes("set -o pipefail"), `${name}: ${job}: ${run}`);
        }
    assert.match(text("deploy-stage.yml"), /verify -- .* \| tee/);
  });

  it("look for drift and open an issue", () => {
    const { on, jobs } = workflow("drift.yml");
    assert.deepEqual(on.schedule, [{ cron: "30 5 * * 1-5" }]);
    const runs = (jobs.look?.steps ?? []).map(({ run }) => run ?? "").join("\n");
    assert.match(runs, /pulumi preview .*--refresh --expect-no-changes/);
    assert.match(runs, /gh issue create/);
    assert.equal(jobs.look?.permissions?.issues, "write");
  });
});

describe("scripts of the workflows", () => {
  const script = (name: string, args: string[], env: NodeJS.ProcessEnv = process.env) =>
    spawnSync(path.join(root, ".github/scripts", name), args, { cwd: root, encoding: "utf8", env });

  it("divide the tests: each file is in one suite", () => {
    const files = (suite: string) => script("test-files.sh", [suite]).stdout.trim().split("\n");
    const [unit, integration] = [files("unit"), files("integration")];
    assert.ok(unit.includes("test/delivery/promote.test.ts") && integration.includes("test/delivery/verify.test.ts"));
    const all = readdirSync(path.join(root, "test"), { recursive: true })
      .map((name) => `test/${String(name)}`)
      .filter((name) => name.endsWith(".test.ts") && !name.startsWith("test/engine/"));
    assert.deepEqual([...unit, ...integration].sort(), all.sort());
    const wrong = script("test-files.sh", ["colour"]);
    assert.deepEqual(
      [wrong.status, wrong.stderr],
      [2, 'test-files.sh: "colour" is no suite; allowed: unit, integration\n'],
    );
  });

  describe("the comment on a pull request", () => {
    let out: string;
    beforeEach(() => (out = mkdtempSync(path.join(root, ".cache/comment-"))));
    afterEach(() => rmSync(out, { recursive: true, force: true }));

    /** Runs the script with a planner of the test's own: `npm run --silent plan -- ARGS`. */
    function comment(planner: string) {
      const bin = mkdtempSync(path.join(tmpdir(), "bin-"));
      const npm = path.join(bin, "npm");
      writeFileSync(npm, `#!/usr/bin/env bash\nshift 4\nstack=$1\nout=\${*: -1}\n${planner}\n`);
      chmodSync(npm, 0o755);
      const run = script("plan-comment.sh", ["origin/main", path.relative(root, out)], {
        ...process.env,
        PATH: `${bin}:${process.env.PATH}`,
      });
      rmSync(bin, { recursive: true });
      const read = (name: string) => readFileSync(path.join(out, name), "utf8");
      return { status: run.status, said: run.stderr, comment: read("comment.md"), refused: read("refused") };
    }

    it("has the difference of every stack, and its plan to open", () => {
      const {
        status,
        comment: written,
        refused,
        said,
      } = comment(
        'case "$*" in *--diff*) echo "difference of $stack" >"$out" ;; *) echo "plan of $stack" >"$out" ;; esac',
      );
      assert.equal(status, 0, said);
      assert.ok(written.startsWith("<!-- plan -->\n"));
      for (const stack of ["dev", "prod", "qa"])
        assert.match(
          written,
          new RegExp(`## ${stack}\\n\\ndifference of ${stack}\\n[^]*<details>[^]*plan of ${stack}\\n`),
        );
      assert.equal(refused, "");
    });

    it("names the stacks that a policy refuses, and still shows them", () => {
      const { status, comment: written, refused } = comment('echo "plan of $stack" >"$out"; [ "$stack" != qa ]');
      assert.deepEqual([status, refused], [0, "qa: refused by a mandatory policy or a budget\n"]);
      assert.match(written, /plan of qa/);
    });

    it("says what went wrong with a plan that fails, and fails too", () => {
      const { status, comment: written } = comment(
        'if [ "$stack" = qa ]; then echo "owner: is missing" >&2; exit 2; fi; echo x >"$out"',
      );
      assert.equal(status, 2);
      assert.match(written, /## qa\n\nThe plan failed:\n\n~~~\nowner: is missing\n~~~/);
    });

    it("stays below what GitHub takes, with the differences first", () => {
      const { comment: written } = comment('head -c 50000 /dev/zero | tr "\\0" x >"$out"');
      assert.ok(written.length < 65_536, `${written.length}`);
      assert.match(written, /in the artifact "plan" of this run/);
    });
  });
});
