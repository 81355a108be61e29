import assert from "node:assert/strict";
import {
  BatchClient,
  CreateComputeEnvironmentCommand,
  CreateJobQueueCommand,
  DescribeJobQueuesCommand,
} from "@aws-sdk/client-batch";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { BacktestFarm, jobPolicy, type BacktestFarmArgs } from "../../components/ml/backtest-farm";
import { backtestDemands, checkBacktest } from "../../components/ml/backtest-farm/check";
import { validate } from "../../config";
import { decide } from "../../lambdas/backtest-cap/core";
import { makeHandler } from "../../lambdas/backtest-cap/handler";
import { startEmulator, type Emulator } from "../../sandbox/emulator";
import { register, testCloud } from "../support/program";

const args: BacktestFarmArgs = {
  cloud: testCloud,
  project: "trading-platform",
  stack: "qa",
  vpcId: "vpc-1",
  subnets: [{ id: "subnet-a" }, { id: "subnet-b" }],
  image: "backtest:7",
  instanceTypes: ["c7i", "m7i"],
  maxSpotVcpus: 64,
  maxOnDemandVcpus: 16,
  jobVcpus: 2,
  jobMemoryMiB: 3_584,
  jobHours: 12,
  attempts: 5,
  monthlyCapUsd: 200,
  readBuckets: [
    { name: "market", arn: "arn:aws:s3:::market", kmsKeyArn: "arn:aws:kms:us-east-1:123456789012:key/market" },
  ],
  resultBucket: { name: "models", arn: "arn:aws:s3:::models" },
  rootVolumeGiB: 60,
  logRetentionDays: 30,
  tags: { project: "trading-platform", stage: "qa", component: "backtest", owner: "ml" },
  alarmTopicArn: "arn:aws:sns:us-east-1:123456789012:warning",
};
const build = (changes: Partial<BacktestFarmArgs> = {}) =>
  register(() => new BacktestFarm("backtest", { ...args, ...changes }));

