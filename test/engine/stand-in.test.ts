import assert from "node:assert/strict";
import { LocalWorkspace, type InlineProgramArgs, type Stack } from "@pulumi/pulumi/automation";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { requireEngineForTests } from "./live-stack";
import { startStandIn, type StandIn } from "./standin/start";

/**
 * What the engine itself refuses, and what the stand-in provider does in the place of a cloud. These run on every machine
 * that has the CLI, so that the stand-in is known to be worth something where it is all there is.
 */
describe("the real engine with the stand-in provider", () => {
  let standIn: StandIn;
  let folder: string;

  before(async () => {
    standIn = await startStandIn();
    folder = mkdtempSync(path.join(tmpdir(), "stand-in-"));
  });

  after(async () => {
    await standIn.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function stackOf(name: string, program: () => Promise<Record<string, unknown>>): Promise<Stack> {
    const state = path.join(folder, name);
    mkdirSync(state);
    const args: InlineProgramArgs = { stackName: name, projectName: "stand-in", program };
    return LocalWorkspace.createOrSelectStack(args, {
      envVars: {
        PATH: `${requireEngineForTests().binFolder}${path.delimiter}${process.env.PATH ?? ""}`,
        PULUMI_BACKEND_URL: `file://${state}`,
        PULUMI_CONFIG_PASSPHRASE: "stand-in",
        PULUMI_SKIP_UPDATE_CHECK: "1",
        PULUMI_DEBUG_PROVIDERS: `aws:${standIn.port}`,
      },
    });
  }

  it("refuses two resources of one name, which mocks accept", async () => {
    const stack = await stackOf("twice", () => {
      new aws.sqs.Queue("queue");
      new aws.sqs.Queue("queue");
      return Promise.resolve({});
    });
    await assert.rejects(stack.up(), /Duplicate resource URN/);
  });

  it("leaves outputs unknown in a preview, and knows them in an up", async () => {
    const seen: string[] = [];
    const stack = await stackOf("unknown", () => {
      new aws.ec2.Vpc("vpc", { cidrBlock: "10.0.0.0/16" }).id.apply((id) => seen.push(id));
      return Promise.resolve({});
    });
    await stack.preview();
    assert.deepEqual(seen, [], "an apply ran on a value that is not known");
    await stack.up();
    assert.match(seen.join(), /^vpc-/);
    await stack.destroy();
  });

  it("removes what refers before what it refers to, and changes nothing in a second up", async () => {
    const stack = await stackOf("order", () => {
      const vpc = new aws.ec2.Vpc("vpc", { cidrBlock: "10.0.0.0/16" });
      const subnet = new aws.ec2.Subnet("subnet", { vpcId: vpc.id, cidrBlock: "10.0.0.0/24" });
      new aws.ec2.Instance("host", { ami: "ami-0123456789abcdef0", instanceType: "t3.micro", subnetId: subnet.id });
      return Promise.resolve({ vpc: vpc.id });
    });
    await stack.up();
    assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 4 });
    assert.equal((await stack.destroy()).summary.resourceChanges?.delete, 4);
  });

  it("takes a physical name once", async () => {
    const stack = await stackOf("name", () => {
      new aws.s3.Bucket("one", { bucket: "the-same" });
      new aws.s3.Bucket("two", { bucket: "the-same" }, { dependsOn: [] });
      return Promise.resolve({});
    });
    await assert.rejects(stack.up(), /AlreadyExists/);
    await stack.destroy();
  });

  it("keeps a secret out of the state in clear text", async () => {
    const stack = await stackOf("secret", () => {
      const password = pulumi.secret("a-very-plain-password");
      new aws.ssm.Parameter("parameter", { type: "SecureString", value: password });
      return Promise.resolve({ password });
    });
    await stack.up();
    const outputs = await stack.outputs();
    assert.equal(outputs.password?.secret, true);
    await stack.destroy();
  });
});
