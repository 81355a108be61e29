import assert from "node:assert/strict";
import { BackupClient, ListBackupJobsCommand, ListRestoreJobsCommand } from "@aws-sdk/client-backup";
import { CloudTrailClient } from "@aws-sdk/client-cloudtrail";
import { CloudWatchClient, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import {
  ConfigServiceClient,
  DescribeComplianceByConfigRuleCommand,
  DescribeConfigurationRecorderStatusCommand,
} from "@aws-sdk/client-config-service";
import { DescribeImagesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { GuardDutyClient } from "@aws-sdk/client-guardduty";
import { RDSClient } from "@aws-sdk/client-rds";
import { CreateBucketCommand, GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { PutParameterCommand } from "@aws-sdk/client-ssm";
import { CreateTopicCommand, SNSClient } from "@aws-sdk/client-sns";
import { mockClient } from "aws-sdk-client-mock";
import pg from "pg";
import { makeHandler as makeReaper } from "../../lambdas/ami-reaper/handler";
import { decide as decideCap } from "../../lambdas/backtest-cap/core";
import { makeHandler as makeReport } from "../../lambdas/compliance-report/handler";
import { decide as decidePublish } from "../../lambdas/image-publish/core";
import { makeHandler as makeArchiveCheck } from "../../lambdas/log-archive-check/handler";
import { dayBefore } from "../../lambdas/log-archive-check/core";
import { connectOverTls, readFacts, type Login } from "../../lambdas/restore-check/handler";
import { missingServers, startPostgres, type Postgres } from "../../services/market-data/test/support/servers.js";
import { Account } from "../promotion/support";
import { EmulatedAws } from "../support/emulated-aws";
import { hostile, untouched } from "../support/hostile";

describe("functions of operations take hostile input as data", () => {
  before(() => {
    Object.assign(process.env, {
      POWERTOOLS_LOG_LEVEL: "SILENT",
      POWERTOOLS_METRICS_DISABLED: "true",
      POWERTOOLS_METRICS_NAMESPACE: "Test",
    });
  });
  afterEach(untouched);

  describe("the compliance report", () => {
    const aws = new EmulatedAws();
    const backup = mockClient(BackupClient);
    const config = mockClient(ConfigServiceClient);
    let s3: S3Client;
    before(async () => {
      s3 = new S3Client({ ...aws.access, forcePathStyle: true });
      for (const Bucket of ["reports", "models"]) await s3.send(new CreateBucketCommand({ Bucket }));
      const { TopicArn = "" } = await new SNSClient(aws.access).send(new CreateTopicCommand({ Name: "info" }));
      Object.assign(process.env, {
        PROJECT: "trading-platform",
        ACCOUNT_ID: "123456789012",
        AWS_REGION: "us-east-1",
        BUCKET: "reports",
        CONTROLS: JSON.stringify({ recordRetentionDays: 2192, backupDays: 30 }),
        PERIOD_DAYS: "31",
        TOPIC_ARN: TopicArn,
        VAULT: "vault",
      });
    });
    after(() => {
      backup.restore();
      config.restore();
    });

    let runs = 0;
    /** A report whose every free text is one of these; as many as there are, in every list. */
    async function reportWith(texts: readonly string[]) {
      const [first = ""] = texts;
      Object.assign(process.env, {
        STACK: first.replaceAll("\n", " "),
        BUCKETS: JSON.stringify({ models: first }),
        LOG_GROUPS: JSON.stringify([first]),
      });
      const failed = texts.map((text) => ({ BackupJobId: text, State: "FAILED" as const, StatusMessage: text }));
      backup.on(ListBackupJobsCommand).resolves({ BackupJobs: failed });
      backup.on(ListRestoreJobsCommand).resolves({
        RestoreJobs: texts.map((text) => ({
          RestoreJobId: text,
          CreatedBy: { RestoreTestingPlanArn: "plan" },
          ValidationStatus: "FAILED",
          ValidationStatusMessage: text,
        })),
      });
      config.on(DescribeConfigurationRecorderStatusCommand).resolves({ ConfigurationRecordersStatus: [] });
      config
        .on(DescribeComplianceByConfigRuleCommand)
        .resolves({ ComplianceByConfigRules: texts.map((ConfigRuleName) => ({ ConfigRuleName })) });
      const now = new Date(Date.UTC(2026, 10, 1, 7, 0, runs++));
      const { key } = await makeReport({
        s3,
        rds: new RDSClient(aws.access),
        ec2: new EC2Client(aws.access),
        trail: new CloudTrailClient(aws.access),
        guardduty: new GuardDutyClient(aws.access),
        logs: new CloudWatchLogsClient(aws.access),
        sns: new SNSClient(aws.access),
        backup: new BackupClient(aws.access),
        config: new ConfigServiceClient(aws.access),
        now: () => now,
      })();
      const read = async (ending: string) =>
        (
          await s3.send(new GetObjectCommand({ Bucket: "reports", Key: `${key}.${ending}` }))
        ).Body?.transformToString() ?? "";
      return { html: await read("html"), json: await read("json") };
    }
    const tags = (html: string) => [...html.matchAll(/<[^>]*>/g)].map(([tag]) => tag);

    it("shows every text as text: the page has the tags of a harmless one, and the JSON the text itself", async () => {
      const worst = ["<script>alert(1)</script>", ...hostile];
      const plain = await reportWith(worst.map((_, index) => `harmless-${String(index).padStart(2, "0")}`));
      const bad = await reportWith(worst);
      assert.ok(tags(plain.html).length > 100);
      assert.deepEqual(tags(bad.html), tags(plain.html));
      for (const text of hostile) assert.ok(bad.json.includes(JSON.stringify(text).slice(1, -1)), text);
      assert.ok(bad.html.includes("&#60;script&#62;alert(1)&#60;/script&#62;"));
    });
  });

  describe("the check of the log archive", () => {
    const aws = new EmulatedAws();

    it("counts each group's events by its whole name, and names it as it is", async () => {
      const [cloudwatch, s3] = [
        new CloudWatchClient(aws.access),
        new S3Client({ ...aws.access, forcePathStyle: true }),
      ];
      await s3.send(new CreateBucketCommand({ Bucket: "archive" }));
      const now = new Date();
      const Timestamp = new Date(dayBefore(now).from.getTime() + 12 * 3_600_000);
      const put = (MetricName: string, Dimensions: { Name: string; Value: string }[], Value: number) =>
        cloudwatch.send(
          new PutMetricDataCommand({
            Namespace: "AWS/Logs",
            MetricData: [{ MetricName, Dimensions, Value, Timestamp }],
          }),
        );
      for (const [index, group] of hostile.entries()) {
        const ofGroup = { Name: "LogGroupName", Value: group };
        await put("IncomingLogEvents", [ofGroup], 1_000 + index);
        await put("ForwardedLogEvents", [ofGroup, { Name: "DestinationType", Value: "Firehose" }], 1);
      }
      Object.assign(process.env, {
        STACK: "test",
        GROUPS: JSON.stringify(hostile),
        STREAM: "archive",
        BUCKET: "archive",
        PREFIX: "logs/../",
      });
      const { findings } = await makeArchiveCheck({ cloudwatch, s3, now: () => now })();
      assert.deepEqual(
        findings,
        hostile.map((group, index) => `${group}: ${999 + index} of ${1_000 + index} events were not sent on`),
      );
    });
  });

  describe("the check of a restored copy, on a real database", () => {
    let server: Postgres;
    let login: Login;
    const client = async (sql: string) => {
      const connection = new pg.Client({
        host: login.host,
        port: login.port,
        user: login.user,
        database: login.database,
      });
      await connection.connect();
      const { rows } = await connection.query(sql);
      await connection.end();
      return rows as Record<string, unknown>[];
    };
    before(async () => {
      const missing = missingServers();
      if (missing) throw new Error(missing);
      server = await startPostgres();
      const at = { host: "127.0.0.1", port: server.port, user: "postgres", password: "'; drop" };
      login = { ...at, database: await server.database() };
    });
    after(() => server.remove());

    it("asks each table by its own name and column, and no name becomes SQL", async () => {
      const { escapeIdentifier } = pg;
      await client("create table canary (id int)");
      for (const [index, name] of hostile.entries()) {
        await client(`create table ${escapeIdentifier(name)} (${escapeIdentifier(name)} timestamptz)`);
        for (let row = 0; row <= index; row++)
          await client(`insert into ${escapeIdentifier(name)} values ('2026-11-20T00:00Z')`);
      }
      const checks = hostile.map((name) => ({ table: `public.${name}`, timeColumn: name, minimumRows: 1 }));
      const copiedAt = new Date("2026-11-20T05:00:00Z");
      const facts = await readFacts(connectOverTls(false), login, checks, copiedAt, 24);
      assert.deepEqual(
        checks.map(({ table }) => facts.checked[table]?.rows),
        hostile.map((_, index) => String(index + 1)),
      );
      assert.deepEqual([...facts.tables].sort(), ["public.canary", ...hostile.map((one) => `public.${one}`)].sort());
      assert.equal((await client("select to_regclass('canary')::text as name"))[0]?.name, "canary");
    });

    it("passes over tables that are not there, whatever they are called", async () => {
      const checks = [...hostile, "a.b.c", ".", ""].map((name) => ({ table: `none.${name}`, minimumRows: 0 }));
      const facts = await readFacts(connectOverTls(false), login, checks, new Date(), 24);
      assert.deepEqual(facts.checked, {});
    });
  });

  describe("the reaper of images", () => {
    const account = new Account();
    before(() => account.start());
    after(() => account.stop());

    it("keeps the newest of each kind whatever it is called, and what a pointer's text names", async () => {
      const kinds = hostile.filter((name) => !name.includes("\n"));
      for (const kind of kinds) await account.image({ "image-kind": kind });
      await account.image({ "image-kind": "__proto__" });
      const pointed = await account.image({ "image-kind": "constructor" });
      await account.ssm.send(
        new PutParameterCommand({
          Name: "/trading-platform/ami/dev/odd",
          Value: `"; rm -rf / $(${pointed.ami})\n<script>`,
          Type: "String",
        }),
      );
      Object.assign(process.env, {
        SCOPE: JSON.stringify({ project: "trading-platform", kindTag: "image-kind" }),
        RULES: JSON.stringify({ keepNewest: 1, minimumAgeDays: 0 }),
      });
      const { reaped, kept } = await makeReaper(account.ec2, account.ssm)();
      const { Images = [] } = await account.ec2.send(new DescribeImagesCommand({ Owners: ["self"] }));
      const left = Images.map(({ ImageId }) => ImageId);
      assert.ok(reaped.length > 0 && kept + reaped.length === kinds.length + 2);
      assert.ok(left.includes(pointed.ami));
      assert.ok(!reaped.some((ami) => left.includes(ami)));
      const kindsLeft = Images.map(({ Tags = [] }) => Tags.find(({ Key }) => Key === "image-kind")?.Value);
      assert.deepEqual(new Set(kindsLeft.filter((kind) => kind !== undefined)), new Set(kinds));
    });
  });

  it("the functions that events call leave an event alone that names no resource of theirs", () => {
    for (const name of hostile) {
      const record = { Sns: { TopicArn: name, Message: name } };
      assert.ok("ignore" in decideCap({ Records: [record], newMonth: name as never }, "arn:topic"));
      const built = { detail: { state: { status: "AVAILABLE" } } };
      for (const arn of [name, `arn:aws:imagebuilder:us-east-1:1:image/${name}/1.0.0/1`])
        assert.ok("ignore" in decidePublish({ ...built, resources: [arn] }, "gpu"), arn);
    }
  });

  it("a message that closes the queue of backtests is a reason and nothing else", () => {
    for (const Message of hostile) {
      const action = decideCap({ Records: [{ Sns: { TopicArn: "arn:topic", Message } }] }, "arn:topic");
      assert.deepEqual(action, { state: "DISABLED", why: Message.split("\n")[0] });
    }
  });
});
