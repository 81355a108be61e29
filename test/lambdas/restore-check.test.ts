import assert from "node:assert/strict";
import {
  BackupClient,
  DescribeRestoreJobCommand,
  PutRestoreValidationResultCommand,
  type DescribeRestoreJobOutput,
} from "@aws-sdk/client-backup";
import { CreateVolumeCommand, EC2Client } from "@aws-sdk/client-ec2";
import { CreateDBInstanceCommand, RDSClient } from "@aws-sdk/client-rds";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { mockClient } from "aws-sdk-client-mock";
import { Client } from "pg";
import {
  comparedWindow,
  compareFacts,
  compareVolumes,
  quoteTable,
  type DatabaseFacts,
} from "../../lambdas/restore-check/core";
import { connectOverTls, makeHandler, type Login } from "../../lambdas/restore-check/handler";
import { recoveryDimensions, recoveryNamespace, recoveryService } from "../../components/operations/backups";
import { startEmulator, type Emulator } from "../../sandbox/emulator";
import { missingServers, startPostgres, type Postgres } from "../../services/market-data/test/support/servers.js";
import { publishedBy, type PublishedMetric } from "../support/metrics";

const copiedAt = new Date("2026-11-20T05:00:00Z");
const plan = "arn:aws:backup:us-east-1:123456789012:restore-testing-plan:test";
const trades = { table: "public.trades", timeColumn: "executed_at", minimumRows: 2 };

