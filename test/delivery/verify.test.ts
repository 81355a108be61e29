import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { CloudWatchClient, PutMetricAlarmCommand, SetAlarmStateCommand } from "@aws-sdk/client-cloudwatch";
import { EC2Client, RunInstancesCommand, StopInstancesCommand, TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import { CreateDBInstanceCommand, RDSClient, StopDBInstanceCommand } from "@aws-sdk/client-rds";
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  CreateScheduleCommand,
  CreateScheduleGroupCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from "@aws-sdk/client-scheduler";
import { validate } from "../../config";
import type { CheckName, Subject } from "../../delivery/verify/check";
import { compareFleet, isDue, modelKeyOf } from "../../delivery/verify/fleet";
import { compareSchedules } from "../../delivery/verify/schedules";
import { main } from "../../delivery/verify/cli";
import { verify } from "../../delivery/verify/verify";
import { recurringSchedules } from "../../lambdas/common/running-windows";
import { splitValue } from "../../components/trading/model-driven-fleet/instance-tags";
import { projectRoot, startEmulator, type Emulator } from "../../sandbox/emulator";
import { assertTold, captured } from "../support/command";
import { windows } from "../support/fleet";

const credentials = { accessKeyId: "test", secretAccessKey: "test" };
const base = { project: "trading-platform", organization: "organization", stack: "paper" };
const keys = ["models/pairs/AAPL/lstm-outer_1_inner_2", "models/pairs/MSFT/lstm-outer_3_inner_4"];
const tagList = (tags: Record<string, string>) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
const own = (component: string) => ({ project: "trading-platform", stack: "paper", stage: "qa", component });

/** While New York sleeps, and while it trades. */
const night = new Date("2026-11-20T08:00:00Z");
const session = new Date("2026-11-20T16:00:00Z");

describe("verification of a live stack, on an emulated AWS", () => {
  let emulator: Emulator;
  let client: Subject["client"];
  const saved = { ...process.env };

  const settings = validate(
    base,
    {
      stage: "qa",
      owner: "trading",
      network: {},
      fleet: { bucket: "verify-models" },
      schedule: {},
      data: { postgres: {} },
    },
    "us-east-1",
  );
  const look = async (only: CheckName, changes: Partial<Subject> = {}) => {
    const subject = { settings, client, root: projectRoot(), outputs: () => ({}), urls: [], now: night, ...changes };
    const [result] = (await verify(subject, [only])).checks;
    assert.ok(result);
    return result;
  };
  const make = <T>(Client: new (config: object) => T): T =>
    new Client({ endpoint: emulator.endpoint, region: "us-east-1", credentials, maxAttempts: 1 });

  async function runModel(key: string, tags: Record<string, string> = {}): Promise<string> {
    const all = { ...own("fleet"), "model-key": key, ...tags };
    const { Instances } = await make(EC2Client).send(
      new RunInstancesCommand({
        ImageId: "ami-12c6146b",
        MinCount: 1,
        MaxCount: 1,
        TagSpecifications: [{ ResourceType: "instance", Tags: tagList(all) }],
      }),
    );
    return Instances?.[0]?.InstanceId ?? "";
  }

  before(async () => {
    emulator = await startEmulator({ honourEndpoint: false });
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: emulator.endpoint,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
    });
    client = { region: "us-east-1", maxAttempts: 1 };
    const s3 = new S3Client({ endpoint: emulator.endpoint, region: "us-east-1", credentials, forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: "verify-models" }));
    for (const Key of keys) await s3.send(new PutObjectCommand({ Bucket: "verify-models", Key, Body: "model" }));
  });
  after(async () => {
    await emulator.stop();
    process.env = saved;
  });

  it("finds models without an instance, and passes once each has one", async () => {
    const empty = await look("fleet");
    assert.equal(empty.status, "fail");
    assert.deepEqual(
      empty.findings,
      keys.map((what) => ({ what, problem: "is listed and has no instance" })),
    );
    for (const key of keys) await runModel(key);
    await runModel("models/pairs/OTHER/lstm-outer_1_inner_1", { stack: "prod" });
    const full = await look("fleet");
    assert.deepEqual([full.status, full.summary, full.findings], ["pass", "2 models listed, 2 instances", []]);
  });

  it("finds an instance whose model is gone, one too many, and one that stands still in the session", async () => {
    const ec2 = make(EC2Client);
    const s3 = new S3Client({ endpoint: emulator.endpoint, region: "us-east-1", credentials, forcePathStyle: true });
    const twin = await runModel(keys[0] ?? "");
    await s3.send(new DeleteObjectCommand({ Bucket: "verify-models", Key: keys[1] ?? "" }));
    const result = await look("fleet");
    assert.equal(result.status, "fail");
    assert.match(JSON.stringify(result.findings), /outer_1_inner_2","problem":"has 2 instances: i-\w+, i-\w+"/);
    assert.match(
      JSON.stringify(result.findings),
      /"runs models\/pairs\/MSFT\/lstm-outer_3_inner_4, which is not listed"/,
    );
    await s3.send(new PutObjectCommand({ Bucket: "verify-models", Key: keys[1] ?? "", Body: "model" }));
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [twin] }));

    const still = await runModel(keys[0] ?? "", { "model-key": "models/pairs/ZM/lstm-outer_9_inner_9" });
    await s3.send(
      new PutObjectCommand({ Bucket: "verify-models", Key: "models/pairs/ZM/lstm-outer_9_inner_9", Body: "m" }),
    );
    await ec2.send(new StopInstancesCommand({ InstanceIds: [still] }));
    assert.equal((await look("fleet", { now: night })).status, "pass");
    assert.deepEqual((await look("fleet", { now: session })).findings, [
      { what: still, problem: "is stopped while its exchange trades" },
    ]);
    await s3.send(new DeleteObjectCommand({ Bucket: "verify-models", Key: "models/pairs/ZM/lstm-outer_9_inner_9" }));
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [still] }));
  });

  it("says that it does not know where the bucket cannot be listed", async () => {
    const other = validate(
      base,
      { stage: "qa", owner: "t", network: {}, fleet: { bucket: "no-such-models" } },
      "us-east-1",
    );
    const result = await look("fleet", { settings: other });
    assert.equal(result.status, "unknown");
    assert.match(result.summary, /the bucket does not exist/);
  });

  it("finds the stack's alarms that are on, and no other stack's", async () => {
    const cloudwatch = make(CloudWatchClient);
    for (const [AlarmName, stack] of [
      ["fleet-status", "paper"],
      ["other-status", "prod"],
    ] as const) {
      await cloudwatch.send(
        new PutMetricAlarmCommand({
          AlarmName,
          AlarmDescription: "An instance fails. First: look.",
          Namespace: "N",
          MetricName: "M",
          Statistic: "Sum",
          Period: 60,
          EvaluationPeriods: 1,
          Threshold: 0,
          ComparisonOperator: "GreaterThanThreshold",
          Tags: tagList({ ...own("fleet"), stack }),
        }),
      );
    }
    const setState = (AlarmName: string, StateValue: "ALARM" | "OK") =>
      cloudwatch.send(new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: "3 of 3 fail." }));
    await setState("other-status", "ALARM");
    assert.equal((await look("alarms")).status, "pass");
    await setState("fleet-status", "ALARM");
    assert.deepEqual((await look("alarms")).findings, [
      { what: "fleet-status", problem: "3 of 3 fail. An instance fails. First: look." },
    ]);
    await setState("fleet-status", "OK");
    assert.equal((await look("alarms")).status, "pass");
  });

  it("finds schedules that are missing, disabled or not of the calendar", async () => {
    const scheduler = make(SchedulerClient);
    const bare = await look("schedules");
    assert.equal(bare.status, "fail");
    assert.ok(bare.findings.length > 0 && bare.findings.every(({ problem }) => problem === "is missing"));

    await scheduler.send(new CreateScheduleGroupCommand({ Name: "paper-group", Tags: tagList(own("schedule")) }));
    const fields = (cron: string, timezone: string) => ({
      GroupName: "paper-group",
      ScheduleExpression: `cron(${cron})`,
      ScheduleExpressionTimezone: timezone,
      FlexibleTimeWindow: { Mode: "OFF" as const },
      Target: {
        Arn: "arn:aws:states:us-east-1:123456789012:stateMachine:m",
        RoleArn: "arn:aws:iam::123456789012:role/r",
      },
    });
    const armed = recurringSchedules(windows, 10);
    for (const [index, { cron, timezone }] of armed.entries())
      await scheduler.send(new CreateScheduleCommand({ Name: `s${index}`, ...fields(cron, timezone) }));
    const full = await look("schedules");
    assert.deepEqual([full.status, full.findings], ["pass", []]);
    assert.match(full.summary, new RegExp(`^${armed.length} schedules armed`));

    const [first] = armed;
    assert.ok(first);
    await scheduler.send(
      new UpdateScheduleCommand({ Name: "s0", State: "DISABLED", ...fields(first.cron, first.timezone) }),
    );
    assert.deepEqual((await look("schedules")).findings, [
      { what: `cron(${first.cron}) ${first.timezone}`, problem: "is disabled" },
    ]);
    const dev = validate(base, { stage: "dev", owner: "t", network: {}, schedule: {} }, "us-east-1");
    const inDev = await look("schedules", { settings: dev });
    assert.ok(inDev.findings.every(({ problem }) => problem === "fires and is not of the calendar"));
    assert.equal(inDev.findings.length, armed.length - 1);
  });

  it("finds a database that does not serve, and services without their tasks", async () => {
    const rds = make(RDSClient);
    await rds.send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier: "paper-db",
        DBInstanceClass: "db.t4g.medium",
        Engine: "postgres",
        AllocatedStorage: 20,
        MasterUsername: "m",
        MasterUserPassword: "secret-password",
        Tags: tagList(own("data")),
      }),
    );
    assert.equal((await look("health")).status, "pass");
    await rds.send(new StopDBInstanceCommand({ DBInstanceIdentifier: "paper-db" }));
    assert.deepEqual((await look("health")).findings, [{ what: "paper-db", problem: "is stopped" }]);

    const ecs = make(ECSClient);
    await ecs.send(
      new CreateClusterCommand({
        clusterName: "paper",
        tags: Object.entries(own("services")).map(([key, value]) => ({ key, value })),
      }),
    );
    await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: "bot",
        containerDefinitions: [{ name: "bot", image: "x", memory: 64 }],
      }),
    );
    await ecs.send(
      new CreateServiceCommand({ cluster: "paper", serviceName: "bot", taskDefinition: "bot", desiredCount: 2 }),
    );
    const image = `x@sha256:${"1".repeat(64)}`;
    const services = validate(
      base,
      {
        stage: "qa",
        owner: "t",
        network: {},
        services: { services: { bot: { image, logGroupName: "/ecs/bot", port: 8000, cpuUnits: 256, memoryMiB: 512 } } },
      },
      "us-east-1",
    );
    assert.deepEqual((await look("health", { settings: services })).findings, [
      { what: "bot", problem: "runs 0 of 2 tasks" },
    ]);
  });

  it("gives JSON and an exit status on the command line", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "verify-"));
    const file = path.join(folder, "paper.yaml");
    writeFileSync(
      file,
      "config:\n  aws:region: us-east-1\n  trading-platform:stage: qa\n  trading-platform:network: {}\n  trading-platform:fleet: {bucket: verify-models}\n",
    );
    const run = (...args: string[]) => captured(main, ...args);
    const fine = await run("--config-file", file, "--format", "json", "--only", "fleet,health,schedules");
    assert.equal(fine.status, 0, fine.stderr);
    const report = JSON.parse(fine.stdout) as { ok: boolean; checks: { name: string; status: string }[] };
    assert.deepEqual(
      [report.ok, report.checks.map(({ name, status }) => `${name} ${status}`)],
      [true, ["health pass", "fleet pass", "schedules skipped"]],
    );
    writeFileSync(
      file,
      "config:\n  aws:region: us-east-1\n  trading-platform:stage: qa\n  trading-platform:network: {}\n  trading-platform:fleet: {bucket: no-such-models}\n",
    );
    assert.equal((await run("--config-file", file, "--only", "fleet")).status, 3);
    const missing = await run("--config-file", file, "--url", "http://localhost:1/", "--only", "endpoints");
    assert.deepEqual([missing.status, missing.stdout.includes("http://localhost:1/: ")], [1, true]);
    for (const [args, message] of [
      [[], /Name a stack/],
      [["nonesuch"], /There is no stack nonesuch/],
      [["dev", "--only", "colour"], /"colour" is no check; allowed: endpoints, health, alarms, fleet, schedules/],
      [["dev", "--url", "ftp://x"], /not an address with http/],
      [["dev", "--wait", "soon"], /not a whole number/],
      [["dev", "--outputs", "/nonesuch.json"], /^--outputs \/nonesuch.json: there is no such file$/m],
      [["dev", "--outputs", file], /is not a JSON object/],
    ] as [string[], RegExp][]) {
      assertTold(await run(...args), 2, message, args.join(" "));
    }
    rmSync(folder, { recursive: true });
  });
});

