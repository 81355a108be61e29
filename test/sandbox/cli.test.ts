import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { main } from "../../sandbox/cli";
import { projectRoot } from "../../sandbox/emulator";
import { sandboxFolder } from "../../sandbox/project";
import { assertTold, captured } from "../support/command";

const root = projectRoot();

describe("npm run sandbox, on a machine without Pulumi", () => {
  const { PATH } = process.env;
  let folder: string;
  before(() => {
    process.env.PATH = "";
    folder = mkdtempSync(path.join(tmpdir(), "sandbox-cli-"));
  });
  after(() => {
    process.env.PATH = PATH;
    rmSync(folder, { recursive: true });
  });
  const run = (...args: string[]) => captured(main, ...args);

  it("tells mistakes before it asks for the engine, with status 2", async () => {
    for (const [args, message] of [
      [["up", "devv"], /^There is no stack devv: .* Did you mean dev\? The stacks there are: dev, /],
      [["up"], /^Which stack\?.*\nMore: npm run sandbox -- --help$/m],
      [["preview", "dev", "--without", "kubernets"], /^--without kubernets: the stack has no section kubernets/],
      [["preview", "dev", "--wthout", "fleet"], /^unknown option '--wthout'/],
      [["hover"], /^unknown command 'hover'/],
    ] as [string[], RegExp][]) {
      assertTold(await run(...args), 2, message, args.join(" "));
    }
    assertTold(await run("preview", "dev"), 3, /^The Pulumi CLI is missing/);
  });

  it("has nothing to destroy where nothing was brought up, and fetches nothing for it", async () => {
    const file = path.join(folder, `never-up-${process.pid}.yaml`);
    copyFileSync(path.join(root, "Pulumi.dev.yaml"), file);
    assert.deepEqual(await run("destroy", "--config-file", file), {
      status: 0,
      stdout: `Nothing to destroy: never-up-${process.pid} is not up\n`,
      stderr: "",
    });
    assertTold(
      await run("destroy", "--config-file", file, "--without", "fleets"),
      2,
      /the stack has no section fleets/,
    );
  });

  it("refuses to stop a stack that is none, and says where none runs", async () => {
    assertTold(await run("stop", "qaa"), 2, /^There is no stack qaa: .* Did you mean qa\? The stacks there are: /);
    const name = `stopped-${process.pid}`;
    mkdirSync(path.join(root, sandboxFolder, name), { recursive: true });
    try {
      const told = await run("stop", name);
      assert.deepEqual(told, { status: 0, stdout: `no emulated AWS runs for ${name}\n`, stderr: "" });
    } finally {
      rmSync(path.join(root, sandboxFolder, name), { recursive: true });
    }
  });
});