describe("the check of a restored copy", () => {
  describe("judges", () => {
    const facts = (rows: string, checksum: string): DatabaseFacts => ({
      tables: ["public.trades"],
      checked: { "public.trades": { rows, checksum } },
    });
    it("a copy like its source as good", () => {
      assert.deepEqual(compareFacts([trades], facts("9007199254740993", "7"), facts("9007199254740993", "7")), []);
    });
    it("rows that are missing, contents that differ, too few rows, and a table that is gone", () => {
      assert.deepEqual(compareFacts([trades], facts("3", "7"), facts("2", "7")), [
        "public.trades has 2 rows, its source has 3",
      ]);
      assert.deepEqual(compareFacts([trades], facts("3", "7"), facts("3", "8")), [
        "public.trades differs from its source in its rows' contents",
      ]);
      assert.deepEqual(compareFacts([trades], facts("1", "7"), facts("1", "7")), [
        "public.trades has 1 rows, at least 2 are asked for",
      ]);
      assert.deepEqual(compareFacts([trades], facts("3", "7"), { tables: [], checked: {} }), [
        "the copy has no public.trades",
        "public.trades was not found in the copy",
      ]);
    });
    it("a table without a time by its rows alone, as the source has moved on", () => {
      const whole = { table: "public.trades", minimumRows: 1 };
      assert.deepEqual(compareFacts([whole], facts("9", "1"), facts("5", "2")), []);
    });
    it("volumes by size, encryption and state", () => {
      const volume = { sizeGiB: 100, encrypted: true, state: "available" };
      assert.deepEqual(compareVolumes(volume, volume), []);
      assert.deepEqual(compareVolumes(volume, undefined), ["the restored volume does not exist"]);
      assert.deepEqual(compareVolumes(volume, { sizeGiB: 50, encrypted: false, state: "error" }), [
        "the restored volume is error",
        "the restored volume is not encrypted",
        "the restored volume has 50 GiB, its source 100",
      ]);
    });
    it("the hours before the copy, without their end", () => {
      assert.deepEqual(comparedWindow(copiedAt, 24), {
        from: new Date("2026-11-19T04:50:00Z"),
        to: new Date("2026-11-20T04:50:00Z"),
      });
    });
    it("names as data, never as SQL", () => {
      assert.equal(quoteTable('trades"; drop table x; --'), '"public"."trades""; drop table x; --"');
      assert.equal(quoteTable("desk.trades"), '"desk"."trades"');
    });
  });

  describe("on real databases and an emulated AWS", function () {
    const jobs = mockClient(BackupClient);
    after(() => {
      jobs.restore(); // or every later test of this process gets the mock
    });
    let server: Postgres;
    let aws: Emulator;
    let rds: RDSClient;
    let ec2: EC2Client;
    let secrets: SecretsManagerClient;
    let logins: Login[] = [];
    let printed: PublishedMetric[] = [];
    const databases: Record<string, string> = {};

    before(async function () {
      const missing = missingServers();
      if (missing) throw new Error(missing);
      Object.assign(process.env, {
        POWERTOOLS_LOG_LEVEL: "SILENT",
        STACK: "test",
        PLAN_ARN: plan,
        SOURCE_SECRET: "master",
        WINDOW_HOURS: "24",
        CHECKS: JSON.stringify([trades]),
      });
      [server, aws] = await Promise.all([startPostgres(), startEmulator({ honourEndpoint: false })]);
      const settings = {
        endpoint: aws.endpoint,
        region: "us-east-1",
        credentials: { accessKeyId: "test", secretAccessKey: "test" },
      };
      [rds, ec2, secrets] = [new RDSClient(settings), new EC2Client(settings), new SecretsManagerClient(settings)];
      await secrets.send(new CreateSecretCommand({ Name: "master", SecretString: '{"password":"of-the-source"}' }));
      for (const id of ["source", "awsbackup-restore-test-1"]) {
        await rds.send(
          new CreateDBInstanceCommand({
            DBInstanceIdentifier: id,
            DBInstanceClass: "db.t4g.micro",
            Engine: "postgres",
            AllocatedStorage: 20,
            MasterUsername: "postgres",
            MasterUserPassword: "of-the-day-of-the-copy",
            DBName: "app",
          }),
        );
      }
    });
    after(async () => {
      await server.remove();
      await aws.stop();
    });
    beforeEach(async () => {
      jobs.reset();
      jobs.on(PutRestoreValidationResultCommand).resolves({});
      logins = [];
      databases.source = await server.database();
      databases.copy = await server.database();
      for (const database of Object.values(databases)) {
        await sql(
          database,
          `create table trades (id int primary key, price numeric, executed_at timestamptz);
           insert into trades select i, i * 1.5, '2026-11-19T06:00Z'::timestamptz + i * interval '1 hour'
           from generate_series(0, 5) i`,
        );
      }
    });

    async function sql(database: string, text: string) {
      const client = new Client({ host: "127.0.0.1", port: server.port, user: "postgres", database });
      await client.connect();
      await client.query(text);
      await client.end();
    }

    /** Runs the check with RDS's endpoints led to the real server. */
    async function check(job: Partial<DescribeRestoreJobOutput> = {}) {
      jobs.on(DescribeRestoreJobCommand).resolves({
        Status: "COMPLETED",
        ResourceType: "RDS",
        CreatedBy: { RestoreTestingPlanArn: plan },
        CreationDate: new Date("2026-11-22T09:00:00Z"),
        RecoveryPointCreationDate: copiedAt,
        SourceResourceArn: "arn:aws:rds:us-east-1:123456789012:db:source",
        CreatedResourceArn: "arn:aws:rds:us-east-1:123456789012:db:awsbackup-restore-test-1",
        ...job,
      });
      const make = () =>
        makeHandler({
          backup: new BackupClient({ region: "us-east-1" }),
          rds,
          ec2,
          secrets,
          connect: (login, work) => {
            logins.push(login);
            const database = login.host.startsWith("source") ? databases.source : databases.copy;
            const real = {
              host: "127.0.0.1",
              port: server.port,
              user: "postgres",
              password: "",
              database: database ?? "",
            };
            return connectOverTls(false)(real, work);
          },
          now: () => new Date("2026-11-22T09:20:00Z"),
          wait: () => Promise.resolve(),
        });
      let result: Awaited<ReturnType<ReturnType<typeof make>>> = { checked: false, problems: [] };
      const { metrics, error } = await publishedBy(recoveryService, recoveryNamespace, async () => {
        result = await make()({ detail: { restoreJobId: "job-1" } });
      });
      if (error) throw error;
      printed = metrics;
      return result;
    }
    const told = () => jobs.commandCalls(PutRestoreValidationResultCommand)[0]?.args[0].input;

    it("passes a copy that is as its source, and measures the recovery from the start of the restore", async () => {
      const result = await check();
      assert.deepEqual(result, { checked: true, problems: [], seconds: 1200 });
      assert.deepEqual(told(), {
        RestoreJobId: "job-1",
        ValidationStatus: "SUCCESSFUL",
        ValidationStatusMessage: "as its source, 1200 s after the start",
      });
      const dimensions = recoveryDimensions("test", "database");
      assert.deepEqual(printed, [
        { namespace: recoveryNamespace, name: "RestoreTestFailed", dimensions, value: 0 },
        { namespace: recoveryNamespace, name: "RecoveryTimeSeconds", dimensions, value: 1200 },
      ]);
    });

    it("opens the copy with a password of its own, and the source with its secret's", async () => {
      await check();
      assert.equal(logins.length, 2);
      assert.match(logins[0]?.password ?? "", /^[0-9a-f]{48}$/);
      assert.equal(logins[1]?.password, "of-the-source");
      assert.equal(logins[0]?.database, "app");
    });

    it("does not mind what the source did after the copy was made", async () => {
      await sql(databases.source ?? "", "insert into trades values (99, 1, '2026-11-21T00:00Z')");
      assert.deepEqual((await check()).problems, []);
    });

    it("finds a changed row, a lost row and a lost table", async () => {
      await sql(databases.copy ?? "", "update trades set price = 0 where id = 3");
      assert.deepEqual((await check()).problems, ["public.trades differs from its source in its rows' contents"]);
      await sql(databases.copy ?? "", "delete from trades where id = 3");
      assert.deepEqual((await check()).problems, ["public.trades has 5 rows, its source has 6"]);
      await sql(databases.copy ?? "", "drop table trades");
      assert.deepEqual((await check()).problems, [
        "the copy has no public.trades",
        "public.trades was not found in the copy",
      ]);
      assert.equal(told()?.ValidationStatus, "FAILED");
      assert.deepEqual(
        printed.map(({ name, value }) => [name, value]),
        [["RestoreTestFailed", 1]],
        "and no recovery time of a copy that is none",
      );
    });

    it("fails a copy that cannot be asked, with the reason", async () => {
      await sql(databases.copy ?? "", "alter table trades rename column executed_at to at");
      const { problems } = await check();
      assert.deepEqual(problems, ["the check failed: column t.executed_at does not exist"]);
      assert.match(told()?.ValidationStatusMessage ?? "", /executed_at does not exist/);
    });

    it("tells of a restore that did not end well, and validates nothing", async () => {
      const { problems } = await check({ Status: "FAILED", StatusMessage: "no default VPC" });
      assert.deepEqual(problems, ["the restore ended as FAILED: no default VPC"]);
      assert.equal(told(), undefined);
    });

    it("holds a restored volume against its source", async () => {
      const volume = async (Size: number, Encrypted: boolean) => {
        const made = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size, Encrypted }));
        return `arn:aws:ec2:us-east-1:123456789012:volume/${made.VolumeId ?? ""}`;
      };
      const SourceResourceArn = await volume(100, true);
      const job = async (size: number, encrypted: boolean) =>
        check({ ResourceType: "EBS", SourceResourceArn, CreatedResourceArn: await volume(size, encrypted) });
      assert.deepEqual((await job(100, true)).problems, []);
      assert.deepEqual((await job(10, false)).problems, [
        "the restored volume is not encrypted",
        "the restored volume has 10 GiB, its source 100",
      ]);
    });

    it("says what it cannot check", async () => {
      assert.deepEqual((await check({ ResourceType: "FSx" })).problems, ["nothing is known of how to check FSx"]);
    });

    it("leaves a copy alone that somebody else restored", async () => {
      assert.deepEqual(await check({ CreatedBy: {} }), { checked: false, problems: [] });
      assert.equal(told(), undefined);
    });
  });
});
