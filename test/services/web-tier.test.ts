import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import * as pulumi from "@pulumi/pulumi";
import { ValidationError } from "../../components/common/validation";
import { WebTier, type WebTierArgs } from "../../components/services/web-tier";
import { shellQuote, webUserData, type WebUserDataArgs } from "../../components/services/web-tier/user-data";
import { register, testCloud } from "../support/program";

const image = `123456789012.dkr.ecr.us-east-1.amazonaws.com/terminal@sha256:${"a".repeat(64)}`;
const subnets = (tier: string) => [
  { id: `${tier}-a`, zone: "us-east-1a", cidr: "10.0.1.0/24" },
  { id: `${tier}-b`, zone: "us-east-1b", cidr: "10.0.2.0/24" },
];
const blue = { image, ami: "ami-0123456789abcdef0", instances: { min: 2, desired: 2, max: 4 }, weight: 100 };
const args: WebTierArgs = {
  cloud: testCloud,
  vpcId: "vpc-1",
  vpcCidr: "10.0.0.0/16",
  publicSubnets: subnets("public"),
  appSubnets: subnets("app"),
  securityGroupId: "sg-app",
  loadBalancer: { exposure: "internet", certificateArn: "arn:cert", firewall: {} },
  instanceType: "t3.medium",
  port: 8000,
  healthCheck: { path: "/health", intervalSeconds: 30 },
  groups: { blue },
  scaling: { targetCpuPercent: 60, requestsPerTarget: 1000 },
  environment: { APP_ENVIRONMENT: "production" },
  secrets: { POLYGON_KEY: "arn:aws:secretsmanager:us-east-1:123456789012:secret:polygon-x#key" },
  decryptKeyArns: ["arn:aws:kms:us-east-1:123456789012:key/1"],
  repositoryArns: ["arn:aws:ecr:us-east-1:123456789012:repository/terminal"],
  tags: { stage: "prod" },
  alarmTopicArn: "arn:topic",
};
const build = (change: Partial<WebTierArgs> = {}) => register(() => new WebTier("web", { ...args, ...change }));
const templateType = "aws:ec2/launchTemplate:LaunchTemplate";
const groupType = "aws:autoscaling/group:Group";

