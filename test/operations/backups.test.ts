import assert from "node:assert/strict";
import { Backups, type BackupsArgs, type BackupsSettings } from "../../components/operations/backups";
import { checkStatements } from "../../components/operations/backups/restore-testing";
import { objectiveStatements } from "../../components/operations/backups/objectives";
import { tagEverything } from "../../components/common/tags";
import { validate } from "../../config";
import { evaluateBlueprint } from "../support/blueprint";
import { allows } from "../support/iam";
import { register, testCloud, type Registered } from "../support/program";
import * as aws from "@pulumi/aws";

const settings: BackupsSettings = {
  schedule: "cron(0 5 * * ? *)",
  retentionDays: 30,
  copyRegion: "us-west-2",
  lock: { mode: "governance", graceDays: 14 },
  restoreTest: { schedule: "cron(0 9 ? * 1 *)", everyDays: 7, tables: [], windowHours: 24 },
  targets: {
    database: { rtoMinutes: 240, rpoMinutes: 15 },
    models: { rtoMinutes: 240, rpoMinutes: 1440 },
    services: {},
  },
  logRetentionDays: 90,
};
const database = {
  arn: "arn:aws:rds:us-east-1:123456789012:db:app",
  port: 5432,
  masterSecretArn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:master",
  keyArn: "arn:aws:kms:us-east-1:123456789012:key/db",
  subnetGroupName: "data-subnets",
  vpcId: "vpc-1",
  appSubnetIds: ["subnet-1", "subnet-2"],
  readerSecurityGroupId: "sg-reader",
};
const components = {
  database: { kind: "rds" as const, target: "app", promise: settings.targets.database },
  bot: { kind: "service" as const, target: "bot", cluster: "main", tasks: 1, promise: { rtoMinutes: 5 } },
};

const build = (changes: Partial<BackupsArgs> = {}) =>
  register(
    () =>
      new Backups("backups", {
        cloud: testCloud,
        project: "trading-platform",
        stack: "test",
        settings,
        components,
        database,
        alarmTopicArn: "arn:aws:sns:us-east-1:123456789012:critical",
        ...changes,
      }),
  );
const with_ = (changes: Partial<BackupsSettings>) => build({ settings: { ...settings, ...changes } });
const alarm = (registered: Registered, ending: string) =>
  registered.one("aws:cloudwatch/metricAlarm:MetricAlarm", ending).inputs;

