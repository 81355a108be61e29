import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, it } from "mocha";
import * as fc from "fast-check";
import type { DataBucket } from "../../components/data/data-buckets";
import { TimescaleDatabase, type TimescaleSettings } from "../../components/data/timescale-database";
import {
  compressed,
  nodeEnvironment,
  nodeProgram,
  nodeUserData,
  shellQuote,
  tuningLines,
  units,
  type NodePlace,
} from "../../components/data/timescale-database/user-data";
import * as pulumi from "@pulumi/pulumi";
import { plain, register, testCloud, type Registered } from "../support/program";
import { network, timescale } from "./support";

const bucket = (): DataBucket => ({
  name: pulumi.output("backups"),
  arn: pulumi.output("arn:aws:s3:::backups"),
  kmsKeyArn: pulumi.output("arn:aws:kms:us-east-1:123456789012:key/bucket"),
});

const make = (change: Partial<TimescaleSettings> = {}) =>
  register(
    () =>
      new TimescaleDatabase("ts", {
        cloud: testCloud,
        settings: { ...timescale, rotationDays: 0, ...change },
        network,
        backupBucket: bucket(),
        alarmTopicArn: "arn:topic",
      }),
  );

const userData = (run: Registered, node: "a" | "b") =>
  gunzipSync(
    Buffer.from(
      String(plain(run.one("aws:ec2/instance:Instance", `${node}-instance`).inputs.userDataBase64)),
      "base64",
    ),
  ).toString();

const place: NodePlace = {
  node: "a",
  peer: "b",
  stanza: "test-ts",
  region: "us-east-1",
  vpcCidr: "10.0.0.0/16",
  volumeId: "vol-0123456789abcdef0",
  bucket: "backups",
  prefix: "timescale/ts",
  masterSecretArn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:master-abcdef",
  replicationSecretArn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:replication-abcdef",
  tuningParameterName: "/p/t/ts/tuning",
};

