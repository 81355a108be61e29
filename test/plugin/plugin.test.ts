import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { createInterface } from "node:readline";
import * as grpc from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import * as pulumi from "@pulumi/pulumi";
import * as components from "../../components";
import { projectRoot } from "../../plan/settings/project";

const load = createRequire(__filename);
/* The SDK's own messages and services, as the engine speaks them. */
interface Message {
  readonly [setter: string]: (...values: unknown[]) => unknown;
}
type Messages = Record<string, new () => Message>;
const provider = load("@pulumi/pulumi/proto/provider_pb") as Messages;
const { ResourceProviderClient } = load("@pulumi/pulumi/proto/provider_grpc_pb") as Record<
  string,
  new (at: string, as: grpc.ChannelCredentials) => grpc.Client
>;
const { ResourceMonitorService } = load("@pulumi/pulumi/proto/resource_grpc_pb") as {
  readonly ResourceMonitorService: grpc.ServiceDefinition;
};
const resource = load("@pulumi/pulumi/proto/resource_pb") as Messages;

const folder = path.join(projectRoot(), "plugin");
const kept = () => readFileSync(path.join(folder, "schema.json"), "utf8");

/** An engine's side: takes registrations down and answers as AWS would. */
async function monitor() {
  const registered: string[] = [];
  const server = new grpc.Server();
  type Call = grpc.ServerUnaryCall<Message, Message>;
  const answer = (name: string, fill: (message: Message, request: Message) => void, messages = resource) =>
    function reply(call: Call, done: grpc.sendUnaryData<Message>) {
      const message = new messages[name]!();
      fill(message, call.request);
      done(null, message);
    };
  server.addService(ResourceMonitorService, {
    supportsFeature: answer("SupportsFeatureResponse", (message) => message["setHassupport"]?.(false)),
    registerResource: answer("RegisterResourceResponse", (message, request) => {
      const type = String(request["getType"]?.());
      registered.push(type);
      message["setUrn"]?.(`urn:pulumi:dev::desk::${type}::${String(request["getName"]?.())}`);
      message["setId"]?.("key-1");
      message["setObject"]?.(
        Struct.fromJavaScript({ arn: "arn:aws:kms:us-east-1:123456789012:key/1", keyId: "key-1" }),
      );
    }),
    registerResourceOutputs: answer("Empty", () => undefined, { Empty } as unknown as Messages),
  });
  const bind = server.bindAsync.bind(server);
  const port = await new Promise<number>((resolve, reject) => {
    bind("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, at) => (error ? reject(error) : resolve(at)));
  });
  return { registered, address: `127.0.0.1:${port}`, stop: () => server.forceShutdown() };
}

describe("the components as a Pulumi package", () => {
  let host: ChildProcess;
  let client: grpc.Client &
    Record<string, (request: Message, done: (error: Error | null, reply: Message) => void) => void>;
  let engine: Awaited<ReturnType<typeof monitor>>;

  const call = (method: string, request: Message) =>
    new Promise<Message>((resolve, reject) => {
      client[method]?.(request, (error, reply) => (error ? reject(error) : resolve(reply)));
    });

  before(async () => {
    engine = await monitor();
    // The way the language host starts a package: by its folder, with the engine's address.
    const runner = require.resolve("@pulumi/pulumi/cmd/run-plugin");
    host = spawn(process.execPath, [runner, folder, engine.address], {
      stdio: ["ignore", "pipe", "inherit"],
      cwd: folder,
    });
    const [port] = (await once(createInterface({ input: host.stdout! }), "line")) as [string];
    client = new ResourceProviderClient!(`127.0.0.1:${port}`, grpc.credentials.createInsecure()) as typeof client;
  });

  after(() => {
    client.close();
    host.kill();
    engine.stop();
  });

  const construct = (type: string, inputs: object) => {
    const request = new provider["ConstructRequest"]!();
    request["setProject"]?.("desk");
    request["setStack"]?.("dev");
    request["setName"]?.("records");
    request["setType"]?.(type);
    request["setParallel"]?.(4);
    request["setMonitorendpoint"]?.(engine.address);
    request["setInputs"]?.(Struct.fromJavaScript(inputs as Record<string, never>));
    return call("construct", request);
  };
  const cloud = { accountId: "123456789012", region: "us-east-1", partition: "aws" };

  it("answers the engine with the schema of every component that the package gives out", async () => {
    const reply = await call("getSchema", new provider["GetSchemaRequest"]!());
    const schema = JSON.parse(String(reply["getSchema"]?.())) as { name: string; resources: Record<string, unknown> };
    assert.equal(schema.name, "trading-platform");
    const classes = Object.entries(components).filter(
      ([, { prototype }]) => prototype instanceof pulumi.ComponentResource,
    );
    const names = classes.map(([name]) => name);
    assert.ok(names.includes("LocalZoneTrader"));
    assert.deepEqual(
      Object.keys(schema.resources),
      names.toSorted().map((name) => `trading-platform:index:${name}`),
    );
  });

  it("makes a component with its resources in the program that asked, and gives its outputs back", async () => {
    const reply = await construct("trading-platform:index:EncryptionKey", { cloud, description: "Records" });
    assert.deepEqual(engine.registered.toSorted(), [
      "aws:kms/alias:Alias",
      "aws:kms/key:Key",
      "trading:security:EncryptionKey",
    ]);
    assert.match(String(reply["getUrn"]?.()), /trading:security:EncryptionKey::records$/);
    const state = (reply["getState"]?.() as Struct).toJavaScript();
    assert.equal(state["arn"], "arn:aws:kms:us-east-1:123456789012:key/1");
  });

  it("says what a component refuses, as it says it in a program of TypeScript", async () => {
    const vpc = { cloud, cidr: "10.80.0.0/33", zones: ["us-east-1a"], nat: "single" };
    const further = {
      endpoints: { gateway: [], interface: [] },
      flowLogs: { retentionDays: 30, aggregationSeconds: 600 },
    };
    await assert.rejects(construct("trading-platform:index:TradingVpc", { ...vpc, ...further }), (error: Error) => {
      assert.match(error.message, /1 mistake\n\s+network\.cidr: is not an IPv4 block\n.*10\.80\.0\.0\/33/s);
      assert.doesNotMatch(error.message, /\n\s+at /);
      return true;
    });
  });

  it("names the components that it has when asked for another", async () => {
    await assert.rejects(construct("trading-platform:index:Broker", {}), /no component .*Broker; it has .*AlarmTopics/);
  });

  it("says what a literal allows, what is required, and what must be known before anything is made", () => {
    const { resources } = JSON.parse(kept()) as {
      resources: Record<string, { requiredInputs: string[]; inputProperties: Record<string, Record<string, unknown>> }>;
    };
    const vpc = resources["trading-platform:index:TradingVpc"]!;
    assert.ok(vpc.requiredInputs.includes("zones") && !vpc.requiredInputs.includes("localZones"));
    assert.match(String(vpc.inputProperties["nat"]?.["description"]), /One of `.*single/);
    assert.equal(vpc.inputProperties["zones"]?.["plain"], true);
    const balancer = resources["trading-platform:index:LoadBalancer"]!;
    assert.equal(balancer.inputProperties["vpcId"]?.["plain"], undefined);
  });
});

describe("what npm runs before it installs the package", () => {
  const fetched = (from: string): string => {
    const bin = mkdtempSync(path.join(tmpdir(), "npm-"));
    const log = path.join(bin, "calls");
    writeFileSync(path.join(bin, "npm"), `#!/bin/sh\necho "$@" >> ${log}\n`, { mode: 0o755 }); // stands in for npm
    const { status, stderr } = spawnSync(process.execPath, [path.join(from, "install.cjs")], {
      encoding: "utf8",
      env: { ...process.env, PATH: `${bin}:${process.env.PATH ?? ""}` },
    });
    assert.equal(status, 0, stderr);
    const calls = existsSync(log) ? readFileSync(log, "utf8") : "";
    rmSync(bin, { recursive: true });
    return calls;
  };

  it("leaves a clone that has its packages as it is", () => {
    assert.equal(fetched(folder), "");
  });

  it("fetches the platform's packages where Pulumi has only its files", () => {
    const root = mkdtempSync(path.join(tmpdir(), "package-"));
    mkdirSync(path.join(root, "plugin"));
    copyFileSync(path.join(folder, "install.cjs"), path.join(root, "plugin", "install.cjs"));
    copyFileSync(path.join(folder, "..", "package.json"), path.join(root, "package.json"));
    const [call = "", ...more] = fetched(path.join(root, "plugin")).trim().split("\n");
    rmSync(root, { recursive: true });
    assert.match(call, /^ci --prefix \S+ --omit=dev /);
    assert.deepEqual(more, []);
  });
});
