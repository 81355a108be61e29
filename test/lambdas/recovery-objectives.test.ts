import assert from "node:assert/strict";
import { BackupClient, ListRestoreJobsCommand, type RestoreJobsListMember } from "@aws-sdk/client-backup";
import { CloudWatchClient, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { CreateDBInstanceCommand, RDSClient } from "@aws-sdk/client-rds";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { mockClient } from "aws-sdk-client-mock";
import { recoveryDimensions, recoveryNamespace, recoveryService } from "../../components/operations/backups";
import { longestOutageSeconds, type Measured, type Objective } from "../../lambdas/recovery-objectives/core";
import { makeHandler } from "../../lambdas/recovery-objectives/handler";
import { startEmulator, type Emulator } from "../../sandbox/emulator";
import { publishedBy, type PublishedMetric } from "../support/metrics";

const minute = (count: number) => new Date(Date.UTC(2026, 10, 20, 12, count));

describe("recovery objectives", () => {
  it("count an outage from its first minute to its last, and the longest of several", () => {
    const series = [1, 0, 0, 1, 0, 0, 0, 1].map((running, index) => ({ time: minute(index), running }));
    assert.equal(longestOutageSeconds(series, 1), 180);
    assert.equal(longestOutageSeconds(series, 2), 480, "never enough");
    assert.equal(longestOutageSeconds([], 1), 0);
    assert.equal(longestOutageSeconds([{ time: minute(0), running: 1 }], 1), 0);
  });

  describe("on an emulated AWS", () => {
    const jobs = mockClient(BackupClient);
    after(() => {
      jobs.restore(); // or every later test of this process gets the mock
    });
    let emulator: Emulator;
    let rds: RDSClient;
    let cloudwatch: (region?: string) => CloudWatchClient;
    let s3: S3Client;
    let printed: PublishedMetric[] = [];

    before(async () => {
      Object.assign(process.env, {
        POWERTOOLS_LOG_LEVEL: "SILENT",
        STACK: "test",
      });
      emulator = await startEmulator({ honourEndpoint: false });
      const settings = {
        endpoint: emulator.endpoint,
        region: "us-east-1",
        credentials: { accessKeyId: "test", secretAccessKey: "test" },
      };
      rds = new RDSClient(settings);
      cloudwatch = (region = "us-east-1") => new CloudWatchClient({ ...settings, region });
      s3 = new S3Client({ ...settings, forcePathStyle: true });
      await s3.send(new CreateBucketCommand({ Bucket: "models-replica" }));
      await rds.send(
        new CreateDBInstanceCommand({
          DBInstanceIdentifier: "app",
          DBInstanceClass: "db.t4g.micro",
          Engine: "postgres",
          AllocatedStorage: 20,
          MasterUsername: "postgres",
          MasterUserPassword: "12345678",
        }),
      );
    });
    after(() => emulator.stop());
    beforeEach(() => {
      jobs.reset();
      jobs.on(ListRestoreJobsCommand).resolves({ RestoreJobs: [] });
      printed = [];
      delete process.env.PLAN_ARN;
    });

    async function measure(objectives: readonly Objective[], now = new Date()) {
      process.env.OBJECTIVES = JSON.stringify(objectives);
      let measured: Measured[] = [];
      const backup = new BackupClient({ region: "us-east-1" });
      const { metrics, error } = await publishedBy(recoveryService, recoveryNamespace, async () => {
        measured = await makeHandler({ rds, cloudwatch, backup, s3: () => s3, now: () => now })();
      });
      printed = metrics;
      if (error) throw error;
      return measured;
    }
    /** Published values by component and metric, under the dimensions that the alarms look for. */
    function published(): Record<string, number> {
      return Object.fromEntries(
        printed.map(({ namespace, name, dimensions, value }) => {
          assert.equal(namespace, recoveryNamespace);
          assert.deepEqual(dimensions, recoveryDimensions("test", String(dimensions.Component)));
          return [`${dimensions.Component} ${name}`, value];
        }),
      );
    }
    const put = (
      Namespace: string,
      MetricName: string,
      dimensions: Record<string, string>,
      Value: number,
      ago = 60,
      region?: string,
    ) =>
      cloudwatch(region).send(
        new PutMetricDataCommand({
          Namespace,
          MetricData: [
            {
              MetricName,
              Dimensions: Object.entries(dimensions).map(([Name, value]) => ({ Name, Value: value })),
              Value,
              Timestamp: new Date(Date.now() - ago * 1000),
            },
          ],
        }),
      );

    it("measure a database by the newest moment that it can be restored to", async () => {
      const now = new Date(Date.now() + 600_000);
      const [measured] = await measure([{ component: "database", kind: "rds", target: "app" }], now);
      const seconds = measured?.recoveryPointSeconds ?? -1;
      assert.ok(seconds >= 0, `${seconds}`);
      assert.equal(published()["database RecoveryPointSeconds"], seconds);
    });

    it("measure our own database nodes by the WAL that is not archived yet, the worse of both", async () => {
      await put("Trading/Timescale", "ArchiveDelaySeconds", { Database: "test-data", Node: "a" }, 30);
      await put("Trading/Timescale", "ArchiveDelaySeconds", { Database: "test-data", Node: "b" }, 250);
      const [measured] = await measure([{ component: "database", kind: "timescale", target: "test-data" }]);
      assert.equal(measured?.recoveryPointSeconds, 250);
    });

    it("say nothing of nodes that report nothing, so that the alarm on silence goes off", async () => {
      await measure([{ component: "database", kind: "timescale", target: "silent" }]);
      assert.deepEqual(published(), {});
    });

    it("measure models by the replica's lag, and by how long the replica takes to answer", async () => {
      const replicated: Objective = {
        component: "models",
        kind: "bucket",
        target: "models",
        replica: "models-replica",
        region: "us-west-2",
      };
      await put(
        "AWS/S3",
        "ReplicationLatency",
        { SourceBucket: "models", DestinationBucket: "models-replica", RuleId: "all" },
        420,
        60,
        "us-west-2", // where S3 tells of it
      );
      const [measured] = await measure([replicated]);
      assert.equal(measured?.recoveryPointSeconds, 420);
      assert.ok((measured.recoveryTimeSeconds ?? -1) >= 0);
      await assert.rejects(measure([{ ...replicated, replica: "gone" }]), /not measured: models: .*bucket/i);
    });

    it("measure a service by its longest time without enough tasks", async () => {
      const dimensions = { ClusterName: "main", ServiceName: "bot" };
      for (const [ago, running] of [
        [600, 1],
        [540, 0],
        [480, 0],
        [420, 1],
      ] as const)
        await put("ECS/ContainerInsights", "RunningTaskCount", dimensions, running, ago);
      const [measured] = await measure([
        { component: "bot", kind: "service", target: "bot", cluster: "main", tasks: 1 },
      ]);
      assert.equal(measured?.recoveryTimeSeconds, 120);
    });

    it("publish what they could measure before they fail on what they could not", async () => {
      const both: Objective[] = [
        { component: "database", kind: "rds", target: "no-such" },
        { component: "models", kind: "bucket", target: "models", replica: "models-replica", region: "us-west-2" },
      ];
      await assert.rejects(measure(both), /not measured: database: .*no-such/i);
      assert.ok("models RecoveryPointSeconds" in published());
    });

    it("count the hours since a restore test last passed; a failed one does not count", async () => {
      process.env.PLAN_ARN = "plan";
      const now = new Date("2026-11-20T12:00:00Z");
      const job = (ValidationStatus: "SUCCESSFUL" | "FAILED", day: number): RestoreJobsListMember => ({
        ValidationStatus,
        CompletionDate: new Date(Date.UTC(2026, 10, day, 12)),
      });
      jobs.on(ListRestoreJobsCommand).resolves({ RestoreJobs: [job("SUCCESSFUL", 17), job("FAILED", 19)] });
      await measure([], now);
      assert.equal(published()["database RestoreTestAgeHours"], 72);
      assert.equal(jobs.commandCalls(ListRestoreJobsCommand)[0]?.args[0].input.ByRestoreTestingPlanArn, "plan");
    });

    it("count a month where none has passed", async () => {
      process.env.PLAN_ARN = "plan";
      await measure([]);
      assert.equal(published()["database RestoreTestAgeHours"], 31 * 24);
    });
  });
});
