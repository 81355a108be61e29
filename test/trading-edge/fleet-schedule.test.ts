import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ValidationError } from "../../components/common/validation";
import { FleetSchedule, type FleetScheduleArgs } from "../../components/trading/fleet-schedule";
import { drainDocument, drainHook, drainScript } from "../../components/trading/fleet-schedule/drain-document";
import * as policies from "../../components/trading/fleet-schedule/policies";
import { tagEverything } from "../../components/common/tags";
import type { Statement } from "../../components/common/iam";
import { allows } from "../support/iam";
import { register, testCloud } from "../support/program";

const topic = "arn:aws:sns:us-east-1:123456789012:alarms";
const args = (more: Partial<FleetScheduleArgs> = {}): FleetScheduleArgs => ({
  cloud: testCloud,
  project: "trading-platform",
  stack: "qa",
  components: ["fleet"],
  windows: { exchange: "NYSE", startBeforeMinutes: 30, stopAfterMinutes: 30, minimumGapMinutes: 120, overrides: [] },
  readinessBeforeMinutes: 10,
  drainSeconds: 900,
  armed: true,
  alarmTopicArn: topic,
  ...more,
});
const build = (more: Partial<FleetScheduleArgs> = {}) =>
  register(() => {
    tagEverything({ project: "trading-platform", stack: "qa", stage: "qa", owner: "trading" });
    new FleetSchedule("schedule", args(more));
  });

