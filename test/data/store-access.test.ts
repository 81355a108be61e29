import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { storeSecretsPolicy } from "../../components/data/data-platform";
import { validate } from "../../config";
import { makePlan } from "../../plan/plan";
import { Network } from "../../plan/reach/reach";
import { projectRoot } from "../../plan/settings/project";
import { decodeUserData } from "../../components/common/user-data";
import { evaluateBlueprint } from "../support/blueprint";

const planned = async (stack: string, config: readonly string[] = []) => {
  const { plan } = await makePlan({ root: projectRoot(), stack, config, policies: false });
  const named = (type: string, prefix: string) =>
    plan.resources.filter((one) => one.type === type && one.name.startsWith(prefix)).map(({ name }) => name);
  return { plan, network: new Network(plan), named };
};
const instance = "aws:ec2/instance:Instance";
const environment = "aws:batch/computeEnvironment:ComputeEnvironment";
const postgres = ["data-postgres-primary", 5432] as const;
const redis = ["data-redis-cache", 6379] as const;
const policies = (plan: { resources: readonly { type: string; name: string }[] }) =>
  plan.resources
    .filter(({ type, name }) => type === "aws:iam/rolePolicy:RolePolicy" && name.startsWith("data-secrets-for-"))
    .map(({ name }) => name);

describe("access to the stores", () => {
  for (const stack of ["dev", "qa", "prod"]) {
    it(`${stack}: the fleet reaches its stores; trainers and backtests, which name none, do not`, async () => {
      const { plan, network, named } = await planned(stack);
      const traders = named(instance, "fleet-");
      const others = [...named(instance, "gpu-"), ...named(environment, "backtest-")];
      assert.ok(traders.length > 0);
      assert.ok(others.length > 1);
      for (const [store, port] of [postgres, redis]) {
        for (const trader of traders) assert.equal(network.ask(trader, store, port).reachable, true, trader);
        for (const other of others) assert.equal(network.ask(other, store, port).reachable, false, other);
        assert.equal(network.ask(traders[0] ?? "", store, port + 1).reachable, false, "its port and no other");
      }
      assert.deepEqual(policies(plan), ["data-secrets-for-fleet"]);
    });
  }

  it("is the named store's alone", async () => {
    const { plan, network, named } = await planned("qa", [
      "fleet.dataAccess=[]",
      'backtest.dataAccess=["postgres"]',
      'gpu.dataAccess=["redis"]',
    ]);
    const [trader = ""] = named(instance, "fleet-");
    const [trainer = ""] = named(instance, "gpu-");
    const [jobs = ""] = named(environment, "backtest-");
    const reaches = (from: string) =>
      [postgres, redis].map(([store, port]) => network.ask(from, store, port).reachable);
    assert.deepEqual(
      [reaches(trader), reaches(trainer), reaches(jobs)],
      [
        [false, false],
        [false, true],
        [true, false],
      ],
    );
    assert.deepEqual(policies(plan), ["data-secrets-for-backtest", "data-secrets-for-gpu"]);
  });

  it("lets a trader in the Local Zone reach the Region's database, where it is asked for", async () => {
    const file = { configFile: "blueprints/local-zone-trader.yaml", root: projectRoot(), policies: false };
    const config = [
      'network.zones=["us-east-1a","us-east-1b"]',
      'network.subnets.public=["10.0.0.0/24","10.0.2.0/24"]',
      'network.subnets.app=["10.0.1.0/24","10.0.3.0/24"]',
      'network.subnets.data=["10.0.20.0/24","10.0.21.0/24"]',
      'data={"postgres":{}}',
    ];
    const ask = async (more: readonly string[]) => {
      const { plan } = await makePlan({ ...file, config: [...config, ...more] });
      return new Network(plan).ask("trader-host", ...postgres);
    };
    assert.equal((await ask([])).reachable, false);
    assert.equal((await ask(['trader.dataAccess=["postgres"]'])).reachable, true);
  });

  it("tells the hosts where the stores are, and never their passwords", async () => {
    const run = await evaluateBlueprint("model-fleet", {
      data: {
        postgres: {},
        redis: {},
        buckets: { marketData: {}, modelArtifacts: {}, modelDeploy: { name: "algo-model-deploy" } },
      },
      fleet: { bucket: "algo-model-deploy", listing: "examples/models/qa.txt", dataAccess: ["postgres", "redis"] },
    });
    const [template] = run
      .ofType("aws:ec2/launchTemplate:LaunchTemplate")
      .filter(({ name }) => name.startsWith("fleet-"));
    const [assignment = ""] = /FLEET_ENVIRONMENT='[^']*'/.exec(decodeUserData(String(template?.inputs.userData))) ?? [];
    const variables = [...assignment.matchAll(/([A-Z_]+)=(?!')/g)].map(([, name]) => name);
    assert.deepEqual(variables, [
      "DATABASE_HOST",
      "DATABASE_NAME",
      "DATABASE_PORT",
      "DATABASE_SECRET_ARN",
      "MARKET_DATA_URL",
      "REDIS_CLUSTER",
      "REDIS_SECRET_ARN",
      "REDIS_URL",
    ]);
    assert.match(assignment, /\nREDIS_URL=rediss:\/\/[^\n]+:6379/);
    assert.match(assignment, /\nDATABASE_SECRET_ARN=arn:aws:secretsmanager:/);
    assert.doesNotMatch(assignment, /PASSWORD|authToken/);
  });

  it("reads secrets of the named stores, and decrypts by Secrets Manager alone", () => {
    assert.deepEqual(storeSecretsPolicy("us-east-1", ["arn:secret"], ["arn:key"]).Statement, [
      { Sid: "StoreSecrets", Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: ["arn:secret"] },
      {
        Sid: "StoreKeys",
        Effect: "Allow",
        Action: "kms:Decrypt",
        Resource: ["arn:key"],
        Condition: { StringEquals: { "kms:ViaService": "secretsmanager.us-east-1.amazonaws.com" } },
      },
    ]);
  });

  it("refuses stores that the stack does not have, that are none, and that stand there twice", () => {
    const base = { project: "trading-platform", organization: "o", stack: "test" };
    const check = (dataAccess: unknown, data: object = { redis: {} }) =>
      validate(base, { stage: "qa", owner: "me", network: {}, data, fleet: { dataAccess } }, "us-east-1");
    const refused = (dataAccess: unknown, pattern: RegExp, data?: object) =>
      assert.throws(
        () => check(dataAccess, data),
        (error: Error) => {
          assert.match(error.message, pattern);
          return true;
        },
      );
    assert.deepEqual(check([]).fleet?.dataAccess, []);
    refused(
      ["postgres"],
      /fleet\.dataAccess\[0\]: is a store that this stack does not have[\s\S]*allowed: redis[\s\S]*Turn data\.postgres on/,
    );
    refused(["postgres"], /allowed: none: the section data has no store/, { buckets: {} });
    refused(["redis", "redis"], /fleet\.dataAccess\[1\]: stands there twice/);
    refused(["mysql"], /fleet\.dataAccess\[0\][\s\S]*postgres, timescale, redis/);
  });
});
