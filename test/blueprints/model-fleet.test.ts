import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { evaluateBlueprint } from "../support/blueprint";
import type { Registered } from "../support/program";

const stages = {
  dev: { bucket: "algo-model-deploy-dev", listing: "examples/models/dev.txt" },
  qa: { bucket: "algo-model-deploy", listing: "examples/models/qa.txt" },
  prod: { bucket: "algo-model-deploy-prod", listing: "examples/models/prod.txt" },
} as const;
type Stage = keyof typeof stages;

/** Models of a listing that have the document's form, whether one object each or a folder of several. */
function modelsOf(listing: string): string[] {
  const lines = readFileSync(join(__dirname, "../..", listing), "utf8").split("\n");
  const keys = lines.map((line) => /^(models\/[^/]+\/[^/]+\/[^/]+-outer_\d+_inner_\d+)(\/.*)?$/.exec(line)?.[1]);
  return [...new Set(keys.filter((key) => key !== undefined))];
}

describe("document 002's figures (model-fleet.yaml)", () => {
  const runs = {} as Record<Stage, Registered>;
  before(async function () {
    this.timeout(180_000);
    for (const stage of Object.keys(stages) as Stage[]) {
      const { bucket, listing } = stages[stage];
      runs[stage] = await evaluateBlueprint("model-fleet", {
        stage,
        fleet: { bucket, listing },
        data: { buckets: { marketData: {}, modelArtifacts: {}, modelDeploy: { name: bucket } } },
      });
    }
  });

  for (const stage of Object.keys(stages) as Stage[]) {
    const { bucket, listing } = stages[stage];

    it(`${stage} has the bucket ${bucket}`, () => {
      const names = runs[stage].ofType("aws:s3/bucket:Bucket").map(({ inputs }) => inputs.bucket);
      assert.ok(names.includes(bucket), names.join(", "));
      for (const other of Object.values(stages)) {
        if (other.bucket !== bucket) assert.ok(!names.includes(other.bucket), `${other.bucket} belongs elsewhere`);
      }
    });

    it(`${stage} runs one instance for each model under models/`, () => {
      const instances = runs[stage]
        .ofType("aws:ec2/instance:Instance")
        .filter(({ urn }) => /ModelDrivenFleet/.test(urn));
      const keys = instances.map(({ inputs }) => (inputs.tags as Record<string, string>)["model-key"]).sort();
      assert.ok(keys.length > 0);
      assert.deepEqual(keys, modelsOf(listing).sort());
    });

    it(`${stage} is told apart by tags, and its roles reach its own bucket only`, () => {
      for (const { inputs } of runs[stage].ofType("aws:ec2/instance:Instance")) {
        assert.equal((inputs.tags as Record<string, string>).stage, stage);
      }
      const policies = JSON.stringify(runs[stage].ofType("aws:iam/rolePolicy:RolePolicy").map(({ inputs }) => inputs));
      for (const other of Object.values(stages)) {
        const mentioned = new RegExp(`:::${other.bucket}(?![\\w-])`).test(policies);
        assert.equal(mentioned, other.bucket === bucket, other.bucket);
      }
    });
  }

  it("instance types grow from dev to prod, AMIs are pinned by setting", () => {
    const types = (Object.keys(stages) as Stage[]).map((stage) => [
      ...new Set(
        runs[stage]
          .ofType("aws:ec2/launchTemplate:LaunchTemplate")
          .filter(({ name }) => name.startsWith("fleet-"))
          .map(({ inputs }) => inputs.instanceType),
      ),
    ]);
    assert.deepEqual(types, [["t3.small"], ["t3.medium"], ["c6i.xlarge"]]);
    for (const stage of Object.keys(stages) as Stage[]) {
      const images = runs[stage]
        .ofType("aws:ec2/launchTemplate:LaunchTemplate")
        .filter(({ name }) => name.startsWith("fleet-"))
        .map(({ inputs }) => inputs.imageId);
      assert.deepEqual([...new Set(images)], [`resolve:ssm:/trading-platform/ami/${stage}/trading`]);
    }
  });

  it("no EventBridge schedule in dev for the fleet, start and stop in qa and prod in New York time", () => {
    const schedules = (stage: Stage) =>
      runs[stage].ofType("aws:scheduler/schedule:Schedule").filter(({ name }) => name.startsWith("schedule-"));
    assert.equal(schedules("dev").length, 0);
    for (const stage of ["qa", "prod"] as const) {
      const names = schedules(stage).map(({ name }) => name);
      assert.ok(names.some((name) => name.startsWith("schedule-start-")));
      assert.ok(names.some((name) => name.startsWith("schedule-stop-")));
      for (const { inputs } of schedules(stage)) assert.equal(inputs.scheduleExpressionTimezone, "America/New_York");
    }
  });

  it("EventBridge in dev calls clocks of alarms, MLflow's publishing and the backtests' cap, and tells of findings", () => {
    const named = (type: string) =>
      runs.dev
        .ofType(type)
        .map(({ name }) => name)
        .sort();
    assert.deepEqual(named("aws:scheduler/schedule:Schedule"), [
      "backtest-cap-new-month",
      "ingest-clock-every-minute",
      "mlflow-publish-schedule",
      "watch-clock-schedule",
    ]);
    assert.deepEqual(named("aws:cloudwatch/eventRule:EventRule"), [
      "backtest-failed",
      "security-guardduty-high",
      "security-guardduty-medium",
      "security-hub-critical",
      "security-hub-high",
      "security-not-compliant",
      "security-public-access",
      "security-trail-touched",
    ]);
  });

  it("the functions are there in dev as well, to be started by hand", () => {
    assert.equal(runs.dev.ofType("aws:sfn/stateMachine:StateMachine").length, 2);
  });

  it("a graceful shutdown runs a command on the instances by SSM", () => {
    const document = runs.qa.one("aws:ssm/document:Document", "schedule-drain").inputs;
    assert.equal(document.documentType, "Command");
    assert.match(String(document.content), /opt\/trading\/hooks\/drain/);
  });

  it("one Alpaca websocket server takes the stream in, and the fleet may read it", () => {
    for (const stage of Object.keys(stages) as Stage[]) {
      const servers = runs[stage].ofType("aws:ec2/instance:Instance").filter(({ urn }) => /MarketDataIngest/.test(urn));
      assert.equal(servers.length, 1);
      const rule = runs[stage].one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "ingest-from-fleet");
      assert.equal(rule.inputs.fromPort, 8765);
      const templates = runs[stage].ofType("aws:ec2/launchTemplate:LaunchTemplate");
      const template = templates.find(({ name }) => name.startsWith("fleet-"));
      const userData = Buffer.from(String(template?.inputs.userData), "base64").toString();
      assert.match(userData, /MARKET_DATA_URL=ws:\/\/10\.0\.\d+\.\d+:8765/);
    }
  });

  it("has an MLflow server with EC2, RDS, S3 and a role of its own, which publishes to the stage's bucket", () => {
    for (const stage of Object.keys(stages) as Stage[]) {
      const run = runs[stage];
      assert.equal(run.one("aws:autoscaling/group:Group", "mlflow").inputs.maxSize, 1);
      assert.equal(run.one("aws:rds/instance:Instance", "mlflow-db-primary").inputs.engine, "postgres");
      const own = JSON.stringify(run.one("aws:iam/rolePolicy:RolePolicy", "mlflow-role-own").inputs.policy);
      assert.match(own, /data-buckets-model-?artifacts[^"]*\/mlflow\/\*/i);
      const lambda = run.one("aws:lambda/function:Function", "mlflow-publish-function").inputs;
      const { variables } = lambda.environment as { variables: Record<string, string> };
      assert.equal(variables.DEPLOY_BUCKET, stages[stage].bucket);
      assert.equal(variables.DEPLOY_PREFIX, "models/");
    }
  });

  it("trains on GPU instances from the stage's own GPU image", () => {
    const types = (Object.keys(stages) as Stage[]).map((stage) => {
      const templates = runs[stage].ofType("aws:ec2/launchTemplate:LaunchTemplate");
      const inputs = templates.find(({ name }) => name.startsWith("gpu-training"))?.inputs ?? {};
      assert.equal(inputs.imageId, `resolve:ssm:/trading-platform/ami/${stage}/gpu`);
      return inputs.instanceType;
    });
    assert.deepEqual(types, ["g4dn.xlarge", "g4dn.xlarge", "g5.2xlarge"]);
  });

  it("backtests on spot capacity before it pays for on-demand capacity (documents 001 and 004)", () => {
    for (const stage of ["qa", "prod"] as const) {
      const kinds = runs[stage]
        .ofType("aws:batch/computeEnvironment:ComputeEnvironment")
        .map(({ inputs }) => (inputs.computeResources as { type: string }).type);
      assert.deepEqual(kinds, ["SPOT", "EC2"]);
    }
  });
});
