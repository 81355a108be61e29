import assert from "node:assert/strict";
import { describe, it } from "mocha";
import * as pulumi from "@pulumi/pulumi";
import { PostgresDatabase, type PostgresSettings } from "../../components/data/postgres-database";
import { plain, register, testCloud, type Registered } from "../support/program";
import { network, postgres } from "./support";

const instanceType = "aws:rds/instance:Instance";

function make(change: Partial<PostgresSettings> = {}) {
  return register(
    () =>
      new PostgresDatabase("main", {
        cloud: testCloud,
        settings: { ...postgres, rotationDays: 0, ...change },
        network,
        alarmTopicArn: "arn:topic",
        alarmTopicsAbroad: { "us-west-2": "arn:west" },
      }),
  );
}

const alarms = (run: Registered) =>
  new Map(run.ofType("aws:cloudwatch/metricAlarm:MetricAlarm").map(({ name, inputs }) => [name, inputs]));

describe("PostgresDatabase", () => {
  it("makes one database with everything around it", async () => {
    const run = await make({ readReplicas: {} });
    assert.deepEqual(run.counts(), {
      "trading:data:PostgresDatabase": 1,
      "trading:security:EncryptionKey": 1,
      "trading:security:GeneratedSecret": 1,
      "aws:kms/key:Key": 1,
      "aws:kms/alias:Alias": 1,
      "aws:iam/role:Role": 1,
      "aws:iam/rolePolicyAttachment:RolePolicyAttachment": 1,
      "aws:secretsmanager/secret:Secret": 1,
      "aws:secretsmanager/secretVersion:SecretVersion": 1,
      "aws:ec2/securityGroup:SecurityGroup": 1,
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": 1,
      "aws:rds/subnetGroup:SubnetGroup": 1,
      "aws:rds/parameterGroup:ParameterGroup": 1,
      "aws:cloudwatch/logGroup:LogGroup": 2,
      "aws:rds/instance:Instance": 1,
      "aws:cloudwatch/metricAlarm:MetricAlarm": 6,
    });
  });

  it("is encrypted, private, and keeps its data", async () => {
    const run = await make();
    const key = run.one("aws:kms/key:Key");
    const primary = run.one(instanceType, "primary");
    const { inputs } = primary;
    assert.equal(inputs.storageEncrypted, true);
    assert.equal(inputs.publiclyAccessible, false);
    assert.equal(inputs.multiAz, true);
    assert.equal(inputs.deletionProtection, true);
    assert.equal(inputs.skipFinalSnapshot, false);
    // Of its own key, so that a stack that is destroyed and made again leaves a snapshot of its own.
    assert.match(String(inputs.finalSnapshotIdentifier), /^trading-platform-test-main-final-[0-9a-f]{12}$/);
    assert.equal(inputs.backupRetentionPeriod, 30);
    assert.equal(inputs.deleteAutomatedBackups, false);
    assert.equal(inputs.copyTagsToSnapshot, true, "the backup plan and the bill find snapshots by their tags");
    assert.deepEqual(primary.propertyDependencies.kmsKeyId, [key.urn]);
    assert.deepEqual(primary.propertyDependencies.performanceInsightsKmsKeyId, [key.urn]);
    assert.equal(primary.protect, true);
    assert.notEqual(inputs.password, plain(inputs.password), "the password is marked as secret");
  });

  it("takes a supported minor of the major and lets AWS keep it current, unless one is pinned", async () => {
    const major = (await make()).one(instanceType, "primary").inputs;
    assert.deepEqual([major.engineVersion, major.autoMinorVersionUpgrade], ["15", true]);
    const pinned = (await make({ engineVersion: "15.15" })).one(instanceType, "primary").inputs;
    assert.deepEqual([pinned.engineVersion, pinned.autoMinorVersionUpgrade], ["15.15", false]);
  });

  it("forces TLS and hands parameters over in base units", async () => {
    const run = await make({ tuning: { profile: "web", parameters: { shared_buffers: "4GB", work_mem: "16MB" } } });
    const group = run.one("aws:rds/parameterGroup:ParameterGroup").inputs;
    assert.equal(group.family, "postgres15");
    const parameters = group.parameters as { name: string; value: string; applyMethod: string }[];
    const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
    assert.equal(byName.size, parameters.length, "no parameter twice");
    assert.equal(byName.get("rds.force_ssl")?.value, "1");
    assert.equal(byName.get("ssl_min_protocol_version")?.value, "TLSv1.2");
    assert.deepEqual(byName.get("shared_buffers"), {
      name: "shared_buffers",
      value: "524288",
      applyMethod: "pending-reboot",
    });
    assert.equal(byName.get("work_mem")?.value, "16384");
  });

  it("lets each client in by its group on one port, and nothing out", async () => {
    const run = await make();
    const rule = run.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule");
    assert.deepEqual(
      [rule.inputs.fromPort, rule.inputs.toPort, rule.inputs.ipProtocol, rule.inputs.referencedSecurityGroupId],
      [5432, 5432, "tcp", "sg-0123456789abcdef0"],
    );
    assert.equal(rule.inputs.description, "PostgreSQL main for nodes");
    assert.equal(run.ofType("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule").length, 0);
    assert.equal(run.one("aws:ec2/securityGroup:SecurityGroup").inputs.egress, undefined);
  });

  it("copies to readers here, without a final snapshot of theirs", async () => {
    const run = await make({ readReplicas: { one: {}, two: { instanceClass: "db.r6g.xlarge", zone: "us-east-1b" } } });
    const one = run.one(instanceType, "one-replica").inputs;
    assert.equal(one.replicateSourceDb, "trading-platform-test-main");
    assert.equal(one.skipFinalSnapshot, true);
    assert.equal(one.storageEncrypted, true);
    const two = run.one(instanceType, "two-replica").inputs;
    assert.deepEqual([two.instanceClass, two.availabilityZone], ["db.r6g.xlarge", "us-east-1b"]);
    const lag = [...alarms(run)].filter(([name]) => name.endsWith("-lag"));
    assert.deepEqual(
      lag.map(([name, { threshold }]) => [name, threshold]),
      [
        ["main-one-lag", 60],
        ["main-two-lag", 60],
      ],
    );
  });

  it("copies to another Region under a key, a group, parameters and logs of that Region", async () => {
    const west = {
      region: "us-west-2",
      network: { vpcId: "vpc-west", subnetIds: ["subnet-1", "subnet-2"], clientCidrs: ["10.9.0.0/16"] },
    };
    const run = await make({ readReplicas: { west } });
    const replica = run.one(instanceType, "west-replica");
    assert.equal(replica.inputs.region, "us-west-2");
    assert.match(String(replica.inputs.replicateSourceDb), /^arn:aws:rds:us-east-1:/);
    for (const property of ["kmsKeyId", "dbSubnetGroupName", "parameterGroupName", "vpcSecurityGroupIds"]) {
      const [urn] = replica.propertyDependencies[property] ?? [];
      const other = run.resources.find((resource) => resource.urn === urn);
      assert.equal(other?.inputs.region, "us-west-2", property);
    }
    for (const { name, inputs } of run.ofType("aws:cloudwatch/metricAlarm:MetricAlarm")) {
      const expected = name.startsWith("main-west-") ? ["us-west-2", ["arn:west"]] : [undefined, ["arn:topic"]];
      assert.deepEqual([inputs.region, inputs.alarmActions], expected, name);
    }
  });

  it("copies its backups to another Region where asked", async () => {
    const run = await make({ backup: { ...postgres.backup, copyRegion: "us-west-2" } });
    const copy = run.one("aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication");
    assert.deepEqual([copy.inputs.region, copy.inputs.retentionPeriod], ["us-west-2", 30]);
  });

  it("watches CPU at 80 %, connections at 80 % of the computed maximum, memory at 85 %, storage, latency", async () => {
    const run = await make({ tuning: { profile: "web", parameters: { max_connections: 200 } }, readReplicas: {} });
    const found = [...alarms(run)].map(([name, { metricName, threshold, comparisonOperator }]) => [
      name,
      metricName,
      threshold,
      comparisonOperator,
    ]);
    assert.deepEqual(found, [
      ["main-cpu", "CPUUtilization", 80, "GreaterThanThreshold"],
      ["main-connections", "DatabaseConnections", 160, "GreaterThanThreshold"],
      ["main-memory", "FreeableMemory", Math.floor(16 * 2 ** 30 * (1 - 0.85)), "LessThanThreshold"],
      ["main-storage", "FreeStorageSpace", Math.floor(100 * 2 ** 30 * 0.1), "LessThanThreshold"],
      ["main-read-latency", "ReadLatency", 0.02, "GreaterThanThreshold"],
      ["main-write-latency", "WriteLatency", 0.02, "GreaterThanThreshold"],
    ]);
    for (const [name, { alarmActions, okActions, alarmDescription, dimensions }] of alarms(run)) {
      assert.deepEqual([alarmActions, okActions], [["arn:topic"], ["arn:topic"]], name);
      assert.match(String(alarmDescription), /First /, name);
      assert.deepEqual(dimensions, { DBInstanceIdentifier: "trading-platform-test-main" });
    }
  });

  it("has its log groups, encrypted and with retention, before RDS makes its own", async () => {
    const run = await make({ readReplicas: {} });
    const groups = run.ofType("aws:cloudwatch/logGroup:LogGroup");
    assert.deepEqual(
      groups.map(({ inputs }) => [inputs.name, inputs.retentionInDays]),
      [
        ["/aws/rds/instance/trading-platform-test-main/postgresql", 90],
        ["/aws/rds/instance/trading-platform-test-main/upgrade", 90],
      ],
    );
    const primary = run.one(instanceType, "primary");
    for (const { urn } of groups) assert.ok(primary.dependencies.includes(urn));
  });

  it("rotates the master password by a function of its own, which may change this database alone", async () => {
    const run = await make({ rotationDays: 30, readReplicas: {} });
    const rotation = run.one("aws:secretsmanager/secretRotation:SecretRotation");
    assert.deepEqual(rotation.inputs.rotationRules, { automaticallyAfterDays: 30 });
    assert.equal(rotation.inputs.rotateImmediately, false);
    assert.ok(rotation.dependencies.some((urn) => urn.includes("aws:lambda/permission:Permission")));
    const { environment, timeout } = run.one("aws:lambda/function:Function").inputs;
    assert.deepEqual([environment, timeout], [{ variables: { DATABASE: "trading-platform-test-main" } }, 900]);
    const permission = run.one("aws:lambda/permission:Permission").inputs;
    assert.equal(permission.principal, "secretsmanager.amazonaws.com");
    assert.match(String(permission.sourceArn), /^arn:aws:secretsmanager:.*main-master/);
    const { Statement } = JSON.parse(
      String(run.one("aws:iam/rolePolicy:RolePolicy", "rotation-function-role-own").inputs.policy),
    ) as { Statement: { Action: string | string[]; Resource: string }[] };
    const modify = Statement.find(({ Action }) => Action.includes("rds:ModifyDBInstance"));
    assert.match(String(modify?.Resource), /^arn:aws:rds:us-east-1:123456789012:/);
    const open = Statement.filter(({ Resource }) => Resource === "*").flatMap(({ Action }) => Action);
    assert.deepEqual(open, ["xray:PutTraceSegments", "xray:PutTelemetryRecords", "secretsmanager:GetRandomPassword"]);
  });

  it("tells its clients where it is, without the password", async () => {
    let outputs: unknown;
    await register(() => {
      const it = new PostgresDatabase("main", { cloud: testCloud, settings: postgres, network });
      pulumi
        .all([it.endpoint, it.masterSecretArn, pulumi.all([...it.readerEndpoints])])
        .apply((all) => (outputs = all));
      assert.deepEqual([it.port, it.databaseName], [5432, "platform"]);
    });
    const [endpoint, secret, readers] = outputs as [string, string, string[]];
    assert.match(endpoint, /^trading-platform-test-main\..*\.rds\.amazonaws\.com$/);
    assert.match(secret, /^arn:aws:secretsmanager:/);
    assert.equal(readers.length, 1);
  });
});
