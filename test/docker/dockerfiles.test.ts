import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { commandFolder, root } from "./tools";

const images = [
  "docker/Dockerfile",
  "docker/Dockerfile.dev",
  "docker/ib-gateway/Dockerfile",
  "services/ingest/Dockerfile",
  "services/market-data/Dockerfile",
];
const textOf = (path: string) => readFileSync(join(root, path), "utf8");
/** The instructions, each on one line; comments left out. */
const instructions = (text: string) =>
  text
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\\\n/g, " ")
    .split("\n")
    .filter((line) => line.trim() !== "");
const stages = (path: string) =>
  textOf(path)
    .split(/^(?=FROM )/m)
    .slice(1);
const lastStage = (path: string) => instructions(stages(path).at(-1) ?? "");

describe("Dockerfiles", () => {
  let hadolint: string;
  before(function () {
    this.timeout(180_000);
    hadolint = join(commandFolder("hadolint"), "hadolint");
  });
  const lint = (text: string) =>
    spawnSync(hadolint, ["--failure-threshold", "style", "-"], { input: text, encoding: "utf8" });

  for (const path of images) {
    it(`${path} passes hadolint`, () => {
      const { status, stdout } = lint(textOf(path));
      assert.equal(stdout, "");
      assert.equal(status, 0);
    });

    it(`${path} starts from pinned images, runs as a numbered user that is not root, and holds no secret`, () => {
      for (const [, image = ""] of textOf(path).matchAll(/^FROM (\S+)/gm)) {
        assert.match(image, /:[\w.-]*\d[\w.-]*$/, image);
        assert.doesNotMatch(image, /latest/);
      }
      const users = lastStage(path).filter((line) => line.startsWith("USER "));
      assert.equal(users.length, 1);
      assert.match(users[0]!, /^USER [1-9]\d*:[1-9]\d*$/);
      assert.doesNotMatch(textOf(path), /(PASSWORD|SECRET|TOKEN|API_KEY)=[^$"\s]/);
    });
  }

  it("are linted for real: hadolint finds what is wrong", () => {
    const { status, stdout } = lint("FROM debian:latest\nRUN apt-get install curl\nRUN cd /tmp\n");
    assert.notEqual(status, 0);
    for (const rule of ["DL3007", "DL3008", "DL3003"]) assert.match(stdout, new RegExp(rule));
  });

  it("are all in this list", () => {
    const below = (folder: string) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((path) => join(folder, path));
    const services = readdirSync(join(root, "services")).map((service) => join("services", service, "Dockerfile"));
    const found = [...below("docker"), ...services].filter((path) => /\/Dockerfile(\.\w+)?$/.test(path));
    assert.deepEqual(found.sort(), images);
  });
});

describe("document 000's images", () => {
  it("development and production have Python 3.11", () => {
    for (const path of ["docker/Dockerfile", "docker/Dockerfile.dev"]) {
      for (const stage of stages(path)) assert.match(stage, /^FROM python:3\.11\.\d+-slim/);
    }
  });

  it("development has all dependencies, no source of its own, and reloads it from its mount", () => {
    const lines = instructions(textOf("docker/Dockerfile.dev"));
    assert.deepEqual(
      lines.filter((line) => line.startsWith("COPY ")),
      ["COPY requirements.txt requirements-dev.txt ./"],
    );
    assert.match(textOf("docker/Dockerfile.dev"), /^ENTRYPOINT \["watchfiles"/m);
    assert.match(textOf("docker/app/requirements-dev.txt"), /^watchfiles==/m);
  });

  it("production is built in stages, and neither its builder nor development's tools reach it", () => {
    assert.equal(stages("docker/Dockerfile").length, 2);
    const text = lastStage("docker/Dockerfile").join("\n");
    assert.doesNotMatch(text, /requirements|pip|apt-get/);
    assert.doesNotMatch(textOf("docker/Dockerfile"), /requirements-dev/);
    assert.match(text, /^COPY --from=build \/venv \/venv$/m);
    assert.match(text, /^HEALTHCHECK /m);
  });

  it("IB Gateway listens on 4002 for paper and 4001 for live trading, and stops its build without checksums", () => {
    assert.match(textOf("docker/ib-gateway/Dockerfile"), /^EXPOSE 4001 4002$/m);
    assert.match(textOf("docker/ib-gateway/Dockerfile"), /IB_GATEWAY_SHA256:\?is missing.*IBC_SHA256:\?is missing/);
    assert.match(textOf("docker/ib-gateway/Dockerfile"), /sha256sum --check/);
  });

  const contexts: Readonly<Record<string, string>> = {
    "docker/Dockerfile": "docker/app",
    "docker/Dockerfile.dev": "docker/app",
    "docker/ib-gateway/Dockerfile": "docker/ib-gateway",
    "services/ingest/Dockerfile": ".",
    "services/market-data/Dockerfile": ".",
  };
  it("copy only what their build contexts have", () => {
    for (const [path, context] of Object.entries(contexts)) {
      const copies = instructions(textOf(path)).filter((line) => /^COPY (?!.*--from=)/.test(line));
      assert.ok(copies.length > 0, path);
      for (const line of copies) {
        const words = line
          .split(" ")
          .slice(1)
          .filter((word) => !word.startsWith("--"));
        for (const source of words.slice(0, -1))
          assert.ok(existsSync(join(root, context, source)), `${path}: ${source}`);
      }
    }
  });

  it("services send Docker what they copy, and neither modules nor tests", () => {
    for (const service of ["ingest", "market-data"]) {
      const path = `services/${service}/Dockerfile`;
      const ignored = textOf(`${path}.dockerignore`).split("\n");
      assert.equal(ignored[0], "*");
      assert.ok(ignored.includes("**/node_modules") && ignored.includes(`services/${service}/test`));
      const copies = instructions(textOf(path)).filter((line) => /^COPY (?!.*--from=)/.test(line));
      for (const source of copies.flatMap((line) => line.split(" ").slice(1, -1))) {
        const sent = ignored.some((line) => line.startsWith("!") && `${source}/`.startsWith(`${line.slice(1)}/`));
        assert.ok(sent || source === dirname(path), `${path}: ${source} is not sent`);
      }
    }
  });
});