describe("Backups", () => {
  it("saves what carries the stack's tags, all of them, of every kind that holds state", async () => {
    const registered = await build();
    const { inputs } = registered.one("aws:backup/selection:Selection");
    assert.deepEqual(inputs.resources, [
      "arn:aws:rds:*:*:db:*",
      "arn:aws:ec2:*:*:volume/*",
      "arn:aws:elasticfilesystem:*:*:file-system/*",
      "arn:aws:dynamodb:*:*:table/*",
    ]);
    assert.deepEqual(inputs.conditions, [
      {
        stringEquals: [
          { key: "aws:ResourceTag/project", value: "trading-platform" },
          { key: "aws:ResourceTag/stack", value: "test" },
          { key: "aws:ResourceTag/backup", value: "daily" },
        ],
      },
    ]);
    assert.equal(inputs.selectionTags, undefined, "one matching tag would be enough there");
  });

  it("keeps and copies recovery points as long as asked", async () => {
    const registered = await build();
    const [rule] = registered.one("aws:backup/plan:Plan").inputs.rules as Record<string, unknown>[];
    assert.deepEqual(rule?.lifecycle, { deleteAfter: 30 });
    const [copy] = rule.copyActions as [{ lifecycle: unknown }];
    assert.deepEqual(copy.lifecycle, { deleteAfter: 30 });
    const vaults = registered.ofType("aws:backup/vault:Vault");
    assert.deepEqual(vaults.map(({ name, inputs }) => [name, inputs.region]).sort(), [
      ["backups-copy-vault", "us-west-2"],
      ["backups-vault", undefined],
    ]);
    for (const { propertyDependencies, protect, retainOnDelete } of vaults) {
      assert.match(propertyDependencies.kmsKeyArn?.[0] ?? "", /vault-key$/, "a key of its own");
      assert.deepEqual([protect, retainOnDelete], [true, true]);
    }
  });

  it("locks every vault: by a right, or for ever after the days of grace", async () => {
    const lock = "aws:backup/vaultLockConfiguration:VaultLockConfiguration";
    for (const { inputs } of (await build()).ofType(lock)) {
      assert.equal(inputs.minRetentionDays, 30);
      assert.equal(inputs.changeableForDays, undefined);
    }
    const compliance = await with_({ lock: { mode: "compliance", graceDays: 5 } });
    assert.deepEqual(
      compliance.ofType(lock).map(({ inputs }) => inputs.changeableForDays),
      [5, 5],
    );
    assert.equal((await with_({ lock: undefined })).ofType(lock).length, 0);
  });

  it("tells of backups and copies that failed, of its own vault only", async () => {
    const rules = (await build()).ofType("aws:cloudwatch/eventRule:EventRule");
    const pattern = (ending: string) =>
      JSON.parse(String(rules.find(({ name }) => name.endsWith(ending))?.inputs.eventPattern)) as {
        source: string[];
        detail: Record<string, string[]>;
      };
    assert.deepEqual(pattern("backup-failed").detail.state, ["FAILED", "ABORTED", "EXPIRED"]);
    assert.match(pattern("backup-failed").detail.backupVaultArn?.[0] ?? "", /backups-vault/);
    assert.deepEqual(pattern("copy-failed").detail.state, ["FAILED"]);
    assert.match(pattern("copy-failed").detail.sourceBackupVaultArn?.[0] ?? "", /backups-vault/);
    const targets = (await build()).ofType("aws:cloudwatch/eventTarget:EventTarget");
    const told = targets.filter(({ name }) => name.endsWith("-failed")).map(({ name, inputs }) => [name, inputs.arn]);
    const critical = "arn:aws:sns:us-east-1:123456789012:critical";
    assert.deepEqual(told.sort(), [
      ["backups-backup-failed", critical],
      ["backups-copy-failed", critical],
    ]);
  });

  it("restores copies into the data subnets, behind a group that lets only the check in", async () => {
    const registered = await build();
    const selection = registered.one("aws:backup/restoreTestingSelection:RestoreTestingSelection").inputs;
    assert.equal(selection.protectedResourceType, "RDS");
    const overrides = selection.restoreMetadataOverrides as Record<string, string>;
    assert.equal(overrides.dbSubnetGroupName, "data-subnets");
    const rule = registered.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs;
    assert.deepEqual([rule.fromPort, rule.toPort, rule.referencedSecurityGroupId], [5432, 5432, "sg-reader"]);
    assert.match(overrides.vpcSecurityGroupIds ?? "", /^\["sg-/);
    const plan = registered.one("aws:backup/restoreTestingPlan:RestoreTestingPlan").inputs;
    assert.match(String(plan.name), /^[a-zA-Z0-9_]{1,50}$/);
    assert.deepEqual((plan.recoveryPointSelection as { includeVaults: unknown[] }).includeVaults.length, 1);
  });

  it("runs the check inside the network, with Amazon's authorities", async () => {
    const check = (await build()).one("aws:lambda/function:Function", "-check-function").inputs;
    assert.deepEqual(check.vpcConfig, { subnetIds: ["subnet-1", "subnet-2"], securityGroupIds: ["sg-reader"] });
    const { variables } = check.environment as { variables: Record<string, string> };
    assert.equal(variables.NODE_EXTRA_CA_CERTS, "/var/runtime/ca-cert.pem");
    assert.equal(variables.SOURCE_SECRET, database.masterSecretArn);
  });

  it("looks at restored volumes only where volumes hold state, and tests nothing where nothing can be", async () => {
    const type = "aws:backup/restoreTestingSelection:RestoreTestingSelection";
    const volumes = await build({ database: undefined, volumes: true });
    assert.deepEqual(
      volumes.ofType(type).map(({ inputs }) => inputs.protectedResourceType),
      ["EBS"],
    );
    assert.equal((await build({ database: undefined })).ofType(type).length, 0);
    assert.equal((await with_({ restoreTest: undefined })).ofType(type).length, 0);
  });

  it("lets the check open copies and read the source's secret, and change nothing of the source", () => {
    const statements = checkStatements(testCloud, database);
    const may = (action: string, resource: string) => allows(statements, { action, resource });
    const copy = "arn:aws:rds:us-east-1:123456789012:db:awsbackup-restore-test-1";
    assert.ok(may("rds:ModifyDBInstance", copy));
    assert.ok(may("rds:DescribeDBInstances", database.arn));
    assert.ok(!may("rds:ModifyDBInstance", database.arn));
    assert.ok(may("secretsmanager:GetSecretValue", database.masterSecretArn));
    assert.ok(!may("secretsmanager:GetSecretValue", `${database.masterSecretArn}-other`));
    assert.ok(!allows(checkStatements(testCloud), { action: "rds:ModifyDBInstance", resource: copy }));
  });

  it("lets the measuring see the database and list the replica, no more", () => {
    const statements = objectiveStatements(database.arn, ["arn:aws:s3:::models-replica"]);
    assert.ok(allows(statements, { action: "s3:ListBucket", resource: "arn:aws:s3:::models-replica" }));
    assert.ok(!allows(statements, { action: "s3:ListBucket", resource: "arn:aws:s3:::models" }));
    assert.ok(!allows(statements, { action: "s3:GetObject", resource: "arn:aws:s3:::models-replica/x" }));
  });

  it("holds each component to its promise, by the dimensions that are published", async () => {
    const registered = await build();
    const rpo = alarm(registered, "database-rpo");
    assert.deepEqual(
      [rpo.namespace, rpo.metricName, rpo.threshold, rpo.treatMissingData],
      ["Trading/Recovery", "RecoveryPointSeconds", 900, "breaching"],
    );
    assert.deepEqual(rpo.dimensions, { service: "recovery", Stack: "test", Component: "database" });
    assert.equal(alarm(registered, "database-rto").threshold, 14_400);
    assert.equal(alarm(registered, "bot-rto").threshold, 300);
    const names = registered.ofType("aws:cloudwatch/metricAlarm:MetricAlarm").map(({ name }) => name);
    assert.ok(!names.includes("backups-bot-rpo"), "a service holds no state");
    const failed = alarm(registered, "restore-test-failed");
    assert.deepEqual([failed.namespace, failed.metricName], ["Trading/Recovery", "RestoreTestFailed"]);
    assert.deepEqual([failed.statistic, failed.threshold, failed.evaluationPeriods], ["Maximum", 0, 1]);
    assert.equal(failed.period, 86_400, "on for a day, not for the minute of its one figure a week");
    const overdue = alarm(registered, "restore-test-overdue");
    assert.deepEqual([overdue.metricName, overdue.threshold], ["RestoreTestAgeHours", 8 * 24]);
  });

  it("tells the measuring what to measure", async () => {
    const { environment } = (await build()).one("aws:lambda/function:Function", "-objectives-function").inputs;
    const { OBJECTIVES, PLAN_ARN } = (environment as { variables: Record<string, string> }).variables;
    assert.deepEqual(JSON.parse(OBJECTIVES ?? ""), [
      { component: "database", kind: "rds", target: "app" },
      { component: "bot", kind: "service", target: "bot", cluster: "main", tasks: 1 },
    ]);
    assert.match(PLAN_ARN ?? "", /restore-test/i);
  });

  it("is found by a tag that what holds state carries, and replicas do not", async () => {
    const registered = await register(() => {
      tagEverything({ project: "p", stack: "test", stage: "dev", owner: "o" });
      const db = new aws.rds.Instance("db", { instanceClass: "db.t4g.micro" });
      new aws.rds.Instance("replica", { instanceClass: "db.t4g.micro", replicateSourceDb: db.identifier });
      new aws.ebs.Volume("scratch", { availabilityZone: "us-east-1a", tags: { backup: "none" } });
      new aws.ec2.Instance("host", { instanceType: "t3.micro" });
    });
    const tag = (name: string) =>
      (registered.resources.find((one) => one.name === name)?.inputs.tags as Record<string, string>).backup;
    assert.deepEqual([tag("db"), tag("replica"), tag("scratch"), tag("host")], ["daily", "none", "none", undefined]);
  });

  describe("settings", () => {
    const load = (backups: unknown, more: Record<string, unknown> = {}) =>
      validate(
        { project: "p", organization: "o", stack: "s" },
        { stage: "prod", owner: "trading", network: {}, data: { buckets: {} }, backups, ...more },
        "us-east-1",
      ).backups;

    it("lock the vault and test restores each week in a live stack", () => {
      const { lock, restoreTest, retentionDays } = load({}) ?? {};
      assert.deepEqual(lock, { mode: "governance", graceDays: 14 });
      assert.equal(restoreTest && restoreTest.everyDays, 7);
      assert.equal(retentionDays, 30);
    });
    it("promise document 001's figures by default", () => {
      assert.deepEqual(load({})?.targets.database, { rtoMinutes: 240, rpoMinutes: 15 });
    });
    it("are refused, all mistakes at once", () => {
      const wrong = {
        schedule: "daily",
        copyRegion: "us-east-1",
        coldStorageAfterDays: 1,
        targets: { services: { bot: { rtoMinutes: 5 } } },
      };
      assert.throws(
        () => load(wrong),
        (error: Error) => error.message.includes("backups.schedule: is not an AWS cron expression"),
      );
      assert.throws(
        () => load({ ...wrong, schedule: "cron(0 5 * * ? *)" }),
        (error: Error) =>
          error.message.includes("backups.copyRegion: is the stack's own Region") &&
          error.message.includes("backups.coldStorageAfterDays: leaves less than 90 days in cold storage") &&
          error.message.includes("backups.targets.services.bot: is no service of this stack"),
      );
    });
    it("refuse a table that is none, a Region that is none", () => {
      assert.throws(
        () => load({ copyRegion: "west", restoreTest: { tables: [{ table: "a b" }] } }),
        (error: Error) => error.message.includes("backups.copyRegion: is not a Region"),
      );
      assert.throws(() => load({ restoreTest: { tables: [{ table: "a b" }] } }), /backups\.restoreTest/);
    });
  });

  describe("blueprints", () => {
    const plan = (registered: Registered) => registered.one("aws:backup/plan:Plan", "backups-plan").inputs;
    const days = (registered: Registered) =>
      (plan(registered).rules as { lifecycle: { deleteAfter: number } }[])[0]?.lifecycle.deleteAfter;

    it("ai-platform: 30 days, copies in another Region, RTO below 4 hours, RPO below 15 minutes", async () => {
      const registered = await evaluateBlueprint("ai-platform");
      assert.equal(days(registered), 30);
      assert.equal(registered.one("aws:backup/vault:Vault", "backups-copy-vault").inputs.region, "us-west-2");
      assert.equal(alarm(registered, "backups-database-rto").threshold, 4 * 3600);
      assert.equal(alarm(registered, "backups-database-rpo").threshold, 15 * 60);
      const redis = registered.one("aws:elasticache/replicationGroup:ReplicationGroup").inputs;
      assert.equal(redis.snapshotRetentionLimit, 7, "ElastiCache: daily snapshots, 7 days");
      const cluster = registered.one("aws:backup/selection:Selection", "kubernetes-backup").inputs;
      assert.match(String((cluster.resources as string[])[0]), /:eks:.*cluster\//, "EKS: configuration backup");
    });

    it("betting-bot: the table of recovery targets", async () => {
      const registered = await evaluateBlueprint("betting-bot");
      const minutes = (ending: string) => Number(alarm(registered, `backups-${ending}`).threshold) / 60;
      assert.deepEqual([minutes("bot-rto"), minutes("ml-rto")], [5, 5]);
      assert.deepEqual([minutes("database-rto"), minutes("database-rpo")], [15, 5]);
      assert.deepEqual([minutes("models-rto"), minutes("models-rpo")], [30, 24 * 60]);
      assert.equal(days(registered), 30);
    });

    it("web-terminal: point-in-time recovery and backups for 30 days", async () => {
      const registered = await evaluateBlueprint("web-terminal");
      assert.equal(days(registered), 30);
      assert.equal(registered.one("aws:rds/instance:Instance", "-primary").inputs.backupRetentionPeriod, 30);
    });
  });
});
