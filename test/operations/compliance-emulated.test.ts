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
import { complianceNamespace, complianceService } from "../../components/operations/compliance-report";
import { makeHandler } from "../../lambdas/compliance-report/handler";
import { type Report } from "../../lambdas/compliance-report/render";
import { EmulatedAws } from "../support/emulated-aws";
import { publishedBy } from "../support/metrics";

const settings = { recordRetentionDays: 2192, backupDays: 30 };

describe("ComplianceReport", () => {
  describe("on an emulated AWS", () => {
    const backup = mockClient(BackupClient);
    const config = mockClient(ConfigServiceClient);
    const aws = new EmulatedAws();
    let s3: S3Client;
    let make: () => ReturnType<typeof makeHandler>;
    let ec2: EC2Client;
    before(async () => {
      const at = aws.access;
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
    after(() => {
      backup.restore();
      config.restore();
    });
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
});