describe("WebTier", () => {
  it("runs private, encrypted hosts with IMDSv2 in the application subnets", async () => {
    const program = await build();
    const template = program.one(templateType).inputs as Record<string, Record<string, unknown>[]> & {
      metadataOptions: { httpTokens: string; httpPutResponseHopLimit: number };
    };
    assert.equal(template.instanceType, "t3.medium");
    assert.equal(template.networkInterfaces![0]!.associatePublicIpAddress, "false");
    assert.deepEqual(template.networkInterfaces![0]!.securityGroups, ["sg-app"]);
    assert.equal(template.metadataOptions.httpTokens, "required");
    assert.equal(template.metadataOptions.httpPutResponseHopLimit, 1);
    const volume = template.blockDeviceMappings![0]!.ebs as { encrypted: string; kmsKeyId: string };
    assert.equal(volume.encrypted, "true");
    assert.match(volume.kmsKeyId, /^arn:aws:kms/);
    assert.deepEqual(
      template.tagSpecifications!.map(({ resourceType, tags }) => [resourceType, (tags as { stage: string }).stage]),
      [
        ["instance", "prod"],
        ["volume", "prod"],
        ["network-interface", "prod"],
      ],
    );
    assert.deepEqual(
      template.tagSpecifications!.map(({ tags }) => (tags as { Name: string }).Name),
      ["web-blue", "web-blue", "web-blue"],
    );
    const group = program.one(groupType).inputs;
    assert.deepEqual(group.vpcZoneIdentifiers, ["app-a", "app-b"]);
    assert.deepEqual([group.minSize, group.desiredCapacity, group.maxSize], [2, 2, 4]);
    assert.equal(group.healthCheckType, "ELB");
    assert.equal(group.minElbCapacity, 2, "the first deployment waits for healthy hosts");
    assert.equal(group.waitForCapacityTimeout, "15m");
    assert.deepEqual(
      group.instanceMaintenancePolicy,
      { minHealthyPercentage: 100, maxHealthyPercentage: 150 },
      "a new host comes before an old one leaves",
    );
    assert.deepEqual(
      program.one("aws:lb/loadBalancer:LoadBalancer").inputs.subnets,
      ["public-a", "public-b"],
      "only the load balancer is in public subnets",
    );
    const key = program.one("aws:kms/key:Key", "hosts-key").inputs;
    assert.match(String(key.policy), /AWSServiceRoleForAutoScaling/, "the scaling role may use the volumes' key");
  });

  it("lets its hosts read their own secrets, image and log, and nothing else", async () => {
    const program = await build();
    const policy = JSON.parse(String(program.one("aws:iam/rolePolicy:RolePolicy", "host-role-app").inputs.policy)) as {
      Statement: { Sid: string; Action: string | string[]; Resource: string | string[] }[];
    };
    assert.deepEqual(
      policy.Statement.map(({ Sid }) => Sid),
      ["Log", "RegistryLogin", "Pull", "Secrets", "Decrypt"],
    );
    assert.deepEqual(
      policy.Statement[3]!.Resource,
      ["arn:aws:secretsmanager:us-east-1:123456789012:secret:polygon-x"],
      "a field is no part of the ARN",
    );
    assert.equal(JSON.stringify(policy).includes('*"'), true, "GetAuthorizationToken alone is on every resource");
    assert.equal(policy.Statement.filter(({ Resource }) => Resource === "*").length, 1);
  });

  it("scales on CPU and on requests, and alarms on CPU, memory, health and errors", async () => {
    const program = await build();
    const policies = program.ofType("aws:autoscaling/policy:Policy").map(({ inputs }) => inputs);
    assert.equal(policies.length, 2);
    assert.equal((policies[0]!.targetTrackingConfiguration as { targetValue: number }).targetValue, 60);
    assert.match(JSON.stringify(policies[1]), /app\/.*\/targetgroup\//, "load balancer and target group in one label");
    const alarms = program.ofType("aws:cloudwatch/metricAlarm:MetricAlarm");
    const of = (ending: string) => alarms.find(({ name }) => name === `web-blue-${ending}-alarm`)!.inputs;
    assert.deepEqual([of("cpu").threshold, of("cpu").period, of("cpu").evaluationPeriods], [80, 60, 5]);
    assert.deepEqual([of("memory").threshold, of("memory").metricName], [85, "mem_used_percent"]);
    assert.equal(of("unhealthy").metricName, "UnHealthyHostCount");
    assert.equal(of("errors").metricName, "HTTPCode_Target_5XX_Count");
    for (const { inputs, name } of alarms) {
      assert.match(String(inputs.alarmDescription), /First[ :]/, name);
      assert.deepEqual(inputs.alarmActions, ["arn:topic"], name);
    }
  });

  it("shifts requests between two groups by weight, each with hosts of its own", async () => {
    const green = { ...blue, weight: 10, instances: { min: 1, desired: 1, max: 4 } };
    const program = await build({ groups: { blue: { ...blue, weight: 90 }, green } });
    assert.equal(program.ofType(groupType).length, 2);
    assert.equal(program.ofType(templateType).length, 2);
    const rule = program.one("aws:lb/listenerRule:ListenerRule", "route").inputs;
    const [action] = rule.actions as {
      forward: { targetGroups: { arn: string; weight: number }[]; stickiness: object };
    }[];
    assert.deepEqual(
      action!.forward.targetGroups.map(({ weight }) => weight),
      [90, 10],
    );
    assert.deepEqual(action!.forward.stickiness, { enabled: true, duration: 3600 });
    const targets = program.ofType("aws:lb/targetGroup:TargetGroup").map(({ inputs }) => inputs.name);
    assert.equal(new Set(targets).size, 2);
  });

  it("moves requests only after every group's hosts are healthy and refreshed", async () => {
    const green = { ...blue, weight: 100 };
    const program = await build({ groups: { blue: { ...blue, weight: 0 }, green } });
    const rules = "aws:lb/listenerRule:ListenerRule";
    const health = program.one(rules, "health");
    const forward = (health.inputs.actions as { forward: { targetGroups: { arn: string }[] } }[])[0]!.forward;
    assert.equal(forward.targetGroups.length, 2, "health checks only run for targets that a listener knows");
    assert.deepEqual(health.inputs.conditions, [{ sourceIp: { values: ["192.0.2.1/32"] } }], "no request meets it");
    const route = program.one(rules, "route");
    assert.ok(Number(health.inputs.priority) > Number(route.inputs.priority));
    for (const color of ["blue", "green"]) {
      const group = program.one(groupType, color);
      assert.ok(group.dependencies.includes(health.urn), `${color} is made once its targets are known`);
      assert.ok(!group.dependencies.includes(route.urn));
      assert.equal(group.inputs.minElbCapacity, 2, `${color} counts as made once its hosts are healthy`);
      assert.ok(route.dependencies.includes(group.urn), `requests wait for ${color}`);
    }
    const calls = program.ofType("aws:lambda/invocation:Invocation");
    assert.equal(calls.length, 4);
    for (const call of calls) assert.ok(route.dependencies.includes(call.urn), `requests wait for ${call.name}`);
  });

  it("rolls a changed template out by a function that the deployment waits for, in calls of 14 minutes", async () => {
    const program = await build();
    const calls = program.ofType("aws:lambda/invocation:Invocation");
    assert.equal(calls.length, 2, "28 minutes");
    const inputs = calls.map((call) => JSON.parse(String(call.inputs.input)) as Record<string, unknown>);
    assert.deepEqual(
      inputs.map(({ group, version, last }) => [group, version, last]),
      [
        ["web-blue", "1", false],
        ["web-blue", "1", true],
      ],
    );
    assert.ok(calls[1]!.dependencies.includes(calls[0]!.urn), "one after the other");
    const policy = String(program.one("aws:iam/rolePolicy:RolePolicy", "function-role-own").inputs.policy);
    const own = JSON.parse(policy) as { Statement: { Sid: string; Resource: string | string[] }[] };
    assert.match(String(own.Statement.find(({ Sid }) => Sid === "Refresh")!.Resource), /web-blue/);
    assert.deepEqual(
      own.Statement.filter(({ Resource }) => Resource === "*").map(({ Sid }) => Sid),
      ["Trace", "Look"],
    );
  });

  it("leaves roll-outs to others where it is told to wait for none", async () => {
    const program = await build({ refreshWaitMinutes: 0 });
    assert.equal(program.ofType("aws:lambda/function:Function").length, 0);
  });

  it("tells the idle group nothing about health", async () => {
    const program = await build({
      groups: { blue, green: { ...blue, weight: 0, instances: { min: 0, desired: 0, max: 4 } } },
    });
    assert.equal(program.one(groupType, "green").inputs.minElbCapacity, 0);
  });

  describe("refuses", () => {
    const table: [string, Partial<WebTierArgs>, RegExp][] = [
      ["no group", { groups: {} }, /groups: is empty/],
      [
        "weights that miss 100",
        { groups: { blue: { ...blue, weight: 90 } } },
        /groups: share out 90 % of the requests/,
      ],
      [
        "an image by tag",
        { groups: { blue: { ...blue, image: "terminal:latest" } } },
        /groups\.blue\.image: is not pinned by digest/,
      ],
      [
        "sizes out of order",
        { groups: { blue: { ...blue, instances: { min: 3, desired: 2, max: 4 } } } },
        /groups\.blue\.instances: are not in order/,
      ],
      [
        "a live group that may be empty",
        { groups: { blue: { ...blue, instances: { min: 0, desired: 2, max: 4 } } } },
        /groups\.blue\.instances\.min: lets a group that gets requests shrink to nothing/,
      ],
      ["a port that is none", { port: 0 }, /port: is not a port/],
      [
        "a Local Zone",
        { appSubnets: [{ id: "x", zone: "us-east-1-chi-2a", cidr: "10.0.9.0/24" }] },
        /appSubnets: lie in a Local Zone/,
      ],
      ["no subnet", { appSubnets: [] }, /appSubnets: is empty/],
      ["a value of two lines", { environment: { A: "x\ny" } }, /environment\.A: cannot stand in an environment file/],
      ["a variable with a dash", { secrets: { "A-B": "arn" } }, /secrets\.A-B: cannot name a variable/],
      [
        "a health check without slash",
        { healthCheck: { path: "health", intervalSeconds: 30 } },
        /healthCheck\.path: does not start with a slash[^]*Write \/health\./,
      ],
      [
        "scaling without room",
        { scaling: { targetCpuPercent: 95 } },
        /scaling\.targetCpuPercent: leaves no room to scale in time/,
      ],
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

describe("the web tier's boot script", () => {
  const script: WebUserDataArgs = {
    region: "us-east-1",
    image,
    port: 8000,
    healthPath: "/health",
    logGroup: "web",
    metricNamespace: "TradingPlatform/Web",
    environment: { APP_ENVIRONMENT: "production" },
    secrets: { KEY: "arn:aws:secretsmanager:us-east-1:1:secret:x#field" },
  };
  const folder = mkdtempSync(join(tmpdir(), "boot-"));
  after(() => rmSync(folder, { recursive: true }));

  it("passes shellcheck", () => {
    const file = join(folder, "boot.sh");
    writeFileSync(file, webUserData(script));
    const checked = spawnSync("shellcheck", ["--severity=style", file], { encoding: "utf8" });
    assert.equal(checked.status, 0, checked.stdout + String(checked.error ?? ""));
  });

  it("holds no secret, only where to read it, and leaves no mark unfilled", () => {
    const text = webUserData(script);
    assert.match(text, /^KEY arn:aws:secretsmanager:us-east-1:1:secret:x field$/m);
    assert.match(text, /^APP_ENVIRONMENT=production$/m);
    assert.doesNotMatch(text, /@[A-Z_]+@/);
    assert.match(text, /--network host --read-only .*--cap-drop ALL/);
  });

  it("is refused where EC2 would refuse it", () => {
    assert.throws(
      () => webUserData({ ...script, environment: { BIG: "x".repeat(16_384) } }),
      /The boot script is \d+ bytes, and EC2 takes 16384: shorten the environment/,
    );
  });

  it("quotes any text as one word", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0")),
        (text) => {
          const echoed = spawnSync("bash", ["-c", `printf %s ${shellQuote(text)}`], { encoding: "utf8" });
          assert.equal(echoed.stdout, text);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("reaches the template as base64", async () => {
    const program = await build();
    const data = Buffer.from(String(program.one(templateType).inputs.userData), "base64").toString();
    assert.match(data, /^#!\/bin\/bash/);
    assert.ok(!pulumi.Output.isInstance(data));
  });
});
