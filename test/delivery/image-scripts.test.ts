import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { projectRoot } from "../../sandbox/emulator";

const digest = `sha256:${"a".repeat(64)}`;

/** A repository with one of the workflows' scripts in it; the commands that reach out are stubs that write down their words. */
class Repository {
  readonly folder = mkdtempSync(path.join(tmpdir(), "image-scripts-"));
  readonly work = path.join(this.folder, "work");
  readonly #bin = path.join(this.folder, "bin");
  readonly #log = path.join(this.folder, "calls");

  constructor(readonly script: string) {
    mkdirSync(path.join(this.work, ".github/scripts"), { recursive: true });
    mkdirSync(this.#bin);
    copyFileSync(path.join(projectRoot(), ".github/scripts", script), path.join(this.work, ".github/scripts", script));
    this.git("init", "--quiet", "--initial-branch", "main");
  }

  git(...args: string[]): string {
    const who = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
    return execFileSync("git", [...who, ...args], { cwd: this.work, encoding: "utf8" }).trim();
  }

  write(name: string, text: string): void {
    mkdirSync(path.dirname(path.join(this.work, name)), { recursive: true });
    writeFileSync(path.join(this.work, name), text);
  }

  commit(): void {
    this.git("add", "--all");
    this.git("commit", "--quiet", "--allow-empty", "--message", "x");
  }

  stub(name: string, body = ""): void {
    const file = path.join(this.#bin, name);
    writeFileSync(file, `#!/bin/bash\nprintf '%s\\n' "${name} $*" >>'${this.#log}'\n${body}\n`);
    chmodSync(file, 0o755);
  }

  run(args: string[], env: NodeJS.ProcessEnv = {}) {
    writeFileSync(this.#log, "");
    const run = spawnSync("bash", [path.join(".github/scripts", this.script), ...args], {
      cwd: this.work,
      encoding: "utf8",
      env: { ...process.env, PATH: `${this.#bin}:${process.env.PATH ?? ""}`, ...env },
    });
    const calls = readFileSync(this.#log, "utf8").split("\n").filter(Boolean);
    return { status: run.status, said: run.stdout + run.stderr, calls };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

describe("the script that builds an image", () => {
  let repository: Repository;
  const at = (name: string) => path.join(repository.folder, name);
  const build = (registry: string | undefined) =>
    repository.run(["trader", "docker/Dockerfile", "docker/app", "docker/app"], {
      REGISTRY: registry,
      DIGEST_FILE: at("digest"),
      GITHUB_STEP_SUMMARY: at("summary"),
    });
  const tagOf = (calls: readonly string[]) => /imageTag=(\w+)/.exec(calls.join("\n"))?.[1];
  /** A registry that has an image once it was pushed. */
  const registry = () => {
    // A log-in reads the password.
    repository.stub("docker", `case "$1" in push) touch '${at("pushed")}' ;; login) cat >/dev/null ;; esac`);
    repository.stub(
      "aws",
      `case "$*" in
        *describe-images*) if [ -e '${at("pushed")}' ]; then echo ${digest}; else echo "An error occurred (ImageNotFoundException)" >&2; exit 254; fi ;;
        *) echo password ;;
      esac`,
    );
  };

  beforeEach(() => {
    repository = new Repository("build-image.sh");
    repository.write("docker/Dockerfile", "FROM scratch\n");
    repository.write("docker/app/main.py", "print(1)\n");
    repository.commit();
    registry();
  });
  afterEach(() => repository.remove());

  it("only builds where there is no registry, and needs no account for it", () => {
    const { status, calls, said } = build(undefined);
    assert.equal(status, 0, said);
    assert.match(
      calls.join("\n"),
      /^docker build --pull --file docker\/Dockerfile --tag trader:[0-9a-f]{40} docker\/app$/,
    );
    assert.ok(!existsSync(at("digest")));
  });

  it("pushes what is new, and tells its digest", () => {
    const { status, calls, said } = build("r.example");
    assert.equal(status, 0, said);
    const words = calls.map((call) => call.split(" ").slice(0, 3).join(" "));
    const logIn = ["aws ecr get-login-password", "docker login --username"]; // both ends of one pipe, in any order
    assert.deepEqual(
      words.filter((one) => !logIn.includes(one)),
      ["aws ecr describe-images", "docker build --pull", "docker push --quiet", "aws ecr describe-images"],
    );
    assert.ok(
      logIn.every((one) => words.indexOf(one) > 1 && words.indexOf(one) < words.indexOf("docker push --quiet")),
    );
    assert.equal(readFileSync(at("digest"), "utf8"), `trader=${digest}\n`);
    assert.match(readFileSync(at("summary"), "utf8"), /trader: `sha256:a+`/);
  });

  it("takes what was pushed before while its sources are the same, and nothing else", () => {
    const first = tagOf(build("r.example").calls);
    repository.write("README.md", "other\n");
    repository.commit();
    const second = build("r.example");
    assert.deepEqual([second.calls.length, tagOf(second.calls)], [1, first], "neither built nor pushed");
    assert.equal(readFileSync(at("digest"), "utf8"), `trader=${digest}\n`);
    repository.write("docker/app/main.py", "print(2)\n");
    repository.commit();
    assert.notEqual(tagOf(build("r.example").calls), first);
    repository.write("docker/Dockerfile", "FROM scratch\nUSER 1\n");
    repository.commit();
    assert.notEqual(tagOf(build("r.example").calls), tagOf(second.calls));
  });

  it("takes no other answer of the registry for a missing image", () => {
    repository.stub("aws", 'echo "An error occurred (AccessDeniedException)" >&2; exit 254');
    const { status, calls, said } = build("r.example");
    assert.deepEqual([status, calls.length], [254, 1]);
    assert.match(said, /AccessDeniedException/);
    repository.stub("aws", "echo None");
    assert.match(build("r.example").said, /has no digest: "None"/);
    assert.ok(!existsSync(at("digest")));
  });

  it("refuses sources that are not there, as their changes would go unseen", () => {
    const { status, said } = repository.run(["trader", "docker/Dockerfile", "docker/app", "docker/nonesuch"]);
    assert.deepEqual([status, said], [2, "build-image.sh: docker/nonesuch is not in the repository\n"]);
    assert.equal(repository.run(["trader"]).status, 1);
  });
});

describe("the script that records digests", () => {
  let repository: Repository;
  const origin = () => path.join(repository.folder, "origin");
  const file = "Pulumi.dev.yaml";
  const record = (open = "") => {
    repository.stub("gh", `[ "$1 $2" != "pr list" ] || echo "${open}"`);
    return repository.run(["dev", "main", `trader=${digest}`]);
  };
  const proposed = () => spawnSync("git", ["show", `digests/dev:${file}`], { cwd: origin(), encoding: "utf8" }).stdout;

  beforeEach(() => {
    repository = new Repository("record-digests.sh");
    repository.write(file, "image: old\n");
    repository.commit();
    execFileSync("git", ["init", "--quiet", "--bare", origin()]);
    repository.git("remote", "add", "origin", origin());
    repository.git("push", "--quiet", "origin", "main");
    repository.stub("npm", `echo "image: \${@: -1}" >'${file}'`);
  });
  afterEach(() => repository.remove());

  it("opens a pull request from a branch of its own, and leaves the branch it started from alone", () => {
    const main = repository.git("rev-parse", "main");
    const { status, calls, said } = record();
    assert.equal(status, 0, said);
    assert.equal(calls[0], `npm run --silent pin -- dev --if-used trader=${digest}`);
    assert.ok(
      calls.some((call) => call.startsWith("gh pr create --base main --head digests/dev --title Record the images")),
    );
    assert.equal(proposed(), `image: trader=${digest}\n`);
    const remote = execFileSync("git", ["rev-parse", "main"], { cwd: origin(), encoding: "utf8" }).trim();
    assert.equal(remote, main);
  });

  it("renews the one there is", () => {
    record();
    repository.git("reset", "--quiet", "--hard", "HEAD~1");
    repository.stub("npm", `echo "image: newer" >'${file}'`);
    const { status, calls, said } = record("7");
    assert.equal(status, 0, said);
    assert.ok(
      calls.some((call) => call.startsWith("gh pr edit 7 --body")) && !calls.some((call) => call.includes("pr create")),
    );
    assert.equal(proposed(), "image: newer\n");
  });

  it("does nothing where the file says them already: merged, it ends there", () => {
    repository.stub("npm");
    const { status, calls, said } = record();
    assert.deepEqual([status, calls.length, proposed()], [0, 2, ""], said);
    assert.ok(
      record("7").calls.some((call) => call.startsWith("gh pr close 7 --comment")),
      "what is out of date is closed",
    );
  });

  it("fails where the digests cannot be written, before it opens anything", () => {
    repository.stub("npm", "echo 'trader: it is no digest' >&2; exit 2");
    const { status, calls } = record();
    assert.deepEqual([status, calls.length], [2, 1]);
    assert.equal(repository.run(["dev", "main"]).status, 2);
  });
});