describe("BacktestFarm", () => {
  it("takes spot capacity first and on-demand capacity second, both from nothing", async () => {
    const made = await build();
    const environments = made.ofType("aws:batch/computeEnvironment:ComputeEnvironment");
    assert.deepEqual(
      environments.map(({ name, inputs }) => {
        const { type, allocationStrategy, minVcpus, maxVcpus } = inputs.computeResources as Record<string, unknown>;
        return [name, type, allocationStrategy, minVcpus, maxVcpus];
      }),
      [
        ["backtest-spot", "SPOT", "SPOT_PRICE_CAPACITY_OPTIMIZED", 0, 64],
        ["backtest-on-demand", "EC2", "BEST_FIT_PROGRESSIVE", 0, 16],
      ],
    );
    const queue = made.one("aws:batch/jobQueue:JobQueue").inputs;
    const orders = queue.computeEnvironmentOrders as { order: number; computeEnvironment: string }[];
    assert.deepEqual(
      orders.map(({ order }) => order),
      [1, 2],
    );
    assert.match(orders[0]?.computeEnvironment ?? "", /spot/);
    const spotOnly = await build({ maxOnDemandVcpus: 0 });
    assert.equal((spotOnly.one("aws:batch/jobQueue:JobQueue").inputs.computeEnvironmentOrders as unknown[]).length, 1);
  });

  it("runs on private, encrypted hosts", async () => {
    const made = await build();
    const template = made.one("aws:ec2/launchTemplate:LaunchTemplate").inputs;
    assert.equal(
      (template.networkInterfaces as { associatePublicIpAddress: string }[])[0]?.associatePublicIpAddress,
      "false",
    );
    assert.equal((template.metadataOptions as { httpTokens: string }).httpTokens, "required");
    assert.equal((template.blockDeviceMappings as { ebs: { encrypted: string } }[])[0]?.ebs.encrypted, "true");
    assert.equal(made.ofType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").length, 0);
  });

  it("starts a job anew where AWS took its host, and only then; and ends it in time", async () => {
    const { inputs } = (await build()).one("aws:batch/jobDefinition:JobDefinition");
    assert.deepEqual(inputs.retryStrategy, {
      attempts: 5,
      evaluateOnExits: [
        { onStatusReason: "Host EC2*", action: "retry" },
        { onReason: "*", action: "exit" },
      ],
    });
    assert.deepEqual(inputs.timeout, { attemptDurationSeconds: 43_200 });
    const container = JSON.parse(String(inputs.containerProperties)) as Record<string, unknown>;
    assert.equal(container.image, "123456789012.dkr.ecr.us-east-1.amazonaws.com/backtest:7");
    assert.deepEqual(container.environment, [{ name: "RESULTS_URI", value: "s3://models/backtests/" }]);
    assert.equal(container.privileged, false);
    assert.deepEqual(container.resourceRequirements, [
      { type: "VCPU", value: "2" },
      { type: "MEMORY", value: "3584" },
    ]);
  });

  it("lets jobs read data and write results, and nothing else", () => {
    const { Statement } = jobPolicy({
      read: ["arn:market"],
      results: "arn:models",
      keys: ["arn:key"],
      region: "us-east-1",
    });
    const by = new Map(Statement.map((one) => [one.Sid, one]));
    assert.deepEqual(by.get("Write")?.Resource, ["arn:models/backtests/*"]);
    assert.deepEqual(by.get("Keys")?.Condition, { StringEquals: { "kms:ViaService": "s3.us-east-1.amazonaws.com" } });
    assert.ok(!JSON.stringify(Statement).includes("Delete"));
  });

  it("has a monthly cap on what its tag costs, which tells people at 80 % and the function at 100 %", async () => {
    const made = await build();
    const budget = made.one("aws:budgets/budget:Budget").inputs;
    assert.deepEqual([budget.limitAmount, budget.timeUnit, budget.budgetType], ["200", "MONTHLY", "COST"]);
    assert.deepEqual(budget.costFilters, [{ name: "TagKeyValue", values: ["user:component$backtest"] }]);
    const told = budget.notifications as { threshold: number; subscriberSnsTopicArns: string[] }[];
    assert.deepEqual(
      told.map(({ threshold }) => threshold),
      [80, 100],
    );
    assert.deepEqual(told[0]?.subscriberSnsTopicArns, [args.alarmTopicArn]);
    assert.match(told[1]?.subscriberSnsTopicArns[0] ?? "", /backtest-cap-spent/);
    assert.equal(made.one("aws:sns/topicSubscription:TopicSubscription").inputs.protocol, "lambda");
    const { Statement } = JSON.parse(String(made.one("aws:sns/topicPolicy:TopicPolicy").inputs.policy)) as {
      Statement: { Effect: string; Principal: unknown; Condition: unknown }[];
    };
    assert.deepEqual(
      Statement.filter(({ Effect }) => Effect === "Allow").map(({ Principal, Condition }) => [Principal, Condition]),
      [[{ Service: "budgets.amazonaws.com" }, { StringEquals: { "aws:SourceAccount": testCloud.accountId } }]],
      "nobody else closes the queue",
    );
    const schedule = made.one("aws:scheduler/schedule:Schedule").inputs;
    assert.equal(schedule.scheduleExpression, "cron(30 0 1 * ? *)");
    assert.equal((schedule.target as { input: string }).input, '{"newMonth":true}');
  });

  it("tells of the first job that fails, once however many fail with it", async () => {
    const made = await build();
    const rule = JSON.parse(String(made.one("aws:cloudwatch/eventRule:EventRule").inputs.eventPattern)) as {
      detail: { status: string[]; jobQueue: string[] };
    };
    assert.deepEqual(rule.detail.status, ["FAILED"]);
    assert.match(rule.detail.jobQueue[0] ?? "", /backtest-queue/);
    const { inputs, propertyDependencies } = made.one("aws:cloudwatch/metricAlarm:MetricAlarm", "backtest-failing");
    assert.deepEqual(
      [inputs.metricName, inputs.statistic, inputs.threshold, inputs.evaluationPeriods, inputs.alarmActions],
      ["MatchedEvents", "Sum", 0, 1, [args.alarmTopicArn]],
    );
    assert.match(propertyDependencies.dimensions?.[0] ?? "", /backtest-failed$/);
  });

  it("says what cannot run, all at once", () => {
    const issues = checkBacktest({ ...args, instanceTypes: ["C7i", "c7i.large"], jobVcpus: 128 });
    assert.deepEqual(
      issues.map(({ path, problem }) => [path, problem]),
      [
        ["instanceTypes[0]", "is neither a family nor an instance type"],
        ["instanceTypes[1]", "has 2 vCPUs, and a job asks for 128: it would wait for ever"],
        ["jobVcpus", "is more than may run at once: a job would wait for ever"],
      ],
    );
    assert.throws(() => new BacktestFarm("backtest", { ...args, jobVcpus: 128 }), /BacktestFarm backtest: 1 mistake/);
    const raw = { stage: "dev", owner: "ml", network: {}, data: {}, backtest: { maxSpotVcpus: 0, jobVcpus: 1 } };
    assert.throws(
      () => validate({ project: "p", organization: "o", stack: "test" }, raw, "us-east-1"),
      /backtest\.maxSpotVcpus: is 0, and so is maxOnDemandVcpus[\s\S]*backtest: has no bucket for results/,
    );
    assert.deepEqual(
      backtestDemands(args).map(({ path, instanceType, spot, vcpus }) => [path, instanceType, spot, vcpus]),
      [
        ["backtest.maxSpotVcpus", "c7i.xlarge", true, 64],
        ["backtest.maxOnDemandVcpus", "c7i.xlarge", false, 16],
      ],
    );
  });
});

describe("the backtests' cap, on an emulated AWS", () => {
  let emulator: Emulator;
  let batch: BatchClient;
  const queueArn = { value: "" };
  before(async () => {
    emulator = await startEmulator({ honourEndpoint: false });
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    batch = new BatchClient({ endpoint: emulator.endpoint, region: "us-east-1", credentials });
    const iam = new IAMClient({ endpoint: emulator.endpoint, region: "us-east-1", credentials });
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName: "batch", AssumeRolePolicyDocument: "{}" }));
    const { computeEnvironmentArn = "" } = await batch.send(
      new CreateComputeEnvironmentCommand({
        computeEnvironmentName: "unmanaged",
        type: "UNMANAGED",
        serviceRole: Role?.Arn,
      }),
    );
    const { jobQueueArn = "" } = await batch.send(
      new CreateJobQueueCommand({
        jobQueueName: "queue",
        state: "ENABLED",
        priority: 1,
        computeEnvironmentOrder: [{ order: 1, computeEnvironment: computeEnvironmentArn }],
      }),
    );
    queueArn.value = jobQueueArn;
    Object.assign(process.env, { POWERTOOLS_LOG_LEVEL: "SILENT", QUEUE: jobQueueArn, TOPIC: "arn:spent" });
  });
  after(() => emulator.stop());

  const spent = { Records: [{ Sns: { TopicArn: "arn:spent", Message: "AWS Budget Notification\nmore" } }] };
  const state = async () =>
    (await batch.send(new DescribeJobQueuesCommand({ jobQueues: [queueArn.value] }))).jobQueues?.[0]?.state;

  it("closes the queue when the budget is spent, once, and opens it with the new month", async () => {
    const handler = makeHandler(batch);
    assert.deepEqual(await handler(spent), { changed: true, state: "DISABLED" });
    assert.equal(await state(), "DISABLED");
    assert.deepEqual(await handler(spent), { changed: false });
    assert.deepEqual(await handler({ newMonth: true }), { changed: true, state: "ENABLED" });
    assert.equal(await state(), "ENABLED");
  });

  it("takes no other topic's message for the budget's", async () => {
    assert.deepEqual(await makeHandler(batch)({ Records: [{ Sns: { TopicArn: "arn:other", Message: "x" } }] }), {
      changed: false,
    });
    assert.equal(await state(), "ENABLED");
    assert.deepEqual(decide(spent, "arn:spent"), { state: "DISABLED", why: "AWS Budget Notification" });
  });

  it("fails where there is no queue, so that its alarm goes off", async () => {
    process.env.QUEUE = "arn:aws:batch:us-east-1:123456789012:job-queue/none";
    await assert.rejects(makeHandler(batch)(spent), /There is no job queue arn:aws:batch/);
    process.env.QUEUE = queueArn.value;
  });
});
