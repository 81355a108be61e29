import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { parse } from "yaml";
import { projectRoot } from "../../sandbox/emulator";
import { UsageError } from "../../plan/failure";
import { dropState, resolveStack, sandboxConfig, writeProject } from "../../sandbox/project";

const project = "trading-platform";
const root = projectRoot();
const usage = (message: RegExp) => (error: unknown) => error instanceof UsageError && message.test(error.message);

describe("the stack that a sandbox command names", () => {
  it("is Pulumi.<stack>.yaml, or any file of that form, under its own name", () => {
    assert.equal(resolveStack(root, "dev", undefined).configFile, path.join(root, "Pulumi.dev.yaml"));
    const file = path.join(root, "Pulumi.qa.yaml");
    assert.deepEqual([resolveStack(root, undefined, file).name, resolveStack(root, "mine", file).name], ["qa", "mine"]);
  });

  it("says what is missing", () => {
    assert.throws(() => resolveStack(root, undefined, undefined), usage(/Which stack\?.*--config-file/s));
    assert.throws(
      () => resolveStack(root, "nonesuch", undefined),
      usage(/no stack nonesuch: Pulumi\.nonesuch\.yaml does/),
    );
    assert.throws(() => resolveStack(root, "devv", undefined), usage(/Did you mean dev\? The stacks there are: dev, /));
    assert.throws(() => resolveStack(root, undefined, "nonesuch.yaml"), usage(/There is no nonesuch\.yaml/));
    assert.throws(() => resolveStack(root, "../up", undefined), usage(/cannot be a stack's name/));
  });
});

describe("the sandbox's copy of a stack file", () => {
  it("adds what an emulated AWS needs of the provider, and keeps the rest", () => {
    const { config } = sandboxConfig(project, { "aws:region": "us-west-2", [`${project}:stage`]: "dev" }, {});
    assert.deepEqual(config, {
      "aws:region": "us-west-2",
      [`${project}:stage`]: "dev",
      "aws:skipCredentialsValidation": "true",
      "aws:s3UsePathStyle": "true",
      "aws:maxRetries": "3",
    });
  });

  it("puts a made-up text in the place of what is encrypted, and names it", () => {
    const source = { [`${project}:data`]: { secrets: [{ password: { secure: "v1:abc" } }] } };
    const { config, changes } = sandboxConfig(project, source, {});
    assert.deepEqual(changes.secretsReplaced, [`${project}:data.secrets[0].password`]);
    assert.ok(!JSON.stringify(config).includes("v1:abc"));
    assert.match(JSON.stringify(config), /"password":"sandbox-/);
    const pager = { [`${project}:monitoring`]: { pagerDutyUrl: { secure: "v1:abc" } } };
    const { config: paged } = sandboxConfig(project, pager, {});
    assert.match(JSON.stringify(paged), /"pagerDutyUrl":"https:\/\/events\.pagerduty\.com\/integration\/sandbox-/);
  });

  it("leaves out what --without names, and refuses a section that is not on", () => {
    const source = { [`${project}:data`]: { redis: {} } };
    const { config } = sandboxConfig(project, source, { without: ["data"] });
    assert.deepEqual(config[`${project}:data`], { enabled: false });
    assert.throws(
      () => sandboxConfig(project, source, { without: ["fleet"] }),
      usage(/--without fleet: the stack has no section fleet/),
    );
  });

  it("takes out what other sections say of a section that it leaves out", () => {
    const targets = { services: { bot: { rtoMinutes: 60 } }, database: { rtoMinutes: 240 } };
    const source = { [`${project}:services`]: { a: 1 }, [`${project}:backups`]: { targets } };
    const { config } = sandboxConfig(project, source, {});
    assert.deepEqual(config[`${project}:backups`], { targets: { database: targets.database } });
    const whole = sandboxConfig(project, source, { plugins: ["awsx-3.0.0"] });
    assert.deepEqual(whole.config[`${project}:backups`], { targets });
  });

  it("leaves out what the emulator lacks, and says so; with the plugin there it stays in", () => {
    const source = { [`${project}:services`]: { a: 1 }, [`${project}:kubernetes`]: {} };
    const without = sandboxConfig(project, source, {});
    assert.deepEqual(without.changes.leftOut.map(({ setting }) => setting).sort(), ["kubernetes", "services"]);
    assert.deepEqual(without.config[`${project}:services`], { enabled: false });
    const plugins = sandboxConfig(project, source, { plugins: ["awsx-3.9.0"] });
    assert.deepEqual(
      plugins.changes.leftOut.map(({ setting }) => setting),
      ["kubernetes"],
    );
    assert.deepEqual(plugins.config[`${project}:services`], { a: 1 });
  });

  it("does not wait for hosts with an aws plugin that was built from modules, and does with the fetched one", () => {
    const source = { [`${project}:web`]: { groups: {} }, [`${project}:mlflow`]: {} };
    const built = sandboxConfig(project, source, { builtPlugin: true });
    assert.deepEqual(built.config[`${project}:mlflow`], { hostWaitMinutes: 0 });
    assert.deepEqual(built.config[`${project}:web`], { groups: {}, hostWaitMinutes: 0 });
    const fetched = sandboxConfig(project, source, {});
    assert.deepEqual([fetched.changes.leftOut, fetched.config[`${project}:mlflow`]], [[], {}]);
  });

  it("does not change the file that it was read from", () => {
    const source = { [`${project}:data`]: { redis: { nodes: 1 } } };
    sandboxConfig(project, source, { set: { "data.redis.nodes": 2 } });
    assert.deepEqual(source, { [`${project}:data`]: { redis: { nodes: 1 } } });
  });
});

describe("the sandbox's project folder", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), "sandbox-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it("runs the program where it is, with a backend of its own, and keeps the salt of its secrets", () => {
    const place = { ...resolveStack(root, "dev", undefined), folder };
    writeProject(place);
    const written = parse(readFileSync(path.join(folder, "Pulumi.yaml"), "utf8")) as {
      main: string;
      backend: { url: string };
    };
    assert.deepEqual([written.main, written.backend.url], [root, `file://${path.join(folder, "state")}?metadata=skip`]);
    const file = path.join(folder, "Pulumi.dev.yaml");
    writeFileSync(file, `encryptionsalt: v1:salt\n${readFileSync(file, "utf8")}`);
    writeProject(place);
    assert.match(readFileSync(file, "utf8"), /^encryptionsalt: v1:salt$/m);
  });

  it("refuses a configuration that the program would refuse, before anything runs", () => {
    const file = path.join(folder, "wrong.yaml");
    writeFileSync(file, `config:\n  ${project}:stage: dev\n  ${project}:owner: me\n  ${project}:netwrok: {}\n`);
    const place = { name: "wrong", root, folder, configFile: file };
    assert.throws(() => writeProject(place), /netwrok: is not a section[\s\S]*Did you mean network/);
  });

  it("drops a state that speaks of what is gone", () => {
    const place = { ...resolveStack(root, "dev", undefined), folder };
    assert.equal(dropState(place), false);
    mkdirSync(path.join(folder, "state", ".pulumi", "stacks"), { recursive: true });
    assert.equal(dropState(place), true);
    assert.ok(!existsSync(path.join(folder, "state", ".pulumi")));
  });
});
