import { DescribeSubnetsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { GetResourcesCommand, ResourceGroupsTaggingAPIClient } from "@aws-sdk/client-resource-groups-tagging-api";
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import * as path from "node:path";
import { describeFindings } from "../../recover/describe";
import { emulatorAccess } from "../../sandbox/emulator-access";
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

/** Ids of the subnets of the stack that the emulated AWS has. */
async function subnets(stack: LiveStack): Promise<string[]> {
  if (stack.against === "stand-in provider")
    return (await stack.engine.resources()).filter(({ type }) => type.endsWith(":Vpc")).map(({ id }) => String(id));
  const { Subnets = [] } = await new EC2Client(emulatorAccess(stack.endpoint)).send(
    new DescribeSubnetsCommand({ Filters: [{ Name: "tag:stack", Values: [stack.place.name] }] }),
  );
  return Subnets.map(({ SubnetId }) => String(SubnetId));
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
    child.stdout.on("data", (chunk: Buffer) => (written += chunk.toString()));
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    // In the middle: subnets are there of which the engine has not heard yet.
    while ((await subnets(stack)).length === 0) {
      assert.equal(child.exitCode, null, `it ended by itself:\n${written.slice(-2_000)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    // The engine hears of nothing from now on; what the provider has asked for is made all the same.
    child.kill("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 2_000));
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

  it("is recovered by the next up: the lock is taken away, and what was under way taken over", async () => {
    const known = new Set((await stack.engine.resources()).map(({ id }) => id));
    const unknown = stack.against === "stand-in provider" ? [] : (await subnets(stack)).filter((id) => !known.has(id));
    assert.equal(await stack.engine.releaseStaleLock(), true);
    assert.deepEqual(locks(stack), []);
    const recovered = await stack.engine.recoverInterrupted();
    assert.ok(recovered, "nothing was under way");
    const said = describeFindings("dev", recovered);
    if (stack.against !== "stand-in provider") {
      assert.ok(unknown.length > 0, "the state knew every subnet");
      assert.deepEqual(recovered.done.forgotten, [], said);
      const now = new Set((await stack.engine.resources()).map(({ id }) => id));
      for (const id of unknown) assert.ok(now.has(id), `${id} is still unknown:\n${said}`);
    }
    assert.equal(await stack.engine.recoverInterrupted(), undefined, "it is settled once");
    await stack.must("up");
    const again = await stack.must("up");
    assert.deepEqual(
      again.changed.map(({ op, urn }) => `${op} ${urn}`),
      [],
    );
  });

  it("leaves nothing in the account that the state does not hold", async function () {
    if (stack.against === "stand-in provider") return this.skip();
    const held = (await stack.engine.resources()).map(({ id, outputs }) =>
      typeof outputs?.arn === "string" ? outputs.arn : String(id),
    );
    const client = new ResourceGroupsTaggingAPIClient(emulatorAccess(stack.endpoint));
    const { ResourceTagMappingList = [] } = await client.send(
      new GetResourcesCommand({
        TagFilters: [{ Key: "stack", Values: ["dev"] }],
        ResourcesPerPage: 100,
        TagsPerPage: 500,
      }),
    );
    const arns = ResourceTagMappingList.map(({ ResourceARN }) => String(ResourceARN));
    assert.ok(arns.length > 20, `only ${arns.length}`);
    assert.deepEqual(
      arns.filter((arn) => !held.some((one) => arn === one || arn.endsWith(`/${one}`) || arn.endsWith(`:${one}`))),
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
