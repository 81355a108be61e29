import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import {
  bootScript,
  decodeUserData,
  encodeUserData,
  shellQuote,
  userDataLimitBytes,
} from "../../components/common/user-data";
import { ValidationError } from "../../components/common/validation";
import { tagEverything } from "../../components/common/tags";
import { LocalZoneTrader, type LocalZoneTraderArgs } from "../../components/trading/local-zone-trader";
import { deployDocument, imagePattern, traderBootScript } from "../../components/trading/local-zone-trader/boot";
import { guardStatement } from "../../components/trading/local-zone-trader/local-zone-trader";
import type { RecordedResource } from "../../plan/evaluate/monitor";
import { allows } from "../support/iam";
import { register, testCloud, type Registered } from "../support/program";

const topic = "arn:aws:sns:us-east-1:123456789012:alarms";
const args = (more: Partial<LocalZoneTraderArgs> = {}): LocalZoneTraderArgs => ({
  cloud: testCloud,
  project: "trading-platform",
  stack: "qa",
  stage: "qa",
  vpcId: "vpc-1",
  vpcCidr: "10.0.0.0/16",
  subnet: { id: "subnet-chi", zone: "us-east-1-chi-2a", egress: "local-nat" },
  regionSubnetId: "subnet-1a",
  gatewayPort: 4002,
  instanceType: "c6in.xlarge",
  ami: "ami-0123456789abcdef0",
  rootVolume: { type: "gp2", sizeGiB: 30 },
  access: "ssm",
  clusterPlacement: false,
  tunedKernel: true,
  isolatedCpus: 0,
  latency: { host: "cdc1.ibllc.com", port: 4000, alarmMilliseconds: 10 },
  images: { trader: "", gateway: "" },
  logRetentionDays: 90,
  alarmTopicArn: topic,
  ...more,
});
const build = (more: Partial<LocalZoneTraderArgs> = {}): Promise<Registered> =>
  register(() => {
    const { project, stack, stage } = args(more);
    tagEverything({ project, stack, stage, owner: "trading" });
    new LocalZoneTrader("trader", args(more));
  });

const rules = (made: Registered, direction: "Ingress" | "Egress") =>
  made
    .ofType(`aws:vpc/securityGroup${direction}Rule:SecurityGroup${direction}Rule`)
    .map(({ inputs }) => `${String(inputs.fromPort)} ${String(inputs.cidrIpv4 ?? inputs.referencedSecurityGroupId)}`)
    .sort();
const template = (made: Registered): RecordedResource => made.one("aws:ec2/launchTemplate:LaunchTemplate");

const bootSettings = {
  region: "us-east-1",
  stage: "qa",
  mode: "paper" as const,
  gatewayPort: 4002,
  tunedKernel: true,
  isolatedCpus: 2,
  latencyHost: "cdc1.ibllc.com",
  latencyPort: 4000,
  logGroup: "/trading-platform/qa/trader",
  gatewaySecret: "trading-platform/qa/trader/ib-gateway",
  apiSecret: "trading-platform/qa/trader/api-keys",
  gatewayImage: "",
  traderImage: "",
  nodeExporterImage: "quay.io/prometheus/node-exporter:v1.9.1",
  environment: {},
};

