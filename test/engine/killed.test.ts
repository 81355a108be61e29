import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import * as path from "node:path";
import { LiveStack, backing, networkOnly } from "./live-stack";
import { stepwise } from "../support/stepwise";

function locks(stack: LiveStack): string[] {
  const folder = path.join(stack.place.folder, "state", ".pulumi", "locks");
  return existsSync(folder)
    ? readdirSync(folder, { recursive: true })
        .map(String)
        .filter((name) => name.endsWith(".json"))
    : [];
}

/** A process and all that it started, directly or not: plugins and programs have process groups of their own. */
function withDescendants(root: number): number[] {
  const all = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number) as [pid: number, parent: number]);
  const found = [root];
  for (const of of found) found.push(...all.filter(([, parent]) => parent === of).map(([pid]) => pid));
  return found;
}

describe(`an up that is killed in the middle, against ${backing().backing}`, function () {
  stepwise();
  let stack: LiveStack;

  before(async () => {
    stack = await LiveStack.open("dev", "killed", { set: networkOnly, policy: false });
  });

  after(async () => {
    await (stack as LiveStack | undefined)?.close();
  });

  it("leaves a locked stack with some of its resources", async () => {
    const { stack: automation } = stack.engine;
    const { envVars, pulumiCommand } = automation.workspace;
    const child = spawn(
      pulumiCommand.command,
      ["up", "--yes", "--skip-preview", "--non-interactive", "--color", "never", "--stack", stack.place.name],
      {
        cwd: stack.place.folder,
        env: { ...process.env, ...envVars },
        stdio: ["ignore", "pipe", "ignore"],
      },
    );
    let written = "";
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    await new Promise<void>((resolve, reject) => {
      child.stdout.on("data", (chunk: Buffer) => {
        written += chunk.toString();
        // In the middle: the VPC is there, its subnets are being made.
        if (/ec2:Vpc \S+ created/.test(written)) resolve();
      });
      child.once("exit", () => reject(new Error(`it ended by itself:\n${written.slice(-2_000)}`)));
    });
    // The engine, its providers and the program, as when a machine goes down: left behind, a program without its engine
    // goes round and round until it has eaten all memory.
    for (const pid of withDescendants(child.pid ?? 0)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, "ESRCH"); // it has ended between the list and the kill
      }
    }
    await ended;
    assert.equal(locks(stack).length, 1, "the killed run has left its lock");
    // A kill can come between the two steps in which Pulumi writes a file's attributes: none are kept.
    const files = readdirSync(path.join(stack.place.folder, "state"), { recursive: true }).map(String);
    assert.ok(files.some((file) => file.endsWith("dev.json")));
    assert.deepEqual(
      files.filter((file) => file.endsWith(".attrs")),
      [],
    );
    assert.ok((await stack.engine.resources()).length > 0);
  });

  it("is recovered by the next up, which says that it took the lock away", async () => {
    assert.equal(await stack.engine.releaseStaleLock(), true);
    assert.deepEqual(locks(stack), []);
    await stack.must("up");
    const again = await stack.must("up");
    assert.deepEqual(
      again.changed.map(({ op, urn }) => `${op} ${urn}`),
      [],
    );
  });

  it("takes no lock away whose owner is still alive, or whose owner is another machine's", async () => {
    assert.equal(await stack.engine.releaseStaleLock(), false);
  });

  it("can be destroyed to nothing", async () => {
    await stack.engine.unprotect();
    await stack.must("destroy");
    assert.deepEqual(await stack.engine.resources(), []);
  });
});
