import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { Command, Option } from "commander";
import { readArguments, runCommand } from "../../plan/command-line";
import { EvaluationError, UsageError } from "../../plan/failure";
import { projectRoot } from "../../plan/settings/project";
import { assertTold, captured } from "../support/command";

const { scripts } = JSON.parse(readFileSync(path.join(projectRoot(), "package.json"), "utf8")) as {
  scripts: Readonly<Record<string, string>>;
};

/** The project's commands; what makes files of the project takes no arguments. */
const commands = Object.keys(scripts).filter(
  (name) => /^node \S.*\.(ts|cjs)$/.test(scripts[name] ?? "") && !["docs", "docs:runbooks"].includes(name),
);

type Main = (argv: readonly string[]) => Promise<number> | number;

/** The function behind a command, in this process: `checkov` runs where it is loaded and has none. */
function mainOf(name: string): Main | undefined {
  const file = name === "doctor" ? "doctor/cli.ts" : (scripts[name] ?? "").split(" ").at(-1);
  if (name === "checkov" || file === undefined) return undefined;
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- the file is known at run time only
  return (require(path.join(projectRoot(), file)) as { main: Main }).main;
}

/** Runs a command as npm does, with an output that takes nothing. */
function runInto(output: "closed pipe" | "full disk", name: string, ...args: string[]) {
  const [, ...own] = (scripts[name] ?? "").split(" ");
  const child = spawn(process.execPath, ["--no-warnings", ...own, ...args], {
    cwd: projectRoot(),
    stdio: ["ignore", output === "full disk" ? openSync("/dev/full", "w") : "pipe", "pipe"],
  });
  let stderr = "";
  child.stdout?.destroy();
  child.stderr?.on("data", (data: Buffer) => (stderr += data.toString()));
  return new Promise<{ status: number | null; stderr: string }>((resolve) =>
    child.once("close", (status) => resolve({ status, stderr })),
  );
}

describe("the commands", () => {
  it("are those that this test asks", () => {
    for (const name of ["plan", "verify", "promote", "sandbox", "doctor", "test-page", "ami", "bench"])
      assert.ok(commands.includes(name), name);
  });

  for (const name of commands) {
    const main = mainOf(name);
    const run = (...args: string[]) => captured((argv) => Promise.resolve(main?.(argv) ?? -1), ...args);

    it(`${name} --help | head: nobody's closed pipe is an error`, async () => {
      assert.deepEqual(await runInto("closed pipe", name, "--help"), { status: 0, stderr: "" });
    });

    if (!main) continue;

    it(`${name} has help with exit statuses and examples, and refuses an option that is none by its message alone`, async () => {
      const help = await run("--help");
      assert.deepEqual([help.status, help.stderr], [0, ""]);
      assert.match(help.stdout, /^Usage: [\s\S]*Exit status:? ?\n? *0/);
      if (name !== "doctor") assert.match(help.stdout, /\nExamples:?\n/);
      const wrong = await run("--nonesuch");
      assert.equal(wrong.stdout, "");
      assertTold(wrong, 2, /^(unknown option '--nonesuch'|--nonesuch: is no use of the project)/);
    });
  }

  it("say that a full disk took no output, with status 3", async () => {
    const { status, stderr } = await runInto("full disk", "plan", "--help");
    assert.equal(status, 3);
    assert.match(stderr, /^standard output cannot be written: ENOSPC.*\n$/);
  });

  it("name their own help where no stack is named", async () => {
    for (const name of ["plan", "watched", "budget", "verify", "freeze"]) {
      const told = await captured((argv) => Promise.resolve(mainOf(name)?.(argv) ?? -1));
      assertTold(told, 2, new RegExp(`^Name a stack, .*\nMore: npm run ${name} -- --help\n$`), name);
    }
  });
});

describe("a command", () => {
  const make = () =>
    new Command("fly").argument("<where>").addOption(new Option("--how <how>").choices(["high", "low"]));
  const status = (work: () => number, ...argv: string[]) => captured((args) => runCommand(make(), args, work), ...argv);

  it("refuses what its parser does not take, with the parser's sentence and the way to the help", () => {
    for (const [argv, message] of [
      [[], /^missing required argument 'where'\nMore: npm run fly -- --help$/],
      [["a", "b"], /^too many arguments.*\nMore: npm run fly -- --help$/],
      [["a", "--how", "far"], /^option '--how <how>' argument 'far' is invalid.*\nMore:/],
    ] as const) {
      assert.throws(
        () => readArguments(make(), argv),
        (error) => error instanceof UsageError && message.test(error.message),
      );
    }
    assert.equal(readArguments(make(), ["a"]), true);
  });

  it("tells a mistake with status 2, a failure with 3, and passes its own status on", async () => {
    const fail = (error: Error) => () => {
      throw error;
    };
    assert.deepEqual(await status(() => 1, "a"), { status: 1, stdout: "", stderr: "" });
    assert.deepEqual(await status(fail(new UsageError("no")), "a"), { status: 2, stdout: "", stderr: "no\n" });
    assert.deepEqual(await status(fail(new UsageError("no", true)), "a"), {
      status: 2,
      stdout: "",
      stderr: "no\nMore: npm run fly -- --help\n",
    });
    assert.deepEqual(await status(fail(new EvaluationError("broke")), "a"), {
      status: 3,
      stdout: "",
      stderr: "broke\n",
    });
    const unknown = await status(fail(new Error("lost")), "a");
    assert.deepEqual([unknown.status, /^Error: lost\n\s+at /.test(unknown.stderr)], [3, true]);
  });
});