describe("TimescaleDatabase", () => {
  it("makes two nodes in two zones with everything around them", async () => {
    const run = await make();
    assert.deepEqual(run.counts(), {
      "trading:data:TimescaleDatabase": 1,
      "trading:security:EncryptionKey": 1,
      "trading:security:GeneratedSecret": 2,
      "aws:kms/key:Key": 1,
      "aws:kms/alias:Alias": 1,
      "aws:secretsmanager/secret:Secret": 2,
      "aws:secretsmanager/secretVersion:SecretVersion": 2,
      "aws:ec2/securityGroup:SecurityGroup": 1,
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": 3,
      "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": 4,
      "aws:ssm/parameter:Parameter": 1,
      "aws:cloudwatch/logGroup:LogGroup": 1,
      "aws:ebs/volume:Volume": 2,
      "aws:iam/role:Role": 1,
      "aws:iam/rolePolicy:RolePolicy": 1,
      "aws:iam/rolePolicyAttachment:RolePolicyAttachment": 2,
      "aws:iam/instanceProfile:InstanceProfile": 1,
      "aws:ec2/instance:Instance": 2,
      "aws:ec2/volumeAttachment:VolumeAttachment": 2,
      "aws:cloudwatch/metricAlarm:MetricAlarm": 20,
      "aws:lb/loadBalancer:LoadBalancer": 1,
      "aws:lb/targetGroup:TargetGroup": 1,
      "aws:lb/listener:Listener": 1,
      "aws:lb/targetGroupAttachment:TargetGroupAttachment": 2,
      "aws:ssm/document:Document": 1,
    });
    const volumes = run.ofType("aws:ebs/volume:Volume");
    assert.deepEqual(
      volumes.map(({ inputs }) => inputs.availabilityZone),
      ["us-east-1a", "us-east-1b"],
    );
    const instances = run.ofType("aws:ec2/instance:Instance");
    assert.deepEqual(
      instances.map(({ inputs }) => inputs.subnetId),
      network.dataSubnets.slice(0, 2).map(({ id }) => id),
    );
  });

  it("is one node without a standby, and watches none", async () => {
    const run = await make({ standby: false });
    assert.equal(run.ofType("aws:ec2/instance:Instance").length, 1);
    assert.equal(run.ofType("aws:cloudwatch/metricAlarm:MetricAlarm").length, 9);
    assert.match(userData(run, "a"), /^export PEER=''$/m);
  });

  it("keeps its data encrypted, and on volumes that outlive nodes and stack", async () => {
    const run = await make();
    const key = run.one("aws:kms/key:Key").urn;
    for (const volume of run.ofType("aws:ebs/volume:Volume")) {
      assert.deepEqual([volume.inputs.encrypted, volume.protect, volume.retainOnDelete], [true, true, true]);
      assert.deepEqual(volume.propertyDependencies.kmsKeyId, [key]);
      assert.deepEqual([volume.inputs.type, volume.inputs.size, volume.inputs.iops], ["gp3", 100, 3000]);
    }
    const dev = await make({ deletionProtection: false });
    for (const volume of dev.ofType("aws:ebs/volume:Volume")) {
      assert.deepEqual([volume.protect, volume.retainOnDelete], [false, false]);
    }
  });

  it("gives nodes no public address, IMDSv2 only, and an encrypted root", async () => {
    for (const { inputs } of (await make()).ofType("aws:ec2/instance:Instance")) {
      assert.equal(inputs.associatePublicIpAddress, false);
      assert.deepEqual(inputs.metadataOptions, {
        httpEndpoint: "enabled",
        httpTokens: "required",
        httpPutResponseHopLimit: 1,
      });
      assert.equal((inputs.rootBlockDevice as { encrypted: boolean }).encrypted, true);
    }
  });

  it("reads the image's id from the SSM parameter that names it", async () => {
    const run = await make({ ami: "resolve:ssm:/trading-platform/prod/timescale" });
    for (const { inputs } of run.ofType("aws:ec2/instance:Instance"))
      assert.match(String(inputs.ami), /^ami-[0-9a-f]{17}$/);
  });

  it("opens the port to clients, its health check to itself, and itself to AWS and S3 only", async () => {
    const run = await make();
    const show = (type: string) =>
      run
        .ofType(type)
        .map(({ name, inputs }) => [
          name,
          inputs.fromPort,
          inputs.referencedSecurityGroupId ?? inputs.cidrIpv4 ?? inputs.prefixListId,
        ])
        .sort();
    const self = run.one("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "health-out").inputs
      .securityGroupId;
    assert.deepEqual(show("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"), [
      ["ts-database-in", 5432, self],
      ["ts-from-nodes", 5432, "sg-0123456789abcdef0"],
      ["ts-health-in", 8008, self],
    ]);
    assert.deepEqual(show("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"), [
      ["ts-database-out", 5432, self],
      ["ts-health-out", 8008, self],
      ["ts-to-endpoints", 443, "10.0.0.0/16"],
      ["ts-to-s3", 443, "pl-63a5400a"],
    ]);
  });

  it("describes groups and rules in the characters that EC2 takes", async () => {
    const run = await make({ packages: "internet" });
    for (const { type, inputs } of run.resources) {
      if (!/securityGroup/i.test(type)) continue;
      assert.match(String(inputs.description), /^[\w .:/()#,@[\]+=&;{}!$*-]{1,255}$/, type);
    }
  });

  it("lets the nodes read their two secrets, write their part of the bucket, and grow their own volumes", async () => {
    const run = await make();
    const { Statement } = JSON.parse(String(run.one("aws:iam/rolePolicy:RolePolicy").inputs.policy)) as {
      Statement: { Sid?: string; Action: string | string[]; Resource: string | string[]; Condition?: unknown }[];
    };
    const open = Statement.filter(({ Resource }) => Resource === "*").map(({ Action }) => Action);
    assert.deepEqual(open, ["cloudwatch:PutMetricData", "ec2:DescribeVolumes"]);
    assert.ok(Statement.flatMap(({ Action }) => Action).every((action) => !action.includes("*")));
    assert.equal((Statement.find(({ Sid }) => Sid === "Secrets")?.Resource as string[]).length, 2);
    const objects = Statement.find(({ Action }) => Action.includes("s3:PutObject"));
    assert.equal(objects?.Resource, "arn:aws:s3:::backups/timescale/ts/*");
    assert.equal((Statement.find(({ Sid }) => Sid === "GrowVolume")?.Resource as string[]).length, 2);
  });

  it("sends clients to the node that passes the primary's health check", async () => {
    const run = await make();
    const balancer = run.one("aws:lb/loadBalancer:LoadBalancer").inputs;
    assert.deepEqual([balancer.internal, balancer.loadBalancerType], [true, "network"]);
    assert.ok(String(balancer.name).length <= 32);
    const { healthCheck, connectionTermination } = run.one("aws:lb/targetGroup:TargetGroup").inputs;
    assert.equal(connectionTermination, true);
    assert.deepEqual(healthCheck, {
      protocol: "HTTP",
      port: "8008",
      path: "/primary",
      matcher: "200",
      interval: 10,
      healthyThreshold: 2,
      unhealthyThreshold: 2,
    });
  });

  it("alarms on what costs data: 80 % of the connections, archive within 5 minutes, backup, standby, health", async () => {
    const alarms = (await make({ tuning: { profile: "timeseries", parameters: { max_connections: 200 } } })).ofType(
      "aws:cloudwatch/metricAlarm:MetricAlarm",
    );
    const ofA = alarms.filter(({ name }) => name.startsWith("ts-a-"));
    assert.deepEqual(
      ofA.map(({ inputs }) => [inputs.metricName, inputs.threshold, inputs.treatMissingData]).sort(),
      [
        ["Up", 1, "breaching"],
        ["Connections", 160, "notBreaching"],
        ["MemoryUsedPercent", 85, "notBreaching"],
        ["DiskUsedPercent", 85, "notBreaching"],
        ["ReplicationLagSeconds", 60, "notBreaching"],
        ["ArchiveDelaySeconds", 240, "notBreaching"],
        ["BackupAgeHours", 26, "notBreaching"],
        ["CPUUtilization", 80, "notBreaching"],
        ["StatusCheckFailed", 0, "breaching"],
        ["Standbys", 1, "notBreaching"],
      ].sort(),
    );
    for (const { inputs } of alarms) assert.match(String(inputs.alarmDescription), /First |first /);
  });

  it("has the promotion as one command", async () => {
    const content = JSON.parse(String((await make()).one("aws:ssm/document:Document").inputs.content)) as {
      mainSteps: { inputs: { runCommand: string[] } }[];
    };
    assert.deepEqual(content.mainSteps[0]?.inputs.runCommand, ["/usr/local/sbin/timescale-node promote"]);
  });

  it("rotates the master password on its nodes, by a command that holds no secret", async () => {
    const run = await make({ rotationDays: 30 });
    assert.equal(run.ofType("aws:secretsmanager/secretRotation:SecretRotation").length, 1);
    const { variables } = run.one("aws:lambda/function:Function").inputs.environment as {
      variables: Record<string, string>;
    };
    assert.equal(variables.INSTANCES?.split(",").length, 2);
    assert.match(String(run.one("aws:ssm/document:Document", "rotate").inputs.content), /timescale-node rotate"/);
    const policy = String(run.one("aws:iam/rolePolicy:RolePolicy", "rotation-function-role-own").inputs.policy);
    assert.match(policy, /"ssm:SendCommand","Resource":\["arn:aws:ssm:[^"]*","arn:aws:ec2:[^"]*","arn:aws:ec2:/);
  });

  it("logs to the group that document 004 names, under its key", async () => {
    const group = (await make()).one("aws:cloudwatch/logGroup:LogGroup");
    assert.deepEqual([group.inputs.name, group.inputs.retentionInDays], ["/rds/clever-better", 90]);
    assert.equal(group.propertyDependencies.kmsKeyId?.length, 1);
  });
});

describe("a node's user data", () => {
  it("fits into EC2's 16 KB, is the same every time, and holds no secret", async () => {
    const script = nodeUserData(timescale, place);
    assert.ok(compressed(script).length < 16 * 1024 * 0.75, String(compressed(script).length));
    assert.equal(compressed(script), compressed(nodeUserData(timescale, place)));
    const run = await make();
    const values = run
      .ofType("aws:secretsmanager/secretVersion:SecretVersion")
      .map(({ inputs }) => (JSON.parse(String(plain(inputs.secretString))) as { password: string }).password);
    for (const node of ["a", "b"] as const) {
      for (const value of values) assert.ok(!userData(run, node).includes(value));
    }
  });

  it("is right in the eyes of shellcheck", function () {
    try {
      execFileSync("shellcheck", ["--version"], { stdio: "ignore" });
    } catch {
      return this.skip(); // apt-get install shellcheck
    }
    const folder = mkdtempSync(join(tmpdir(), "user-data-"));
    try {
      for (const [name, text] of Object.entries({
        "user-data.sh": nodeUserData(timescale, place),
        "node.sh": nodeProgram(),
      })) {
        writeFileSync(join(folder, name), text);
        execFileSync("shellcheck", ["-S", "warning", join(folder, name)], { encoding: "utf8" });
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("writes the units by the windows: full on Sundays, differential else, restart in the maintenance window", () => {
    const all = units(timescale);
    assert.match(all["timescale-backup-full.timer"]!, /OnCalendar=Sun 03:00:00 UTC/);
    assert.match(all["timescale-backup-diff.timer"]!, /OnCalendar=Mon\.\.Sat 03:00:00 UTC/);
    assert.match(all["timescale-maintain.timer"]!, /OnCalendar=Mon 04:00:00 UTC/);
    const program = readFileSync(join(__dirname, "../../components/data/timescale-database/timescale-node.sh"), "utf8");
    const commands = /\n {2}(boot \|[^)]+)\)/.exec(program)?.[1]?.split(" | ") ?? [];
    for (const text of Object.values(all)) {
      for (const [, command] of text.matchAll(/timescale-node (\w+)/g)) assert.ok(commands.includes(command!), command);
    }
  });

  it("fences within the time that a promotion waits", () => {
    const all = units(timescale);
    for (const [name, text] of Object.entries(all))
      if (name.endsWith(".timer")) assert.match(text, /^AccuracySec=1s$/m, name);
    assert.match(all["timescale-check.timer"]!, /OnCalendar=\*:\*:0\/15$/m);
    const wait = Number(/FENCE_SECONDS:=(\d+)/.exec(nodeProgram())?.[1]);
    assert.ok(wait >= 3 * 15, `${wait} s`);
  });

  it("enables only units that it writes", () => {
    const written = Object.keys(units(timescale));
    const enabled = nodeProgram().match(/timescale[-\w]*\.(service|socket|timer)/g) ?? [];
    assert.ok(enabled.length >= 7);
    for (const unit of enabled) assert.ok(written.includes(unit), unit);
  });

  it("hands the parameters of document 004 to PostgreSQL with their units", () => {
    const lines = tuningLines({
      ...timescale,
      tuning: {
        profile: "timeseries",
        parameters: {
          shared_buffers: "4GB",
          work_mem: "64MB",
          "timescaledb.max_background_workers": 8,
          log_lock_waits: true,
        },
      },
    }).split("\n");
    for (const line of [
      "shared_buffers = '4GB'",
      "work_mem = '64MB'",
      "timescaledb.max_background_workers = '8'",
      "log_lock_waits = 'on'",
    ]) {
      assert.ok(lines.includes(line), line);
    }
  });

  it("quotes whatever text comes, so that the shell reads it back unchanged", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: "binary" }).filter((text) => !text.includes("\0")),
          { maxLength: 5 },
        ),
        (texts) => {
          const script = texts.map((text) => `printf '%s\\0' ${shellQuote(text)}`).join("\n");
          const back = execFileSync("bash", ["-c", script]).toString().split("\0").slice(0, -1);
          assert.deepEqual(
            back,
            texts.map((text) => Buffer.from(text, "utf8").toString()),
          );
        },
      ),
      { numRuns: 50 },
    );
    const hostile = nodeEnvironment({ ...timescale, databaseName: "x'; touch /tmp/owned; '" }, place);
    assert.match(hostile, /^export DB_NAME='x'\\''; touch \/tmp\/owned; '\\'''$/m);
  });
});