describe("what verification compares", () => {
  it("puts a long model key together from its tags", () => {
    const key = `models/pairs/${"A".repeat(600)}/m-outer_1_inner_1`;
    const Tags = splitValue(key).map((Value, at) => ({ Key: at === 0 ? "model-key" : `model-key-${at + 1}`, Value }));
    assert.equal(Tags.length, 3);
    assert.equal(modelKeyOf({ Tags }), key);
  });

  it("takes an instance that is held for nobody's business", () => {
    const Tags = [
      { Key: "model-key", Value: "a" },
      { Key: "hold", Value: "debugging" },
    ];
    assert.deepEqual(compareFleet(["a"], [{ InstanceId: "i-1", Tags, State: { Name: "stopped" } }], true), []);
  });

  it("has a fleet due from a quarter of an hour after its start", () => {
    assert.deepEqual(
      [
        "2026-11-20T14:00:00Z",
        "2026-11-20T14:14:59Z",
        "2026-11-20T14:15:00Z",
        "2026-11-20T21:29:59Z",
        "2026-11-20T21:30:00Z",
      ].map((at) => isDue(windows, new Date(at))),
      [false, false, true, true, false],
    );
    assert.equal(isDue(windows, new Date("2026-11-26T16:00:00Z")), false, "Thanksgiving");
  });

  it("compares schedules by when they fire", () => {
    const found = [
      { when: "a", enabled: true },
      { when: "c", enabled: true },
      { when: "d", enabled: false },
    ];
    assert.deepEqual(compareSchedules(["a", "b"], found), [
      { what: "b", problem: "is missing" },
      { what: "c", problem: "fires and is not of the calendar" },
    ]);
  });
});