describe("LocalZoneTrader", () => {
  it("makes exactly what it says", async () => {
    const made = await build();
    assert.deepEqual(made.counts(), {
      "trading:trading:LocalZoneTrader": 1,
      "trading:security:EncryptionKey": 1,
      "trading:security:AppSecrets": 1,
      "aws:kms/key:Key": 1,
      "aws:kms/alias:Alias": 1,
      "aws:cloudwatch/logGroup:LogGroup": 1,
      "aws:secretsmanager/secret:Secret": 2,
      "aws:secretsmanager/secretVersion:SecretVersion": 2,
      "aws:secretsmanager/secretPolicy:SecretPolicy": 2,
      "aws:iam/role:Role": 1,
      "aws:iam/rolePolicy:RolePolicy": 2,
      "aws:iam/rolePolicyAttachment:RolePolicyAttachment": 2,
      "aws:iam/instanceProfile:InstanceProfile": 1,
      "aws:ec2/securityGroup:SecurityGroup": 1,
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": 1,
      "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": 3,
      "aws:ec2/launchTemplate:LaunchTemplate": 1,
      "aws:ec2/instance:Instance": 1,
      "aws:cloudwatch/metricAlarm:MetricAlarm": 8,
      "aws:ssm/document:Document": 2,
    });
    assert.ok(made.resources.every(({ name }) => name.startsWith("trader")));
  });

  it("launches a recovering, optimised, private host with IMDSv2 and no spot", async () => {
    const { inputs } = template(await build());
    assert.equal(inputs.instanceType, "c6in.xlarge");
    assert.equal(inputs.ebsOptimized, "true");
    assert.deepEqual(inputs.monitoring, { enabled: true });
    assert.deepEqual(inputs.maintenanceOptions, { autoRecovery: "default" });
    assert.equal(inputs.instanceMarketOptions, undefined);
    const metadata = inputs.metadataOptions as Record<string, unknown>;
    assert.deepEqual([metadata.httpTokens, metadata.httpPutResponseHopLimit], ["required", 1]);
    const [network] = inputs.networkInterfaces as Record<string, unknown>[];
    assert.deepEqual([network?.subnetId, network?.associatePublicIpAddress], ["subnet-chi", "false"]);
  });

  it("names its root volume's type and encrypts it with its own key", async () => {
    const made = await build({ rootVolume: { type: "gp3", sizeGiB: 100 } });
    const [mapping] = template(made).inputs.blockDeviceMappings as { ebs: Record<string, unknown> }[];
    assert.deepEqual([mapping?.ebs.volumeType, mapping?.ebs.volumeSize, mapping?.ebs.encrypted], ["gp3", 100, "true"]);
    assert.match(String(mapping?.ebs.kmsKeyId), /^arn:aws:kms:/);
  });

  it("tags what the template launches, so that schedules and conditions find it", async () => {
    const specifications = template(await build()).inputs.tagSpecifications as {
      resourceType: string;
      tags: Record<string, string>;
    }[];
    assert.deepEqual(
      specifications.map(({ resourceType }) => resourceType),
      ["instance", "volume", "network-interface"],
    );
    for (const { tags } of specifications) {
      assert.deepEqual(
        [tags.project, tags.stack, tags.stage, tags.component],
        ["trading-platform", "qa", "qa", "trader"],
      );
    }
  });

  it("opens the paper port in paper stacks and the live port in prod, to groups only", async () => {
    const paper = await build({ gatewayClients: { fleet: "sg-fleet" } });
    assert.deepEqual(
      rules(paper, "Ingress").map((rule) => rule.split(" ")[0]),
      ["4002", "4002"],
    );
    assert.ok(rules(paper, "Ingress").includes("4002 sg-fleet"));
    assert.deepEqual(
      rules(paper, "Egress").filter((rule) => rule.endsWith("0.0.0.0/0")),
      ["4000 0.0.0.0/0", "443 0.0.0.0/0"],
    );
    const live = await build({ stage: "prod", stack: "prod", gatewayPort: 4001 });
    assert.deepEqual(
      rules(live, "Ingress").map((rule) => rule.split(" ")[0]),
      ["4001"],
    );
    assert.ok(rules(live, "Egress").includes("4001 0.0.0.0/0"));
    assert.ok([...rules(live, "Ingress"), ...rules(live, "Egress")].every((rule) => !rule.startsWith("4002")));
    assert.ok([...rules(paper, "Ingress"), ...rules(paper, "Egress")].every((rule) => !rule.startsWith("4001")));
    for (const made of [paper, live]) {
      for (const { inputs } of made.ofType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")) {
        assert.equal(inputs.cidrIpv4, undefined);
        assert.ok(inputs.description);
      }
    }
  });

  const refused: readonly (readonly [string, Partial<LocalZoneTraderArgs>, RegExp])[] = [
    [
      "a live port in a paper stack",
      { gatewayPort: 4001 },
      /gatewayPort: is the live port, and qa is a paper stack[\s\S]*4002, IB Gateway's port for paper/,
    ],
    ["a live port in dev", { stage: "dev", gatewayPort: 4001 }, /is the live port, and dev is a paper stack/],
    [
      "a paper port in a live stack",
      { stage: "prod" },
      /gatewayPort: is the paper port, and prod is a live stack[\s\S]*4001/,
    ],
    ["another port", { gatewayPort: 7497 }, /gatewayPort: is no port of IB Gateway/],
    [
      "an elastic IP in qa",
      { subnet: { id: "s", zone: "us-east-1-chi-2a", egress: "elastic-ip" } },
      /only dev allows, not qa/,
    ],
    [
      "a zone elsewhere",
      { subnet: { id: "s", zone: "us-west-2-lax-1a", egress: "nat" } },
      /zone: is no Local Zone of us-east-1/,
    ],
    ["too many CPUs", { isolatedCpus: 31 }, /isolatedCpus: is out of range/],
  ];
  for (const [what, more, message] of refused) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(build(more), (error) => error instanceof ValidationError && message.test(error.message));
    });
  }

  it("attaches an elastic IP of the zone's border group where dev asks for one, and none otherwise", async () => {
    const dev = await build({ stage: "dev", subnet: { ...args().subnet, egress: "elastic-ip" } });
    assert.equal(dev.one("aws:ec2/eip:Eip").inputs.networkBorderGroup, "us-east-1-chi-2");
    assert.equal((await build()).ofType("aws:ec2/eip:Eip").length, 0);
  });

  it("recovers by an alarm, and pages with a first step for everything else", async () => {
    const alarms = (await build()).ofType("aws:cloudwatch/metricAlarm:MetricAlarm");
    const system = alarms.find(({ name }) => name === "trader-system-check");
    assert.deepEqual(system?.inputs.alarmActions, ["arn:aws:automate:us-east-1:ec2:recover", topic]);
    assert.deepEqual(alarms.map(({ inputs }) => inputs.metricName).sort(), [
      "CPUUtilization",
      "ClockOffsetMilliseconds",
      "ExchangeRoundTripMilliseconds",
      "StatusCheckFailed_AttachedEBS",
      "StatusCheckFailed_Instance",
      "StatusCheckFailed_System",
      "disk_used_percent",
      "mem_used_percent",
    ]);
    for (const { inputs, name } of alarms) {
      assert.match(String(inputs.alarmDescription), /First: /, name);
      assert.ok((inputs.alarmActions as string[]).includes(topic), name);
    }
  });

  it("protects a live host and keeps it through new templates", async () => {
    const live = await build({ stage: "prod", stack: "prod", gatewayPort: 4001 });
    assert.equal(live.one("aws:ec2/instance:Instance").protect, true);
    assert.equal((await build()).one("aws:ec2/instance:Instance").protect, false);
  });

  it("offers SSM, an Instance Connect endpoint or a bastion, none with a public address", async () => {
    assert.equal((await build()).ofType("aws:ec2/securityGroup:SecurityGroup").length, 1);
    const endpoint = await build({ access: "instance-connect" });
    const made = endpoint.one("aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint");
    assert.equal(made.inputs.subnetId, "subnet-1a", "in the Region's zone");
    assert.ok(rules(endpoint, "Ingress").some((rule) => rule.startsWith("22 ")));
    const bastion = (await build({ access: "bastion" })).one(
      "aws:ec2/launchTemplate:LaunchTemplate",
      "bastion-host-template",
    );
    const [port] = bastion.inputs.networkInterfaces as { subnetId: string; associatePublicIpAddress: string }[];
    assert.deepEqual([port?.associatePublicIpAddress, port?.subnetId], ["false", "subnet-1a"]);
  });

  it("uses a cluster placement group only where asked for", async () => {
    assert.equal((await build()).ofType("aws:ec2/placementGroup:PlacementGroup").length, 0);
    const made = await build({ clusterPlacement: true });
    assert.equal(made.one("aws:ec2/placementGroup:PlacementGroup").inputs.strategy, "cluster");
    assert.ok((template(made).inputs.placement as { groupName?: string }).groupName);
  });

  it("denies its secrets to the project's other roles, whatever their policies say", () => {
    const role = "arn:aws:iam::123456789012:role/trader-role";
    const everything = { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: "*" } as const;
    const reads = (principal: string, component: string, project = "trading-platform") =>
      allows([everything, guardStatement("trading-platform", role)], {
        action: "secretsmanager:GetSecretValue",
        resource: "arn:aws:secretsmanager:us-east-1:123456789012:secret:x",
        context: {
          "aws:PrincipalArn": principal,
          "aws:PrincipalTag/project": project,
          "aws:PrincipalTag/component": component,
        },
      });
    assert.equal(reads(role, "trader"), true);
    assert.equal(reads("arn:aws:iam::123456789012:role/fleet", "fleet"), false);
    assert.equal(reads("arn:aws:iam::123456789012:role/deploy", "delivery"), true);
  });
});

