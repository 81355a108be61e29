import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { ValidationError } from "../../components/common/validation";
import type { Statement } from "../../components/common/iam";
import {
  FargateServices,
  accessStatements,
  type FargateServicesArgs,
  type ServiceSettings,
} from "../../components/services/fargate-services";
import { register, testCloud } from "../support/program";

const digest = `sha256:${"b".repeat(64)}`;
const subnets = (tier: string) => [
  { id: `${tier}-a`, zone: "us-east-1a", cidr: "10.0.1.0/24" },
  { id: `${tier}-b`, zone: "us-east-1b", cidr: "10.0.2.0/24" },
];
const bot: ServiceSettings = {
  image: { repositoryName: "bot", digest },
  cpuUnits: 512,
  memoryMiB: 1024,
  logGroupName: "/ecs/bot",
  port: 8000,
  healthCheck: { path: "/health", intervalSeconds: 30 },
  desiredCount: 1,
  singleton: true,
  paths: ["/bot/*"],
  secrets: { BETFAIR: "betfair#key", RAW: "arn:aws:secretsmanager:us-east-1:123456789012:secret:raw" },
  access: { secrets: ["betfair"], buckets: { models: "read-write" }, log: true },
};
const ml: ServiceSettings = {
  image: `docker.io/library/ml@${digest}`,
  cpuUnits: 2048,
  memoryMiB: 4096,
  logGroupName: "/ecs/ml",
  port: 8000,
  healthCheck: { path: "/health", intervalSeconds: 30 },
  desiredCount: 2,
  paths: ["/ml/*"],
};
const args: FargateServicesArgs = {
  cloud: testCloud,
  vpcId: "vpc-1",
  vpcCidr: "10.0.0.0/16",
  publicSubnets: subnets("public"),
  appSubnets: subnets("app"),
  securityGroupId: "sg-app",
  services: { bot, ml },
  loadBalancer: { exposure: "internet", certificateArn: "arn:cert", firewall: {} },
  secretArns: { betfair: "arn:aws:secretsmanager:us-east-1:123456789012:secret:betfair-x" },
  bucketArns: { models: "arn:aws:s3:::models" },
  dataKeyArns: ["arn:aws:kms:us-east-1:123456789012:key/data"],
};
const build = (change: Partial<FargateServicesArgs> = {}) =>
  register(() => new FargateServices("services", { ...args, ...change }));

