import {
  CreateImageCommand,
  CreateTagsCommand,
  DescribeImagesCommand,
  EC2Client,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { GetParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { main } from "../../promotion/cli";
import { startEmulator, type Emulator } from "../../sandbox/emulator";

const credentials = { accessKeyId: "test", secretAccessKey: "test" };
const environment = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_REGION: "us-east-1" };

/** An emulated account with images, pointers and instances, and the command as users run it. */
export class Account {
  ec2!: EC2Client;
  ssm!: SSMClient;
  #emulator: Emulator | undefined;
  #before: Record<string, string | undefined> = {};
  #counter = 0;

  async start(): Promise<void> {
    this.#emulator = await startEmulator({ honourEndpoint: false });
    const settings = { endpoint: this.#emulator.endpoint, region: "us-east-1", credentials };
    this.ec2 = new EC2Client(settings);
    this.ssm = new SSMClient(settings);
    const given: Record<string, string> = { ...environment, AWS_ENDPOINT_URL: this.#emulator.endpoint };
    for (const [name, value] of Object.entries(given)) {
      this.#before[name] = process.env[name];
      process.env[name] = value;
    }
  }

  async stop(): Promise<void> {
    for (const [name, value] of Object.entries(this.#before)) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
    await this.#emulator?.stop();
  }

  /** An image of the account's own, with a snapshot. */
  async image(tags: Readonly<Record<string, string>> = {}): Promise<{ ami: string; snapshot: string }> {
    const builder = await this.run("ami-12c6146b", "none", "build");
    const { ImageId = "" } = await this.ec2.send(
      new CreateImageCommand({ InstanceId: builder, Name: `image-${++this.#counter}` }),
    );
    await this.ec2.send(new TerminateInstancesCommand({ InstanceIds: [builder] }));
    const all = { project: "trading-platform", "image-kind": "trading", ...tags };
    const Tags = Object.entries(all).map(([Key, Value]) => ({ Key, Value }));
    await this.ec2.send(new CreateTagsCommand({ Resources: [ImageId], Tags }));
    const { Images = [] } = await this.ec2.send(new DescribeImagesCommand({ ImageIds: [ImageId] }));
    return { ami: ImageId, snapshot: Images[0]?.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId ?? "" };
  }

  /** Instances of a stage's component that start from an image. */
  async run(ami: string, stage: string, component = "fleet"): Promise<string> {
    const tags = { project: "trading-platform", stage, component };
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    const { Instances = [] } = await this.ec2.send(
      new RunInstancesCommand({
        ImageId: ami,
        MinCount: 1,
        MaxCount: 1,
        InstanceType: "t3.micro",
        TagSpecifications: [{ ResourceType: "instance", Tags }],
      }),
    );
    return Instances[0]?.InstanceId ?? "";
  }

  async parameter(Name: string): Promise<string | undefined> {
    return this.ssm.send(new GetParameterCommand({ Name })).then(
      ({ Parameter }) => Parameter?.Value,
      () => undefined,
    );
  }

  async put(Name: string, Value: string): Promise<void> {
    await this.ssm.send(new PutParameterCommand({ Name, Value, Type: "String", Overwrite: true }));
  }
}

/** Runs `npm run ami` with these words and gives what it said. */
export async function ami(...words: string[]): Promise<{ status: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const write = process.stdout.write.bind(process.stdout);
  const complain = console.error;
  const writeError = process.stderr.write.bind(process.stderr);
  process.stdout.write = (text: string | Uint8Array) => ((out += String(text)), true);
  process.stderr.write = (text: string | Uint8Array) => ((err += String(text)), true);
  console.error = (text: unknown) => (err += `${String(text)}\n`);
  try {
    return { status: await main(words), out, err };
  } finally {
    process.stdout.write = write;
    process.stderr.write = writeError;
    console.error = complain;
  }
}