describe("the trading host's boot script", () => {
  it("is free of faults", () => {
    execFileSync("shellcheck", ["-"], { input: traderBootScript(bootSettings) });
  });

  it("fits into user data with room to spare, and is read back as text", () => {
    const encoded = encodeUserData("test", traderBootScript(bootSettings));
    const bytes = Buffer.from(encoded, "base64");
    assert.ok(bytes.length < (userDataLimitBytes * 3) / 4, `${bytes.length} bytes`);
    assert.equal(Buffer.from(bytes.toString("utf8")).equals(bytes), true, "the provider keeps it as text");
    assert.equal(decodeUserData(encoded), traderBootScript(bootSettings));
  });

  it("unpacks itself where it is longer than user data may be", () => {
    const long = `#!/bin/bash\n${"# a comment that says nothing\n".repeat(1_000)}printf '%s' "$0 ran" | sed 's/.* //'\n`;
    const encoded = encodeUserData("test", long);
    assert.ok(Buffer.from(encoded, "base64").length <= userDataLimitBytes);
    assert.equal(decodeUserData(encoded), long);
    const text = Buffer.from(encoded, "base64").toString("utf8");
    execFileSync("shellcheck", ["-"], { input: text });
    assert.equal(execFileSync("bash", { input: text, encoding: "utf8" }), "ran");
  });

  it("writes scripts that are free of faults themselves", () => {
    const script = traderBootScript(bootSettings);
    const inner = [...script.matchAll(/<<'SCRIPT'\n([\s\S]*?)\nSCRIPT\n/g)].map((match) => match[1] ?? "");
    assert.equal(inner.length, 3);
    for (const text of inner) execFileSync("shellcheck", ["-"], { input: text });
    const [python = ""] = [...script.matchAll(/<<'PYTHON'\n([\s\S]*?)\nPYTHON\n/g)].map((match) => match[1] ?? "");
    execFileSync("python3", ["-c", "import ast, sys; ast.parse(sys.stdin.read())"], { input: python });
  });

  it("gives the bot its environment, and the gateway none of it", () => {
    const root = mkdtempSync(join(tmpdir(), "trader-"));
    try {
      const script = traderBootScript({
        ...bootSettings,
        environment: { REDIS_URL: "rediss://r:6379", A: "it's $HOME" },
      });
      const body = script.replace(/\nmain\n$/, "\n") + "install_service ib-gateway a\ninstall_service trader b\n";
      execFileSync("bash", ["-s"], { input: body, env: { ...process.env, TRADER_ROOT: root } });
      const written = (path: string) => readFileSync(join(root, "opt/trading", path), "utf8");
      assert.equal(written("environment/trader"), "A=it's $HOME\nREDIS_URL=rediss://r:6379\n");
      assert.equal(written("environment/ib-gateway"), "\n");
      assert.match(written("bin/run-trader"), /--env-file \/opt\/trading\/environment\/trader /);
      execFileSync("bash", ["-n", join(root, "opt/trading/bin/run-trader")]);
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it("holds no secret, only names of secrets", () => {
    const assignments = traderBootScript(bootSettings).split("\n\n")[0] ?? "";
    assert.match(assignments, /TRADER_GATEWAY_SECRET_ID='trading-platform\/qa\/trader\/ib-gateway'/);
    assert.doesNotMatch(assignments, /password|userid/i);
  });

  it("quotes every value so that a shell reads it back unchanged", () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes("\0")),
        (text) => {
          const script = bootScript({ VALUE: text }, '#!/bin/sh\nprintf "%s" "$VALUE"');
          assert.equal(execFileSync("bash", ["-c", script], { encoding: "utf8" }), text);
        },
      ),
      { numRuns: 25 },
    );
    assert.equal(shellQuote("it's"), "'it'\\''s'");
  });

  it("refuses a setting's name that is none, and user data above 16 KiB", () => {
    assert.throws(() => bootScript({ "a b": "x" }, ""), /a b is not the name of a setting/);
    const noise = Array.from({ length: 30_000 }, (_, index) => ((index * 7919) % 65_521).toString(36)).join("");
    assert.throws(
      () => encodeUserData("test", noise),
      (error) => error instanceof ValidationError && /at most 16384 bytes/.test(error.message),
    );
  });
});

describe("the deploy document", () => {
  it("takes image references and nothing that a shell would run", () => {
    const pattern = new RegExp(imagePattern);
    const digest = "a".repeat(64);
    for (const good of [
      "123456789012.dkr.ecr.us-east-1.amazonaws.com/trader:1.2.3",
      `ghcr.io/org/bot@sha256:${digest}`,
      "redis:7",
    ])
      assert.match(good, pattern);
    for (const bad of ["", "x y", "x;reboot", "$(id)", "`id`", "x'y", "-rm", "x\nreboot"])
      assert.doesNotMatch(bad, pattern);
    assert.deepEqual(deployDocument().parameters.Container.allowedValues, ["trader", "ib-gateway"]);
  });
});