describe("FleetSchedule", () => {
  it("makes exactly what it says", async () => {
    const { counts, resources } = await build().then((made) => ({ counts: made.counts(), resources: made.resources }));
    assert.deepEqual(counts, {
      "trading:trading:FleetSchedule": 1,
      "trading:security:EncryptionKey": 1,
      "trading:common:LambdaFunction": 6,
      "aws:kms/key:Key": 1,
      "aws:kms/alias:Alias": 1,
      "aws:sqs/queue:Queue": 1,
      "aws:ssm/document:Document": 1,
      "aws:dynamodb/table:Table": 1,
      "aws:cloudwatch/logGroup:LogGroup": 8,
      "aws:lambda/function:Function": 6,
      "aws:iam/role:Role": 9,
      "aws:iam/rolePolicy:RolePolicy": 9,
      "aws:sfn/stateMachine:StateMachine": 2,
      "aws:scheduler/scheduleGroup:ScheduleGroup": 1,
      "aws:scheduler/schedule:Schedule": 4,
      "aws:cloudwatch/metricAlarm:MetricAlarm": 17,
    });
    assert.ok(resources.every(({ name }) => name.startsWith("schedule")));
  });

  it("fires in the exchange's time zone, exactly, with retries and a dead-letter queue", async () => {
    const schedules = [...(await build()).ofType("aws:scheduler/schedule:Schedule")];
    schedules.sort((a, b) => a.name.localeCompare(b.name));
    assert.deepEqual(
      schedules.map(({ name, inputs }) => [name, inputs.scheduleExpression, inputs.scheduleExpressionTimezone]),
      [
        ["schedule-readiness-0920", "cron(20 9 ? * MON,TUE,WED,THU,FRI *)", "America/New_York"],
        ["schedule-start-0900", "cron(0 9 ? * MON,TUE,WED,THU,FRI *)", "America/New_York"],
        ["schedule-stop-1330", "cron(30 13 ? * MON,TUE,WED,THU,FRI *)", "America/New_York"],
        ["schedule-stop-1630", "cron(30 16 ? * MON,TUE,WED,THU,FRI *)", "America/New_York"],
      ],
    );
    for (const { inputs } of schedules) {
      assert.deepEqual(inputs.flexibleTimeWindow, { mode: "OFF" });
      const target = inputs.target as Record<string, Record<string, unknown>>;
      assert.equal(target.input, '{"scheduledTime":"<aws.scheduler.scheduled-time>"}');
      assert.deepEqual(target.retryPolicy, { maximumEventAgeInSeconds: 900, maximumRetryAttempts: 20 });
      assert.match(String(target.deadLetterConfig?.arn), /schedule-dead-letters/);
    }
  });

  it("has no schedule at all where it is not armed, but both machines", async () => {
    const made = await build({ armed: false });
    assert.equal(made.ofType("aws:scheduler/schedule:Schedule").length, 0);
    assert.equal(made.ofType("aws:scheduler/scheduleGroup:ScheduleGroup").length, 0);
    assert.equal(made.ofType("aws:sfn/stateMachine:StateMachine").length, 2);
  });

  it("encrypts, logs and traces everything, on Node.js 24", async () => {
    const made = await build();
    const keyArn = /^arn:aws:kms:us-east-1:123456789012:key\//;
    for (const { inputs } of made.ofType("aws:lambda/function:Function")) {
      assert.equal(inputs.runtime, "nodejs24.x");
      assert.deepEqual(inputs.tracingConfig, { mode: "Active" });
      assert.match(String(inputs.kmsKeyArn), keyArn);
      assert.match((inputs.deadLetterConfig as { targetArn: string }).targetArn, /schedule-dead-letters/);
      assert.match(String(inputs.sourceCodeHash), /^[A-Za-z0-9+/]{43}=$/);
    }
    for (const { inputs } of made.ofType("aws:cloudwatch/logGroup:LogGroup")) {
      assert.match(String(inputs.kmsKeyId), keyArn);
      assert.equal(inputs.retentionInDays, 90);
    }
    for (const { inputs } of made.ofType("aws:sfn/stateMachine:StateMachine")) {
      assert.equal((inputs.encryptionConfiguration as { type: string }).type, "CUSTOMER_MANAGED_KMS_KEY");
      assert.deepEqual(inputs.tracingConfiguration, { enabled: true });
      assert.equal((inputs.loggingConfiguration as { level: string }).level, "ALL");
    }
    assert.match(String(made.one("aws:sqs/queue:Queue").inputs.kmsMasterKeyId), keyArn);
    assert.deepEqual(made.one("aws:dynamodb/table:Table").inputs.ttl, { attributeName: "expires", enabled: true });
  });

  it("sends every alarm and its end to the topic, each with a first step", async () => {
    const alarms = (await build()).ofType("aws:cloudwatch/metricAlarm:MetricAlarm");
    for (const { inputs, name } of alarms) {
      assert.deepEqual([inputs.alarmActions, inputs.okActions], [[topic], [topic]], name);
      assert.match(String(inputs.alarmDescription), /First: /, name);
    }
    const watched = alarms.map(({ inputs }) => String(inputs.metricName)).filter((name) => name !== "Errors");
    assert.deepEqual([...new Set(watched)].sort(), [
      "ApproximateNumberOfMessagesVisible",
      "CalendarStale",
      "ExecutionsAborted",
      "ExecutionsFailed",
      "ExecutionsTimedOut",
      "InstancesNotReady",
      "InstancesNotStarted",
      "InstancesNotStopped",
    ]);
  });

  it("tells its functions what to look for", async () => {
    const find = (await build()).one("aws:lambda/function:Function", "find-function");
    const { variables } = find.inputs.environment as { variables: Record<string, string> };
    assert.deepEqual(JSON.parse(variables.SELECTOR ?? ""), {
      project: "trading-platform",
      stack: "qa",
      components: ["fleet"],
    });
  });

  const refused: readonly (readonly [string, Partial<FleetScheduleArgs>, RegExp])[] = [
    ["no component", { components: [] }, /components: is empty/],
    [
      "a start too late",
      { windows: { ...args().windows, startBeforeMinutes: 4 } },
      /startBeforeMinutes: is out of range[\s\S]*5 to 720 minutes/,
    ],
    ["a negative stop", { windows: { ...args().windows, stopAfterMinutes: -1 } }, /stopAfterMinutes: is out of range/],
    ["a tiny gap", { windows: { ...args().windows, minimumGapMinutes: 10 } }, /minimumGapMinutes: is out of range/],
    ["a long drain", { drainSeconds: 20_000 }, /drainSeconds: is out of range/],
    [
      "a drain longer than the gap",
      { drainSeconds: 7201 },
      /drainSeconds: is longer than the shortest stop[\s\S]*at most 7200/,
    ],
    [
      "a check before the start",
      { readinessBeforeMinutes: 30 },
      /readinessBeforeMinutes: does not lie between the start and the opening[\s\S]*1 to 29/,
    ],
    [
      "an override that is no date",
      { windows: { ...args().windows, overrides: [{ date: "soon", close: "closed" }] } },
      /overrides\[0\]: date is not YYYY-MM-DD/,
    ],
  ];
  for (const [what, more, message] of refused) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(build(more), (error) => error instanceof ValidationError && message.test(error.message));
    });
  }
});