describe("FargateServices", () => {
  it("shares a cluster, a load balancer and one pair of rules for a port", async () => {
    const program = await build();
    assert.equal(program.ofType("awsx:ecs:FargateService").length, 2);
    assert.equal(program.ofType("aws:ecs/cluster:Cluster").length, 1);
    assert.equal(program.ofType("aws:lb/loadBalancer:LoadBalancer").length, 1);
    assert.deepEqual(
      program
        .ofType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
        .map(({ inputs }) => [inputs.fromPort, inputs.securityGroupId === "sg-app"])
        .sort(),
      [
        [443, false],
        [8000, true],
      ],
    );
    assert.deepEqual(
      ["bot-route", "ml-route"].map((name) => program.one("aws:lb/listenerRule:ListenerRule", name).inputs.priority),
      [10, 20],
    );
  });

  it("makes a repository only for an image of its own", async () => {
    const program = await build();
    assert.equal(program.one("aws:ecr/repository:Repository").inputs.name, "bot");
    const imageOf = (service: string) =>
      (
        JSON.parse(
          String(program.one("aws:ecs/taskDefinition:TaskDefinition", `${service}-task`).inputs.containerDefinitions),
        ) as { image: string }[]
      )[0]!.image;
    assert.equal(imageOf("bot"), `123456789012.dkr.ecr.us-east-1.amazonaws.com/bot@${digest}`);
    assert.equal(imageOf("ml"), `docker.io/library/ml@${digest}`);
  });

  it("injects the stack's secrets by key, and others by ARN", async () => {
    const program = await build();
    const [container] = JSON.parse(
      String(program.one("aws:ecs/taskDefinition:TaskDefinition", "bot-task").inputs.containerDefinitions),
    ) as { secrets: { name: string; valueFrom: string }[] }[];
    assert.deepEqual(container!.secrets, [
      { name: "BETFAIR", valueFrom: "arn:aws:secretsmanager:us-east-1:123456789012:secret:betfair-x:key::" },
      { name: "RAW", valueFrom: "arn:aws:secretsmanager:us-east-1:123456789012:secret:raw" },
    ]);
  });

  it("gives an application the secrets, buckets and log that it names, and those alone", async () => {
    let statements: Statement[] = [];
    await register(() => {
      pulumi.all(accessStatements(bot, args)).apply((all) => (statements = all as Statement[]));
    });
    assert.deepEqual(statements, [
      {
        Sid: "Secrets",
        Effect: "Allow",
        Action: ["secretsmanager:GetSecretValue"],
        Resource: ["arn:aws:secretsmanager:us-east-1:123456789012:secret:betfair-x"],
      },
      { Sid: "Read", Effect: "Allow", Action: ["s3:GetObject"], Resource: ["arn:aws:s3:::models/*"] },
      { Sid: "Write", Effect: "Allow", Action: ["s3:PutObject"], Resource: ["arn:aws:s3:::models/*"] },
      {
        Sid: "Log",
        Effect: "Allow",
        Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
        Resource: "arn:aws:logs:us-east-1:123456789012:log-group:/ecs/bot:*",
      },
      {
        Sid: "DataKeys",
        Effect: "Allow",
        Action: ["kms:Decrypt", "kms:GenerateDataKey"],
        Resource: ["arn:aws:kms:us-east-1:123456789012:key/data"],
      },
    ]);
    const both: ServiceSettings = { ...bot, access: { buckets: { models: "read-write", history: "read" } } };
    const bucketArns = { ...args.bucketArns, history: "arn:aws:s3:::history" };
    await register(() => {
      pulumi.all(accessStatements(both, { ...args, bucketArns })).apply((all) => (statements = all as Statement[]));
    });
    const resourcesOf = (sid: string) => statements.find(({ Sid }) => Sid === sid)?.Resource;
    assert.deepEqual(resourcesOf("Read"), ["arn:aws:s3:::models/*", "arn:aws:s3:::history/*"]);
    assert.deepEqual(resourcesOf("Write"), ["arn:aws:s3:::models/*"], "what is only read is never written");
    assert.deepEqual(accessStatements(ml, args), []);
  });

  describe("refuses", () => {
    const table: [string, Partial<FargateServicesArgs>, RegExp][] = [
      [
        "a secret that the stack does not have",
        { services: { bot: { ...bot, secrets: { X: "other" } } } },
        /services\.bot\.secrets\.X: is not one of the stack's secrets[^]*allowed: betfair/,
      ],
      [
        "reading one that it does not have",
        { services: { bot: { ...bot, access: { secrets: ["other"] } } } },
        /services\.bot\.access\.secrets: is not one of the stack's secrets/,
      ],
      [
        "a bucket of a stack without buckets",
        { bucketArns: undefined },
        /services\.bot\.access\.buckets: is not one of the stack's buckets[^]*none: the stack has no buckets/,
      ],
      ["paths without load balancer", { loadBalancer: undefined }, /services\.bot\.paths: needs a load balancer/],
      [
        "one path for two",
        { services: { bot, ml: { ...ml, paths: ["/bot/*"] } } },
        /services\.ml\.paths: go to bot already/,
      ],
      [
        "one log group for two",
        { services: { bot, ml: { ...ml, logGroupName: "/ecs/bot" } } },
        /services\.ml\.logGroupName: is the log group of bot/,
      ],
      ["a name that AWS would cut", { services: { "Bad Name": bot } }, /services\.Bad Name: is no name of a service/],
    ];
    for (const [what, change, message] of table) {
      it(what, async () => {
        await assert.rejects(
          build(change),
          (error: unknown) => error instanceof ValidationError && message.test(error.message),
        );
      });
    }
  });
});
