import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { BackupClient, ListBackupJobsCommand, ListRestoreJobsCommand } from "@aws-sdk/client-backup";
import { CloudTrailClient, CreateTrailCommand, StartLoggingCommand } from "@aws-sdk/client-cloudtrail";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  PutRetentionPolicyCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  ConfigServiceClient,
  DescribeComplianceByConfigRuleCommand,
  DescribeConfigurationRecorderStatusCommand,
} from "@aws-sdk/client-config-service";
import { CreateVolumeCommand, CreateVpcCommand, EC2Client, RunInstancesCommand } from "@aws-sdk/client-ec2";
import { CreateDetectorCommand, GuardDutyClient } from "@aws-sdk/client-guardduty";
import { CreateDBInstanceCommand, RDSClient } from "@aws-sdk/client-rds";
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketEncryptionCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { CreateTopicCommand, SNSClient } from "@aws-sdk/client-sns";
import { mockClient } from "aws-sdk-client-mock";
import {
  checkCompliance,
  complianceNamespace,
  complianceService,
  reportStatements,
} from "../../components/operations/compliance-report";
import { validate } from "../../config";
import { controls, judgeAll, type Status } from "../../lambdas/compliance-report/controls";
import type { Evidence, Source } from "../../lambdas/compliance-report/evidence";
import { makeHandler } from "../../lambdas/compliance-report/handler";
import { renderHtml, sentence, summarize, type Report } from "../../lambdas/compliance-report/render";
import { startEmulator, type Emulator } from "../../sandbox/emulator";
import { evaluateBlueprint } from "../support/blueprint";
import { allows } from "../support/iam";
import { publishedBy } from "../support/metrics";
import { testCloud } from "../support/program";

const settings = { recordRetentionDays: 2192, backupDays: 30 };
const good: Evidence = {
  trails: [{ name: "trail", multiRegion: true, logging: true, validated: true, encrypted: true }],
  config: { recording: true, brokenRules: [] },
  detectors: [{ id: "d", enabled: true }],
  backup: { completed: 30, failed: [], restoreTestsPassed: 4, restoreTestsFailed: [] },
  databases: [{ id: "db", encrypted: true, isPublic: false, backupDays: 30, isReplica: false }],
  volumes: [{ id: "vol", encrypted: true }],
  encryptionByDefault: true,
  instances: [{ id: "i", imdsV2: true }],
  networks: [{ id: "vpc", hasFlowLog: true }],
  buckets: [
    {
      name: "records",
      purpose: "compliance",
      encrypted: true,
      closed: true,
      versioned: true,
      lock: { mode: "COMPLIANCE", days: 2192 },
    },
  ],
  logGroups: [{ name: "/ecs/bot", retentionDays: 90 }],
};
const judged = (changes: Partial<Evidence> = {}) =>
  new Map(
    judgeAll({ evidence: { ...good, ...changes }, unavailable: {} }, settings).map((verdict) => [verdict.id, verdict]),
  );