describe("rights of the schedule's functions", () => {
  const selector = { project: "trading-platform", stack: "qa", components: ["fleet"] };
  const instance = "arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789abcdef0";
  const tags = (prefix: string, own: Partial<Record<"project" | "stack" | "component", string>>) =>
    Object.fromEntries(Object.entries(own).map(([key, value]) => [`${prefix}/${key}`, value]));
  const mine = { project: "trading-platform", stack: "qa", component: "fleet" };
  const foreign: readonly (readonly [string, Partial<Record<"project" | "stack" | "component", string>>])[] = [
    ["another stage's instance", { ...mine, stack: "prod" }],
    ["another component's instance", { ...mine, component: "trader" }],
    ["another project's instance", { ...mine, project: "other" }],
    ["an instance without tags", {}],
  ];

  for (const action of ["ec2:StopInstances", "ec2:StartInstances"]) {
    const asks = (own: Parameters<typeof tags>[1], more: readonly Statement[] = []) =>
      allows([...policies.powerStatements(testCloud, selector), ...more], {
        action,
        resource: instance,
        context: tags("aws:ResourceTag", own),
      });
    it(`${action}: its own instances, and nothing else`, () => {
      assert.equal(asks(mine), true);
      for (const [what, own] of foreign) assert.equal(asks(own), false, what);
    });
    it(`${action}: denied for another stack even where another policy allows it`, () => {
      const everything: Statement = { Effect: "Allow", Action: "ec2:*", Resource: "*" };
      assert.equal(asks({ ...mine, stack: "prod" }, [everything]), false);
      assert.equal(asks({ ...mine, project: "other" }, [everything]), false);
      assert.equal(asks({}, [everything]), false);
    });
  }

  it("ssm:SendCommand: the drain document only, on its own instances only", () => {
    const document = "arn:aws:ssm:us-east-1:123456789012:document/drain";
    const statements = policies.drainStatements(testCloud, selector, document);
    const send = (resource: string, context: Record<string, string> = {}) =>
      allows(statements, { action: "ssm:SendCommand", resource, context });
    assert.equal(send(document), true);
    assert.equal(send("arn:aws:ssm:us-east-1::document/AWS-RunShellScript"), false);
    assert.equal(send(instance, tags("ssm:resourceTag", mine)), true);
    for (const [what, own] of foreign) assert.equal(send(instance, tags("ssm:resourceTag", own)), false, what);
  });

  it("terminates nothing, and uses no wildcard action", () => {
    const statements = [
      ...policies.findStatements(),
      ...policies.powerStatements(testCloud, selector),
      ...policies.drainStatements(testCloud, selector, "arn:aws:ssm:us-east-1:123456789012:document/drain"),
      ...policies.readinessStatements(),
      ...policies.lockStatements("arn:aws:dynamodb:us-east-1:123456789012:table/locks"),
      ...policies.machineStatements(testCloud, ["arn:aws:lambda:us-east-1:123456789012:function:find"], "machine"),
      ...policies.volumeKeyStatements(["arn:aws:kms:us-east-1:123456789012:key/1"]),
    ];
    assert.equal(
      allows(statements, {
        action: "ec2:TerminateInstances",
        resource: instance,
        context: tags("aws:ResourceTag", mine),
      }),
      false,
    );
    for (const action of statements.flatMap(({ Action }) => Action)) assert.doesNotMatch(action, /\*/);
  });
});

describe("the drain document", () => {
  /** Runs the script as Run Command would, with its paths in a folder of the test's own. */
  function drain(hook: string | undefined, seconds = "5"): { status: number; output: string } {
    const folder = mkdtempSync(join(tmpdir(), "drain-"));
    const file = join(folder, "hook");
    if (hook !== undefined) {
      writeFileSync(file, `#!/bin/bash\n${hook}\n`);
      chmodSync(file, 0o755);
    }
    const script = drainScript()
      .replaceAll("{{ Seconds }}", seconds)
      .replace(drainHook, file)
      .replace("/run/lock/trading-drain.lock", join(folder, "lock"));
    try {
      return { status: 0, output: execFileSync("bash", ["-c", script], { encoding: "utf8", stdio: "pipe" }) };
    } catch (error) {
      const { status, stderr } = error as { status: number; stderr: string };
      return { status, output: stderr };
    }
  }

  it("ends as the hook ends", () => {
    assert.deepEqual(drain("echo flat"), { status: 0, output: "flat\n" });
    assert.equal(drain("exit 10").status, 10);
    assert.equal(drain("exit 3").status, 3);
  });

  it("ends with 11 without a hook, and with 124 when the hook takes too long", () => {
    const { status, output } = drain(undefined);
    assert.equal(status, 11);
    assert.match(output, /no drain hook at/);
    assert.equal(drain("sleep 30", "1").status, 124);
  });

  it("takes a number and nothing else", () => {
    const pattern = new RegExp(drainDocument().parameters.Seconds.allowedPattern);
    for (const good of ["1", "900", "14400"]) assert.match(good, pattern);
    for (const bad of ["", "0", "-1", "1; reboot", "1\nreboot", "123456"]) assert.doesNotMatch(bad, pattern);
  });

  it("is a shell script without faults", () => {
    execFileSync("shellcheck", ["-"], { input: drainScript().replaceAll("{{ Seconds }}", "900") });
  });
});
