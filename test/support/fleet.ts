/** A fleet on the emulated AWS, and the schedule's real functions wired to it, for tests of Lambdas and state machines. */
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  CreateTagsCommand,
  DescribeInstancesCommand,
  EC2Client,
  ModifyInstanceAttributeCommand,
  paginateDescribeInstances,
  RunInstancesCommand,
  StopInstancesCommand,
} from "@aws-sdk/client-ec2";
import { SSMClient } from "@aws-sdk/client-ssm";
import { batchesOf, type Selector } from "../../lambdas/common/instances";
import type { WindowSettings } from "../../lambdas/common/running-windows";
import { makeHandler as makeDrain } from "../../lambdas/fleet-drain/handler";
import { makeHandler as makeFind } from "../../lambdas/fleet-find/handler";
import { makeHandler as makePower } from "../../lambdas/fleet-power/handler";
import { makeHandler as makeReadiness } from "../../lambdas/fleet-readiness/handler";
import { makeHandler as makeDecide } from "../../lambdas/schedule-decide/handler";
import { makeHandler as makeReport } from "../../lambdas/schedule-report/handler";
import { startEmulator, type Emulator } from "../../sandbox/emulator";
import { startMachine, stopMachine } from "../../components/trading/fleet-schedule/state-machines";
import { Agents } from "./agents";
import { runStateMachine, type Run } from "./state-machine";

export const windows: WindowSettings = {
  exchange: "NYSE",
  startBeforeMinutes: 30,
  stopAfterMinutes: 30,
  minimumGapMinutes: 120,
  overrides: [],
};

/** Seconds that hooks may take in these tests. */
export const drainSeconds = 600;

const credentials = { accessKeyId: "test", secretAccessKey: "test" };

/** An error as AWS's clients throw it. */
export function awsError(name: string, message = name): Error {
  return Object.assign(new Error(message), { name });
}

interface RunOptions {
  readonly stack?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly agent?: Parameters<Agents["set"]>[1] | null;
}

export class TestFleet {
  readonly agents = new Agents();
  ec2!: EC2Client;
  ssm!: SSMClient;
  dynamo!: DynamoDBClient;
  /** The moment that functions take for now. */
  now = new Date("2026-11-20T21:30:00Z");
  /** Called before each EC2 call: throws in its place, or changes the answer. */
  intercept: ((operation: string, input: Record<string, unknown>) => void) | undefined;
  alter: ((operation: string, output: Record<string, unknown>) => void) | undefined;
  #emulator: Emulator | undefined;
  #stack = 0;
  #counter = 0;

