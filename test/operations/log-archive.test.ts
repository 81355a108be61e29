import assert from "node:assert/strict";
import { CloudWatchClient, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import {
  LogArchive,
  archiveNamespace,
  archiveService,
  checkStatements,
  collectLogGroups,
} from "../../components/operations/log-archive";
import { validate } from "../../config";
import { dayBefore, gapOf } from "../../lambdas/log-archive-check/core";
import { makeHandler } from "../../lambdas/log-archive-check/handler";
import { startEmulator, type Emulator } from "../../sandbox/emulator";
import { evaluateBlueprint } from "../support/blueprint";
import { allows } from "../support/iam";
import { publishedBy } from "../support/metrics";
import { register, testCloud } from "../support/program";

const build = () =>
  register(() => {
    const groups = collectLogGroups();
    const parent = new pulumi.ComponentResource("test:App", "app");
    new aws.cloudwatch.LogGroup("app-logs", { name: "/ecs/app" }, { parent });
    new aws.cloudwatch.LogGroup("edge-logs", { name: "/edge", region: "us-west-2" }, { parent });
    new LogArchive("log-archive", {
      cloud: testCloud,
      stack: "test",
      groups,
      retentionDays: 2557,
      archiveAfterDays: 90,
      gapPercent: 1,
      logRetentionDays: 90,
      alarmTopicArn: "arn:topic",
    });
  });
const streamType = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream";

describe("LogArchive", () => {
  it("sends every log group of the Region but its own, whole", async () => {
    const filters = (await build()).ofType("aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter");
    assert.deepEqual(
      filters.map(({ name, inputs }) => [name, inputs.filterPattern]),
      [["log-archive-app-logs", ""]],
    );
    assert.match(filters[0]?.propertyDependencies.destinationArn?.[0] ?? "", /log-archive-stream$/);
  });

  it("unpacks what CloudWatch packs, puts each batch on a line, and files it by day, compressed", async () => {
    const { inputs } = (await build()).one(streamType);
    const s3 = inputs.extendedS3Configuration as Record<string, unknown> & {
      processingConfiguration: { processors: { type: string }[] };
    };
    assert.equal(s3.prefix, "logs/day=!{timestamp:yyyy-MM-dd}/");
    assert.match(String(s3.errorOutputPrefix), /^failed\/!\{firehose:error-output-type\}\//);
    assert.deepEqual(
      s3.processingConfiguration.processors.map(({ type }) => type),
      ["Decompression", "AppendDelimiterToRecord"],
    );
    assert.equal(s3.compressionFormat, "GZIP");
    assert.equal((inputs.serverSideEncryption as { keyType: string }).keyType, "CUSTOMER_MANAGED_CMK");
  });

  it("keeps logs for years in a closed bucket, cold after 90 days", async () => {
    const registered = await build();
    const lifecycle = registered.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs;
    const [rule] = lifecycle.rules as { transitions: unknown; expiration: unknown }[];
    assert.deepEqual(rule?.transitions, [{ days: 90, storageClass: "GLACIER_IR" }]);
    assert.deepEqual(rule.expiration, { days: 2557 });
    assert.equal(registered.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs.blockPublicAcls, true);
  });

  it("is a table by day that nobody has to crawl, queried within limits and encrypted", async () => {
    const registered = await build();
    const table = registered.one("aws:glue/catalogTable:CatalogTable").inputs;
    const parameters = table.parameters as Record<string, string>;
    assert.equal(parameters["projection.enabled"], "true");
    assert.match(parameters["storage.location.template"] ?? "", /^s3:\/\/[\w-]+\/logs\/day=\$\{day\}\/$/);
    assert.deepEqual(table.partitionKeys, [{ name: "day", type: "string" }]);
    const { configuration } = registered.one("aws:athena/workgroup:Workgroup").inputs as {
      configuration: Record<string, unknown> & { resultConfiguration: Record<string, unknown> };
    };
    assert.equal(configuration.enforceWorkgroupConfiguration, true);
    assert.equal(configuration.bytesScannedCutoffPerQuery, 100 * 2 ** 30);
    assert.equal(
      (configuration.resultConfiguration.encryptionConfiguration as { encryptionOption: string }).encryptionOption,
      "SSE_KMS",
    );
  });

  it("lets the check list the archive and read nothing in it", () => {
    const statements = checkStatements("arn:aws:s3:::archive");
    assert.ok(allows(statements, { action: "s3:ListBucket", resource: "arn:aws:s3:::archive" }));
    assert.ok(!allows(statements, { action: "s3:GetObject", resource: "arn:aws:s3:::archive/logs/x" }));
  });

  describe("the gap", () => {
    const whole = { records: 10, delivered: 10, objects: 3 };
    it("is none where all that came in went on", () => {
      const groups = [{ group: "/a", ingested: 10_000, forwarded: 10_000 }];
      assert.deepEqual(gapOf(groups, whole), { percent: 0, findings: [] });
      assert.deepEqual(
        gapOf([], { records: 0, delivered: 0, objects: 0 }),
        { percent: 0, findings: [] },
        "a quiet day",
      );
    });
    it("counts events that were not sent on, and names the group", () => {
      const groups = [
        { group: "/a", ingested: 9_000, forwarded: 9_000 },
        { group: "/b", ingested: 1_000, forwarded: 500 },
      ];
      assert.deepEqual(gapOf(groups, whole), {
        percent: 5,
        findings: ["/b: 500 of 1000 events were not sent on"],
      });
    });
    it("is not made smaller by a group that another stream's events were counted for", () => {
      const groups = [
        { group: "/a", ingested: 1_000, forwarded: 2_000 },
        { group: "/b", ingested: 1_000, forwarded: 0 },
      ];
      assert.equal(gapOf(groups, whole).percent, 50);
    });
    it("counts batches that did not reach S3", () => {
      const groups = [{ group: "/a", ingested: 10_000, forwarded: 10_000 }];
      assert.deepEqual(gapOf(groups, { records: 10, delivered: 9, objects: 3 }), {
        percent: 10,
        findings: ["1 of 10 batches are not in S3"],
      });
    });
    it("is everything where the archive holds no object of the day", () => {
      const groups = [{ group: "/a", ingested: 10_000, forwarded: 10_000 }];
      const gap = gapOf(groups, { records: 10, delivered: 10, objects: 0 });
      assert.deepEqual(gap, { percent: 100, findings: ["the archive has no object of the day"] });
    });
    it("is looked for in the day before, in UTC", () => {
      const { from, to, name } = dayBefore(new Date("2026-03-01T06:00:00Z"));
      assert.deepEqual(
        [from.toISOString(), to.toISOString(), name],
        ["2026-02-28T00:00:00.000Z", "2026-03-01T00:00:00.000Z", "2026-02-28"],
      );
    });
  });

  describe("the check on an emulated AWS", () => {
    let emulator: Emulator;
    let cloudwatch: CloudWatchClient;
    let s3: S3Client;
    const now = new Date();
    const noon = new Date(dayBefore(now).from.getTime() + 12 * 3_600_000);
    before(async () => {
      Object.assign(process.env, {
        POWERTOOLS_LOG_LEVEL: "SILENT",
        STACK: "test",
        GROUPS: JSON.stringify(["/ecs/app", "/ecs/quiet", "/ecs/whole"]),
        STREAM: "archive",
        BUCKET: "archive",
        PREFIX: "logs/",
      });
      emulator = await startEmulator({ honourEndpoint: false });
      const settings = {
        endpoint: emulator.endpoint,
        region: "us-east-1",
        credentials: { accessKeyId: "test", secretAccessKey: "test" },
      };
      cloudwatch = new CloudWatchClient(settings);
      s3 = new S3Client({ ...settings, forcePathStyle: true });
      await s3.send(new CreateBucketCommand({ Bucket: "archive" }));
      const put = (Namespace: string, MetricName: string, dimensions: Record<string, string>, Value: number) =>
        cloudwatch.send(
          new PutMetricDataCommand({
            Namespace,
            MetricData: [
              {
                MetricName,
                Dimensions: Object.entries(dimensions).map(([Name, value]) => ({ Name, Value: value })),
                Value,
                Timestamp: noon,
              },
            ],
          }),
        );
      await put("AWS/Logs", "IncomingLogEvents", { LogGroupName: "/ecs/app" }, 2_000);
      await put("AWS/Logs", "ForwardedLogEvents", { LogGroupName: "/ecs/app", DestinationType: "Firehose" }, 1_500);
      // Counted by group alone, and by both: what another destination was sent is not counted twice.
      await put("AWS/Logs", "IncomingLogEvents", { LogGroupName: "/ecs/whole" }, 2_000);
      await put("AWS/Logs", "ForwardedLogEvents", { LogGroupName: "/ecs/whole" }, 2_000);
      await put("AWS/Logs", "ForwardedLogEvents", { LogGroupName: "/ecs/app" }, 3_500);
      await put("AWS/Firehose", "IncomingRecords", { DeliveryStreamName: "archive" }, 20);
      await put("AWS/Firehose", "DeliveryToS3.Records", { DeliveryStreamName: "archive" }, 20);
    });
    after(() => emulator.stop());
    const run = async () => {
      let gap: unknown;
      const { metrics } = await publishedBy(archiveService, archiveNamespace, async () => {
        gap = await makeHandler({ cloudwatch, s3, now: () => now })();
      });
      return { gap, metrics };
    };

    it("finds an archive without the day, then the part that is missing, and publishes it as the alarm looks for it", async () => {
      assert.deepEqual((await run()).gap, {
        percent: 100,
        findings: ["/ecs/app: 500 of 2000 events were not sent on", "the archive has no object of the day"],
      });
      const Key = `logs/day=${dayBefore(now).name}/part-1.gz`;
      await s3.send(new PutObjectCommand({ Bucket: "archive", Key, Body: "x" }));
      const { gap, metrics } = await run();
      assert.deepEqual(gap, { percent: 12.5, findings: ["/ecs/app: 500 of 2000 events were not sent on"] });
      const alarm = (await build()).one("aws:cloudwatch/metricAlarm:MetricAlarm", "-gap").inputs;
      assert.deepEqual([alarm.period, alarm.evaluationPeriods], [86_400, 1], "on until the next day's figure");
      assert.deepEqual(metrics, [
        {
          namespace: alarm.namespace,
          name: alarm.metricName,
          dimensions: alarm.dimensions,
          value: 12.5,
        },
      ]);
    });
  });

  it("refuses to move logs after they are gone", () => {
    const raw = { stage: "dev", owner: "o", logArchive: { retentionDays: 30, archiveAfterDays: 90 } };
    assert.throws(
      () => validate({ project: "p", organization: "o", stack: "s" }, raw, "us-east-1"),
      /logArchive\.archiveAfterDays: comes after the logs are gone\n\s+value: +90\n\s+allowed: less than logArchive\.retentionDays \(30\)/,
    );
  });

  it("betting-bot: 90 days in CloudWatch, then the archive", async () => {
    const registered = await evaluateBlueprint("betting-bot");
    for (const group of ["/ecs/clever-better-bot", "/ecs/clever-better-ml", "/rds/clever-better"]) {
      const made = registered.ofType("aws:cloudwatch/logGroup:LogGroup").find(({ inputs }) => inputs.name === group);
      assert.equal(made?.inputs.retentionInDays, 90, group);
      const filters = registered.ofType("aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter");
      assert.equal(filters.filter(({ inputs }) => inputs.logGroup === group).length, 1, group);
    }
  });
});