describe("ComplianceReport", () => {
  describe("controls", () => {
    it("are all met by a stack as it should be", () => {
      for (const { id, status, findings } of judged().values()) assert.deepEqual([status, findings], ["met", []], id);
    });

    const [database] = good.databases;
    const [bucket] = good.buckets;
    const [trail] = good.trails;
    assert.ok(database && bucket && trail);
    const broken: readonly [string, Partial<Evidence>, string][] = [
      [
        "audit-trail",
        { trails: [{ ...trail, logging: false }] },
        "no trail of all Regions records and validates its files",
      ],
      ["audit-trail", { trails: [] }, "no trail of all Regions records and validates its files"],
      ["audit-trail-encrypted", { trails: [{ ...trail, encrypted: false }] }, "trail has no customer key"],
      ["configuration-recorded", { config: { recording: false, brokenRules: [] } }, "no recorder is running"],
      ["configuration-recorded", { config: { recording: true, brokenRules: ["r"] } }, "rule r is not met"],
      ["threats-detected", { detectors: [{ id: "d", enabled: false }] }, "GuardDuty has no detector that is on"],
      ["network-logged", { networks: [{ id: "vpc-1", hasFlowLog: false }] }, "vpc-1 has no flow log"],
      ["backups-made", { backup: { ...good.backup, completed: 0 } }, "no backup was completed"],
      ["backups-made", { backup: { ...good.backup, failed: ["j FAILED: full"] } }, "backup j FAILED: full"],
      ["backups-proven", { backup: { ...good.backup, restoreTestsPassed: 0 } }, "no restore test passed"],
      ["database-backups-kept", { databases: [{ ...database, backupDays: 7 }] }, "db keeps 7 days, 30 are asked for"],
      ["databases-encrypted", { databases: [{ ...database, encrypted: false }] }, "db is not encrypted"],
      ["databases-private", { databases: [{ ...database, isPublic: true }] }, "db is public"],
      ["volumes-encrypted", { encryptionByDefault: false }, "encryption by default is off in this Region"],
      ["volumes-encrypted", { volumes: [{ id: "v", encrypted: false }] }, "v is not encrypted"],
      ["instances-private", { instances: [{ id: "i", publicIp: "203.0.113.9", imdsV2: true }] }, "i has 203.0.113.9"],
      ["instances-imdsv2", { instances: [{ id: "i", imdsV2: false }] }, "i answers IMDSv1"],
      ["buckets-closed", { buckets: [{ ...bucket, closed: false }] }, "records may become public"],
      [
        "buckets-encrypted",
        { buckets: [{ ...bucket, encrypted: false, versioned: false }] },
        "records is not encrypted and keeps no versions",
      ],
      ["records-locked", { buckets: [{ ...bucket, lock: undefined }] }, "records is not locked"],
      [
        "records-locked",
        { buckets: [{ ...bucket, lock: { mode: "GOVERNANCE", days: 9999 } }] },
        "records is locked as GOVERNANCE, which a right can lift",
      ],
      [
        "records-locked",
        { buckets: [{ ...bucket, lock: { mode: "COMPLIANCE", days: 365 } }] },
        "records is locked for 365 days, 2192 are asked for",
      ],
      ["logs-kept", { logGroups: [{ name: "/x" }] }, "/x is kept for ever"],
    ];
    for (const [id, changes, finding] of broken) {
      it(`${id}: ${finding}`, () => {
        const all = judged(changes);
        assert.deepEqual([all.get(id)?.status, all.get(id)?.findings], ["not met", [finding]]);
      });
    }

    it("each have a case that breaks them", () => {
      assert.deepEqual([...new Set(broken.map(([id]) => id))].sort(), controls.map(({ id }) => id).sort());
    });
    it("do not apply where there is nothing of the kind; a replica has no backups of its own", () => {
      const none = judged({ databases: [], instances: [], buckets: [{ ...bucket, purpose: "logs" }] });
      const status = (id: string): Status | undefined => none.get(id)?.status;
      assert.deepEqual(
        ["databases-encrypted", "instances-private", "records-locked"].map(status),
        Array(3).fill("does not apply"),
      );
      const replica = judged({ databases: [{ ...database, isReplica: true, backupDays: 0 }] });
      assert.equal(replica.get("database-backups-kept")?.status, "does not apply");
    });
    it("are unknown, never met, where evidence could not be had", () => {
      const unavailable: Partial<Record<Source, string>> = { trails: "it could not be asked: denied" };
      const verdicts = judgeAll({ evidence: { ...good, trails: undefined }, unavailable }, settings);
      const verdict = verdicts.find(({ id }) => id === "audit-trail");
      assert.deepEqual([verdict?.status, verdict?.findings], ["unknown", ["it could not be asked: denied"]]);
    });
    it("name who asks for them", () => {
      for (const { id, references } of controls) assert.ok(references.length > 0, id);
      const frameworks = controls.flatMap(({ references }) => references).join("\n");
      for (const name of ["CIS AWS Foundations", "AWS FSBP", "SEC 17a-4", "Document 001", "Document 004"])
        assert.ok(frameworks.includes(name), name);
    });
  });

  describe("page", () => {
    const verdicts = [...judged({ volumes: [{ id: "<script>", encrypted: false }] }).values()];
    const report: Report = {
      schemaVersion: 1,
      project: "p",
      stack: "prod",
      accountId: "123456789012",
      region: "us-east-1",
      at: "2026-11-01T07:00:00.000Z",
      periodDays: 31,
      summary: summarize(verdicts),
      verdicts,
      evidence: {},
    };
    it("shows every control, escapes what it quotes, and names the JSON by its hash", () => {
      const html = renderHtml(report, "abc123");
      assert.equal(html.match(/<tr class=/g)?.length, controls.length);
      assert.ok(!html.includes("<script>"));
      assert.ok(html.includes("&#60;script&#62; is not encrypted"));
      assert.ok(html.includes("<code>abc123</code>"));
    });
    it("is summed up in a sentence that names what is broken", () => {
      assert.equal(
        sentence(report),
        `prod: ${controls.length - 1} met, 1 not met, 0 unknown, 0 without application (volumes-encrypted)`,
      );
    });
  });

  describe("on an emulated AWS", () => {
    const backup = mockClient(BackupClient);
    const config = mockClient(ConfigServiceClient);
    let emulator: Emulator;
    let s3: S3Client;
    let make: () => ReturnType<typeof makeHandler>;
    let ec2: EC2Client;
    before(async () => {
      emulator = await startEmulator({ honourEndpoint: false });
      const at = {
        endpoint: emulator.endpoint,
        region: "us-east-1",
        credentials: { accessKeyId: "test", secretAccessKey: "test" },
      };
      s3 = new S3Client({ ...at, forcePathStyle: true });
      ec2 = new EC2Client(at);
      const [rds, trail, guardduty] = [new RDSClient(at), new CloudTrailClient(at), new GuardDutyClient(at)];
      const [logs, sns] = [new CloudWatchLogsClient(at), new SNSClient(at)];
      await s3.send(new CreateBucketCommand({ Bucket: "reports", ObjectLockEnabledForBucket: true }));
      const rule = { DefaultRetention: { Mode: "GOVERNANCE" as const, Days: 365 } };
      await s3.send(
        new PutObjectLockConfigurationCommand({
          Bucket: "reports",
          ObjectLockConfiguration: { ObjectLockEnabled: "Enabled", Rule: rule },
        }),
      );
      for (const Bucket of ["models", "open"]) await s3.send(new CreateBucketCommand({ Bucket }));
      await s3.send(
        new PutBucketVersioningCommand({ Bucket: "models", VersioningConfiguration: { Status: "Enabled" } }),
      );
      await s3.send(
        new PutBucketEncryptionCommand({
          Bucket: "models",
          ServerSideEncryptionConfiguration: {
            Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" } }],
          },
        }),
      );
      const closed = {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      };
      await s3.send(new PutPublicAccessBlockCommand({ Bucket: "models", PublicAccessBlockConfiguration: closed }));
      const tags = [
        { Key: "project", Value: "trading-platform" },
        { Key: "stack", Value: "test" },
      ];
      const db = {
        DBInstanceClass: "db.t4g.micro",
        Engine: "postgres",
        AllocatedStorage: 20,
        MasterUsername: "postgres",
        MasterUserPassword: "12345678",
      };
      await rds.send(
        new CreateDBInstanceCommand({
          ...db,
          DBInstanceIdentifier: "app",
          StorageEncrypted: true,
          BackupRetentionPeriod: 30,
          PubliclyAccessible: false,
          Tags: tags,
        }),
      );
      await rds.send(new CreateDBInstanceCommand({ ...db, DBInstanceIdentifier: "somebody-elses" }));
      const tagged = (ResourceType: "volume" | "vpc" | "instance") => [{ ResourceType, Tags: tags }];
      await ec2.send(
        new CreateVolumeCommand({
          AvailabilityZone: "us-east-1a",
          Size: 1,
          Encrypted: false,
          TagSpecifications: tagged("volume"),
        }),
      );
      await ec2.send(new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size: 1, Encrypted: false }));
      await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", TagSpecifications: tagged("vpc") }));
      await ec2.send(
        new RunInstancesCommand({
          ImageId: "ami-0123456789abcdef0",
          InstanceType: "t3.micro",
          MinCount: 1,
          MaxCount: 1,
          MetadataOptions: { HttpTokens: "required" },
          TagSpecifications: tagged("instance"),
        }),
      );
      await guardduty.send(new CreateDetectorCommand({ Enable: true }));
      await s3.send(new CreateBucketCommand({ Bucket: "trail-files" }));
      await trail.send(
        new CreateTrailCommand({
          Name: "trail",
          S3BucketName: "trail-files",
          IsMultiRegionTrail: true,
          EnableLogFileValidation: true,
        }),
      );
      await trail.send(new StartLoggingCommand({ Name: "trail" }));
      await logs.send(new CreateLogGroupCommand({ logGroupName: "/ecs/bot" }));
      await logs.send(new PutRetentionPolicyCommand({ logGroupName: "/ecs/bot", retentionInDays: 90 }));
      const { TopicArn = "" } = await sns.send(new CreateTopicCommand({ Name: "info" }));
      Object.assign(process.env, {
        POWERTOOLS_LOG_LEVEL: "SILENT",
        PROJECT: "trading-platform",
        STACK: "test",
        ACCOUNT_ID: "123456789012",
        AWS_REGION: "us-east-1",
        BUCKET: "reports",
        BUCKETS: JSON.stringify({ models: "modelArtifacts", open: "marketData" }),
        LOG_GROUPS: JSON.stringify(["/ecs/bot"]),
        CONTROLS: JSON.stringify(settings),
        PERIOD_DAYS: "31",
        TOPIC_ARN: TopicArn,
        VAULT: "vault",
      });
      make = () =>
        makeHandler({
          rds,
          ec2,
          s3,
          trail,
          guardduty,
          logs,
          sns,
          backup: new BackupClient(at),
          config: new ConfigServiceClient(at),
          now: () => new Date("2026-11-01T07:00:00Z"),
        });
    });
    after(() => emulator.stop());
    beforeEach(() => {
      backup.reset();
      config.reset();
      backup.on(ListBackupJobsCommand).resolves({ BackupJobs: [{ State: "COMPLETED" }] });
      backup.on(ListRestoreJobsCommand).resolves({
        RestoreJobs: [
          { CreatedBy: { RestoreTestingPlanArn: "plan" }, ValidationStatus: "SUCCESSFUL" },
          { RestoreJobId: "by-hand", Status: "FAILED" },
        ],
      });
      config
        .on(DescribeConfigurationRecorderStatusCommand)
        .resolves({ ConfigurationRecordersStatus: [{ recording: true }] });
      config.on(DescribeComplianceByConfigRuleCommand).resolves({ ComplianceByConfigRules: [] });
    });

    async function run() {
      let result: Awaited<ReturnType<ReturnType<typeof makeHandler>>> | undefined;
      const { metrics, error } = await publishedBy(complianceService, complianceNamespace, async () => {
        result = await make()();
      });
      if (error) throw error;
      assert.ok(result);
      const read = async (ending: string) =>
        (
          await s3.send(new GetObjectCommand({ Bucket: "reports", Key: `${result?.key ?? ""}.${ending}` }))
        ).Body?.transformToString() ?? "";
      const json = await read("json");
      return { result, metrics, json, html: await read("html"), report: JSON.parse(json) as Report };
    }
    const findings = (report: Report, id: string) => report.verdicts.find((one) => one.id === id);

    it("files JSON and HTML by date, locked as the bucket locks, and tells their hash", async () => {
      const { result, json, html, report } = await run();
      assert.equal(result.key, "reports/2026/11/01/070000");
      const hash = createHash("sha256").update(json).digest("hex");
      assert.equal(result.sha256, hash);
      assert.ok(html.includes(hash));
      assert.deepEqual([report.stack, report.at, report.schemaVersion], ["test", "2026-11-01T07:00:00.000Z", 1]);
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: "reports" }));
      assert.deepEqual(Contents.map(({ Key }) => Key).sort(), [`${result.key}.html`, `${result.key}.json`]);
    });

    it("finds what is wrong with this stack's own resources, and nobody else's", async () => {
      const { report, metrics } = await run();
      assert.equal(findings(report, "audit-trail")?.status, "met");
      assert.deepEqual(findings(report, "audit-trail-encrypted")?.findings, ["trail has no customer key"]);
      assert.equal(findings(report, "threats-detected")?.status, "met");
      assert.equal(findings(report, "databases-encrypted")?.status, "met", "another's is not encrypted");
      assert.equal(findings(report, "database-backups-kept")?.status, "met");
      assert.equal(findings(report, "instances-imdsv2")?.status, "met");
      assert.equal(findings(report, "network-logged")?.findings.length, 1);
      assert.equal(findings(report, "volumes-encrypted")?.findings.length, 2, "the default, and one volume of two");
      assert.deepEqual(findings(report, "buckets-closed")?.findings, ["open may become public"]);
      assert.match(findings(report, "buckets-encrypted")?.findings.join() ?? "", /^open .*keeps no versions$/);
      assert.equal(findings(report, "records-locked")?.status, "does not apply");
      assert.equal(findings(report, "backups-proven")?.status, "met", "a restore by hand is no test");
      assert.equal(findings(report, "logs-kept")?.status, "met");
      assert.deepEqual(metrics, [
        {
          namespace: complianceNamespace,
          name: "ControlsNotMet",
          dimensions: { service: complianceService, stack: "test" },
          value: report.summary["not met"] + report.summary.unknown,
        },
      ]);
    });

    it("files a report where a service cannot be asked, and says so", async () => {
      config.on(DescribeConfigurationRecorderStatusCommand).rejects(new Error("not allowed"));
      const { report } = await run();
      const verdict = findings(report, "configuration-recorded");
      assert.deepEqual([verdict?.status, verdict?.findings], ["unknown", ["it could not be asked: not allowed"]]);
      assert.equal(findings(report, "audit-trail")?.status, "met");
    });
  });

  it("may look, file and tell, and change nothing that it looks at", () => {
    const arn = "arn:aws:s3:::records";
    const statements = reportStatements(testCloud, {
      bucketArns: [arn],
      reportBucketArn: "arn:aws:s3:::reports",
      topicArn: "arn:topic",
      topicKeyArn: "arn:key",
    });
    const may = (action: string, resource: string) => allows(statements, { action, resource });
    assert.ok(may("s3:PutObject", "arn:aws:s3:::reports/reports/2026/x.json"));
    assert.ok(may("s3:GetBucketObjectLockConfiguration", arn));
    for (const action of ["s3:GetObject", "s3:PutObject", "s3:PutBucketPolicy"])
      assert.ok(!may(action, `${arn}/x`), action);
    assert.ok(!may("s3:DeleteObject", "arn:aws:s3:::reports/reports/x"));
    assert.ok(!may("sns:Publish", "arn:other"));
  });

  describe("settings", () => {
    const load = (compliance: unknown, stage: string) =>
      validate(
        { project: "p", organization: "o", stack: "s" },
        { stage, owner: "o", monitoring: { emails: { critical: ["a@example.com"] } }, compliance },
        "us-east-1",
      ).compliance;
    it("lock a live stack's reports for six years, and let retention be chosen", () => {
      assert.deepEqual([load({}, "prod")?.lockMode, load({}, "prod")?.retentionDays], ["COMPLIANCE", 2192]);
      assert.equal(load({ retentionDays: 4000 }, "prod")?.retentionDays, 4000);
      assert.equal(load({}, "dev")?.lockMode, "none");
    });
    it("are refused where they contradict each other or the rule, both at once", () => {
      const wrong = { periodDays: 90, retentionDays: 30, recordRetentionDays: 365 };
      assert.deepEqual(
        checkCompliance(wrong, "prod").map(({ path }) => path),
        ["retentionDays", "recordRetentionDays"],
      );
      assert.throws(
        () => load(wrong, "prod"),
        (error: Error) =>
          error.message.includes("compliance.retentionDays: loses a report before the next one covers its time") &&
          error.message.includes("compliance.recordRetentionDays: is shorter than SEC 17a-4 asks for"),
      );
      assert.ok(load({ recordRetentionDays: 365 }, "dev"));
    });
  });

  it("ai-platform: a report on every bucket and log group, locked for years, told by SNS", async () => {
    const registered = await evaluateBlueprint("ai-platform");
    const { environment } = registered.one("aws:lambda/function:Function", "evidence-report-function").inputs as {
      environment: { variables: Record<string, string> };
    };
    const { BUCKETS = "", LOG_GROUPS = "", TOPIC_ARN = "", VAULT = "" } = environment.variables;
    const purposes = Object.values(JSON.parse(BUCKETS) as Record<string, string>);
    assert.ok(purposes.includes("compliance"));
    assert.ok((JSON.parse(LOG_GROUPS) as string[]).length > 5);
    assert.match(TOPIC_ARN, /info/);
    assert.match(VAULT, /backups-vault/);
    const lock = registered.one(
      "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
      "evidence-reports-lock",
    );
    assert.deepEqual(lock.inputs.rule, { defaultRetention: { mode: "COMPLIANCE", days: 2192 } });
    assert.ok(Object.values(environment.variables).join("").length < 4000, "Lambda takes 4 KB of environment");
  });
});