  async start(): Promise<void> {
    Object.assign(process.env, {
      POWERTOOLS_LOG_LEVEL: "SILENT",
      POWERTOOLS_METRICS_NAMESPACE: "TradingPlatform",
      POWERTOOLS_SERVICE_NAME: "schedule",
      POWERTOOLS_METRICS_DISABLED: "true",
      LOCK_TABLE: "locks",
      DRAIN_DOCUMENT: "drain",
      DRAIN_SECONDS: String(drainSeconds),
      READINESS_MINUTES: "10",
      WINDOWS: JSON.stringify(windows),
    });
    this.#emulator = await startEmulator({ honourEndpoint: false });
    const settings = { endpoint: this.#emulator.endpoint, region: "us-east-1", credentials, maxAttempts: 1 };
    this.ec2 = new EC2Client(settings);
    this.ec2.middlewareStack.add(
      (next, context) => async (args) => {
        const operation = String(context.commandName);
        this.intercept?.(operation, args.input as Record<string, unknown>);
        const result = await next(args);
        this.alter?.(operation, result.output as unknown as Record<string, unknown>);
        return result;
      },
      { step: "initialize", name: "intercept" },
    );
    this.dynamo = new DynamoDBClient(settings);
    this.ssm = new SSMClient({ ...settings, endpoint: await this.agents.start() });
    await this.dynamo.send(
      new CreateTableCommand({
        TableName: "locks",
        BillingMode: "PAY_PER_REQUEST",
        KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
        AttributeDefinitions: [{ AttributeName: "key", AttributeType: "S" }],
      }),
    );
  }

  async stop(): Promise<void> {
    await this.agents.stop();
    await this.#emulator?.stop();
  }

  get stack(): string {
    return `qa-${this.#stack}`;
  }

  get selector(): Selector {
    return { project: "trading-platform", stack: this.stack, components: ["fleet"] };
  }

  /** A stack of its own for each test, so that tests share a server and nothing else. */
  fresh(): void {
    this.#stack++;
    this.agents.reset();
    this.intercept = undefined;
    this.alter = undefined;
    process.env.STACK = this.stack;
    process.env.SELECTOR = JSON.stringify(this.selector);
  }

  /** Runs instances with the platform's tags; `agent: null` leaves them without a Systems Manager agent. */
  async run(count: number, options: RunOptions = {}): Promise<string[]> {
    const tags = {
      project: "trading-platform",
      stack: options.stack ?? this.stack,
      component: "fleet",
      ...options.tags,
    };
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    const { Instances = [] } = await this.ec2.send(
      new RunInstancesCommand({
        ImageId: "ami-12c6146b",
        InstanceType: "c6i.large",
        MinCount: count,
        MaxCount: count,
        TagSpecifications: [{ ResourceType: "instance", Tags }],
      }),
    );
    const ids = Instances.map(({ InstanceId = "" }) => InstanceId).sort();
    if (options.agent !== null) for (const id of ids) this.agents.set(id, options.agent ?? {});
    return ids;
  }

  async runStopped(count: number, options: RunOptions = {}): Promise<string[]> {
    const ids = await this.run(count, options);
    await this.ec2.send(new StopInstancesCommand({ InstanceIds: ids }));
    return ids;
  }

  async tag(ids: readonly string[], key: string, value: string): Promise<void> {
    await this.ec2.send(new CreateTagsCommand({ Resources: [...ids], Tags: [{ Key: key, Value: value }] }));
  }

  async protectFromStop(id: string): Promise<void> {
    await this.ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: id, DisableApiStop: { Value: true } }));
  }

  /** States by id, as EC2 has them. */
  async states(ids: readonly string[]): Promise<string[]> {
    const states = new Map<string, string>();
    for (const some of batchesOf(ids, 500)) {
      for await (const page of paginateDescribeInstances({ client: this.ec2 }, { InstanceIds: some })) {
        for (const { Instances = [] } of page.Reservations ?? [])
          for (const { InstanceId = "", State } of Instances) states.set(InstanceId, State?.Name ?? "");
      }
    }
    return ids.map((id) => states.get(id) ?? "gone");
  }

  async stateOf(id: string): Promise<string | undefined> {
    const { Reservations } = await this.ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
    return Reservations?.[0]?.Instances?.[0]?.State?.Name;
  }

  functions() {
    const clock = () => this.now;
    return {
      decide: makeDecide(this.dynamo, clock),
      find: makeFind(this.ec2),
      drain: makeDrain(this.ssm, () => this.now.getTime()),
      power: makePower(this.ec2),
      report: makeReport(),
    };
  }

  readiness() {
    return makeReadiness(this.ec2, this.ssm);
  }

  /** Runs a whole state machine with the real functions; its waits move the clock. */
  async machine(
    action: "start" | "stop",
    input: object = {},
    more: Partial<ReturnType<this["functions"]>> = {},
  ): Promise<Run> {
    const arns = { decide: "decide", find: "find", drain: "drain", power: "power", report: "report" };
    const definition = action === "start" ? startMachine(arns) : stopMachine(arns, drainSeconds);
    return runStateMachine(definition, input, {
      functions: { ...this.functions(), ...more },
      execution: `execution-${this.stack}-${++this.#counter}`,
      onWait: (seconds) => (this.now = new Date(this.now.getTime() + seconds * 1000)),
    });
  }
}

/** A fleet of a `describe`'s own: its AWS comes up before the first test, and every test begins with none of its instances. */
export function emulatedFleet(): TestFleet {
  const fleet = new TestFleet();
  before(() => fleet.start());
  after(() => fleet.stop());
  beforeEach(() => fleet.fresh());
  return fleet;
}

/** States of instances that are all in one. */
export const allIn = (state: string, count: number): string[] => Array.from({ length: count }, () => state);
