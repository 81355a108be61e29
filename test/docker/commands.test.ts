import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { EC2Client, RunInstancesCommand } from "@aws-sdk/client-ec2";
import { CreateDocumentCommand, ListCommandsCommand, SSMClient } from "@aws-sdk/client-ssm";
import { deployDocument, setupDocument } from "../../components/trading/local-zone-trader/boot";
import { startEmulator, type Emulator } from "../../sandbox/emulator";
import { commandFolder, root } from "./tools";

describe("commands of docker/ by AWS's own client, on an emulated AWS", function () {
  this.timeout(240_000);
  let emulator: Emulator;
  let ssm: SSMClient;
  let traders: string[];

  before(async () => {
    commandFolder("aws");
    emulator = await startEmulator({ honourEndpoint: false });
    const client = {
      endpoint: emulator.endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    };
    ssm = new SSMClient(client);
    for (const [name, document] of [
      ["qa-trader-deploy", deployDocument()],
      ["qa-trader-setup", setupDocument("true")],
      ["dev-trader-deploy", deployDocument()],
    ] as const) {
      await ssm.send(
        new CreateDocumentCommand({
          Name: `trading-platform-${name}`,
          DocumentType: "Command",
          DocumentFormat: "JSON",
          Content: JSON.stringify(document),
        }),
      );
    }
    const ec2 = new EC2Client(client);
    const run = async (stack: string, component: string) => {
      const { Instances = [] } = await ec2.send(
        new RunInstancesCommand({
          ImageId: "ami-12345678",
          MinCount: 1,
          MaxCount: 1,
          TagSpecifications: [
            {
              ResourceType: "instance",
              Tags: Object.entries({ project: "trading-platform", stack, component }).map(([Key, Value]) => ({
                Key,
                Value,
              })),
            },
          ],
        }),
      );
      return Instances[0]?.InstanceId ?? "";
    };
    traders = [await run("qa", "trader")];
    await run("prod", "trader");
    await run("qa", "fleet");
  });
  after(() => emulator.stop());

  function command(
    name: string,
    ...args: string[]
  ): Promise<{ status: number | null; stdout: string; stderr: string }> {
    const child = spawn("bash", [join(root, "docker/commands", name), ...args], {
      env: {
        PATH: `${commandFolder("aws")}:${process.env.PATH ?? ""}`,
        AWS_ENDPOINT_URL: emulator.endpoint,
        AWS_DEFAULT_REGION: "us-east-1",
        AWS_ACCESS_KEY_ID: "test",
        AWS_SECRET_ACCESS_KEY: "test",
        POLL_SECONDS: "0.1",
      },
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    return new Promise((resolve) => child.once("close", (status) => resolve({ status, stdout, stderr })));
  }
  const sent = async (stdout: string) => {
    const id = /^command (\S+)$/m.exec(stdout)?.[1];
    const { Commands = [] } = await ssm.send(new ListCommandsCommand({ CommandId: id }));
    return Commands[0];
  };

  it("deploy.sh pulls an image and restarts its container, on the stack's trading hosts only, one at a time", async () => {
    const { status, stdout, stderr } = await command("deploy.sh", "qa", "registry.example/bot:1.2.3");
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /\n1 done\n$/);
    const it = await sent(stdout);
    assert.equal(it?.DocumentName, "trading-platform-qa-trader-deploy");
    assert.deepEqual(it.Parameters, { Container: ["trader"], Image: ["registry.example/bot:1.2.3"] });
    assert.deepEqual(it.InstanceIds, traders);
    assert.deepEqual([it.MaxConcurrency, it.MaxErrors], ["1", "0"]);
  });

  it("deploy.sh takes IB Gateway's container as well", async () => {
    const { stdout } = await command("deploy.sh", "qa", "registry.example/gateway:1", "ib-gateway");
    assert.deepEqual((await sent(stdout))?.Parameters?.Container, ["ib-gateway"]);
  });

  it("setup-instance.sh runs the set-up again", async () => {
    const { status, stdout } = await command("setup-instance.sh", "qa");
    assert.equal(status, 0);
    assert.equal((await sent(stdout))?.DocumentName, "trading-platform-qa-trader-setup");
  });

  it("say that a stack has no running trading host, and fail", async () => {
    const { status, stderr } = await command("deploy.sh", "dev", "registry.example/bot:1.2.3");
    assert.deepEqual([status, stderr], [1, "no running trading host in dev\n"]);
  });

  for (const [name, args, usage] of [
    ["deploy.sh", [], /Usage: deploy\.sh STACK IMAGE \[CONTAINER\]/],
    ["deploy.sh", ["qa", "image", "trader", "more"], /Usage: deploy\.sh/],
    ["setup-instance.sh", [], /Usage: setup-instance\.sh STACK/],
  ] as const) {
    it(`${name} with ${args.length} words says how it is used, and ends with 2`, async () => {
      const { status, stderr } = await command(name, ...args);
      assert.equal(status, 2);
      assert.match(stderr, usage);
    });
  }
});
