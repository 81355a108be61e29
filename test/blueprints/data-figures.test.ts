import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { before, describe, it } from "mocha";
import { parse } from "yaml";
import program from "../../index";
import { planAnswers } from "../../plan/evaluate/answers";
import { runProgram } from "../../plan/evaluate/monitor";
import { Registered, plain } from "../support/program";

/** Evaluates a blueprint with everything that is not data left out. */
async function evaluate(file: string): Promise<Registered> {
  const text = readFileSync(join(__dirname, "../../blueprints", file), "utf8");
  const { config } = parse(text) as { config: Record<string, unknown> };
  const kept = ["aws:region", ...["stage", "owner", "network", "data"].map((key) => `trading-platform:${key}`)];
  const entries = Object.entries(config).filter(([key]) => kept.includes(key));
  const result = await runProgram(program, {
    project: "trading-platform",
    stack: "prod",
    config: Object.fromEntries(
      entries.map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    ),
    answers: planAnswers("us-east-1"),
  });
  return new Registered(result);
}

const parametersOf = (run: Registered, type: string) =>
  new Map(
    (run.one(type).inputs.parameters as { name: string; value: string }[]).map(({ name, value }) => [name, value]),
  );

const bucketsOf = (run: Registered) =>
  run
    .ofType("aws:s3/bucket:Bucket")
    .map(({ name, inputs }) => [name.replace(/^data-buckets-|-bucket$/g, ""), inputs.region ?? "us-east-1"])
    .sort();

const encryptionOf = (run: Registered, bucket: string) =>
  JSON.stringify(
    run.one(
      "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
      `data-buckets-${bucket}-encryption`,
    ).inputs.rules,
  );

describe("document 001's data figures (ai-platform.yaml)", () => {
  let run: Registered;
  before(async () => (run = await evaluate("ai-platform.yaml")));
  const primary = () => run.one("aws:rds/instance:Instance", "primary").inputs;

  it("PostgreSQL 15 on db.r6g.2xlarge, Multi-AZ, with a read replica", () => {
    const { engine, engineVersion, instanceClass, multiAz } = primary();
    assert.deepEqual([engine, engineVersion, instanceClass, multiAz], ["postgres", "15", "db.r6g.2xlarge", true]);
    assert.equal(run.ofType("aws:rds/instance:Instance").length, 2);
    assert.equal(run.one("aws:rds/instance:Instance", "replica").inputs.instanceClass, "db.r6g.2xlarge");
  });

  it("500 GiB of gp3 that may grow to 1000, at RDS's own operations and throughput for that size", () => {
    const { storageType, allocatedStorage, maxAllocatedStorage, iops, storageThroughput } = primary();
    assert.deepEqual([storageType, allocatedStorage, maxAllocatedStorage], ["gp3", 500, 1000]);
    assert.deepEqual([iops, storageThroughput], [undefined, undefined]);
  });

  it("KMS at rest, TLS 1.3 in transit, deletion protection", () => {
    assert.deepEqual([primary().storageEncrypted, primary().deletionProtection], [true, true]);
    const keys = run.ofType("aws:kms/key:Key").map(({ urn }) => urn);
    const underOwnKey = [
      ...run.ofType("aws:rds/instance:Instance"),
      ...run.ofType("aws:elasticache/replicationGroup:ReplicationGroup"),
    ];
    assert.equal(underOwnKey.length, 3, "the database, its replica, Redis");
    for (const { name, inputs, propertyDependencies } of underOwnKey) {
      // A replica in its primary's Region takes the primary's key.
      if (inputs.replicateSourceDb !== undefined) continue;
      assert.ok(
        propertyDependencies.kmsKeyId?.some((urn) => keys.includes(urn)),
        `${name} is under AWS's own key`,
      );
    }
    const parameters = parametersOf(run, "aws:rds/parameterGroup:ParameterGroup");
    assert.deepEqual([parameters.get("rds.force_ssl"), parameters.get("ssl_min_protocol_version")], ["1", "TLSv1.3"]);
  });

  it("30 days of backups, any point in time, copied to another Region", () => {
    assert.equal(primary().backupRetentionPeriod, 30);
    const copy = run.one("aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication").inputs;
    assert.deepEqual([copy.region, copy.retentionPeriod], ["us-west-2", 30]);
  });

  it("enhanced monitoring and Performance Insights", () => {
    assert.deepEqual([primary().monitoringInterval, primary().performanceInsightsEnabled], [60, true]);
  });

  it("optimized parameters: a quarter and three quarters of 64 GiB, in pages of 8 kB", () => {
    const parameters = parametersOf(run, "aws:rds/parameterGroup:ParameterGroup");
    assert.equal(parameters.get("shared_buffers"), String((16 * 2 ** 30) / 8192));
    assert.equal(parameters.get("effective_cache_size"), String((48 * 2 ** 30) / 8192));
  });

  it("Redis 7.0 in cluster mode on three cache.r7g.2xlarge, Multi-AZ with failover, token, both encryptions", () => {
    const cache = run.one("aws:elasticache/replicationGroup:ReplicationGroup").inputs;
    assert.deepEqual([cache.engineVersion, cache.nodeType], ["7.0", "cache.r7g.2xlarge"]);
    assert.equal(Number(cache.numNodeGroups) * (1 + Number(cache.replicasPerNodeGroup)), 3);
    assert.equal(parametersOf(run, "aws:elasticache/parameterGroup:ParameterGroup").get("cluster-enabled"), "yes");
    assert.deepEqual([cache.multiAzEnabled, cache.automaticFailoverEnabled], [true, true]);
    assert.deepEqual([cache.atRestEncryptionEnabled, cache.transitEncryptionEnabled], [true, true]);
    assert.ok(String(plain(cache.authToken)).length >= 16);
  });

  it("daily snapshots of Redis for 7 days", () => {
    assert.equal(run.one("aws:elasticache/replicationGroup:ReplicationGroup").inputs.snapshotRetentionLimit, 7);
  });

  it("buckets for market data, models, backups and compliance, all versioned, under KMS", () => {
    assert.deepEqual(bucketsOf(run), [
      ["backups", "us-east-1"],
      ["backups-replica", "us-west-2"],
      ["compliance", "us-east-1"],
      ["compliance-replica", "us-west-2"],
      ["logs", "us-east-1"],
      ["logs-us-west-2", "us-west-2"],
      ["market-data", "us-east-1"],
      ["model-artifacts", "us-east-1"],
      ["model-artifacts-replica", "us-west-2"],
    ]);
    for (const { inputs } of run.ofType("aws:s3/bucketVersioning:BucketVersioning")) {
      assert.deepEqual(inputs.versioningConfiguration, { status: "Enabled" });
    }
    for (const bucket of ["market-data", "model-artifacts", "backups", "compliance"]) {
      assert.match(encryptionOf(run, bucket), /aws:kms/, bucket);
    }
    assert.equal(run.ofType("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").length, 9);
  });

  it("intelligent tiering for backups, six locked years for compliance", () => {
    const backups = run.one(
      "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
      "buckets-backups-lifecycle",
    );
    assert.match(JSON.stringify(backups.inputs.rules), /"INTELLIGENT_TIERING"/);
    const lock = run.one(
      "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
      "buckets-compliance-lock",
    );
    assert.deepEqual(lock.inputs.rule, { defaultRetention: { mode: "COMPLIANCE", days: 2192 } });
  });

  it("every data bucket's objects move to cheaper classes, in days", () => {
    const transitions = (bucket: string) => {
      const { rules } = run.one(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        `buckets-${bucket}-lifecycle`,
      ).inputs as { rules: { transitions?: { days: number; storageClass: string }[] }[] };
      return rules.flatMap(({ transitions: its = [] }) => its.map(({ days, storageClass }) => [storageClass, days]));
    };
    assert.deepEqual(transitions("market-data"), [["INTELLIGENT_TIERING", 30]]);
    assert.deepEqual(transitions("model-artifacts"), [["INTELLIGENT_TIERING", 90]]);
    assert.deepEqual(transitions("backups"), [["INTELLIGENT_TIERING", 30]]);
    assert.deepEqual(transitions("compliance"), [
      ["GLACIER_IR", 90],
      ["DEEP_ARCHIVE", 365],
    ]);
  });

  it("alarms on CPU, connections, latency; Redis CPU, memory, hit ratio", () => {
    const metrics = new Set(
      run.ofType("aws:cloudwatch/metricAlarm:MetricAlarm").map(({ inputs }) => inputs.metricName),
    );
    for (const metric of [
      "CPUUtilization",
      "DatabaseConnections",
      "ReadLatency",
      "WriteLatency",
      "EngineCPUUtilization",
      "DatabaseMemoryUsagePercentage",
      "CacheHitRate",
      "ReplicaLag",
    ]) {
      assert.ok(metrics.has(metric), metric);
    }
  });
});

describe("document 003's data figures (web-terminal.yaml)", () => {
  let run: Registered;
  before(async () => (run = await evaluate("web-terminal.yaml")));

  it("PostgreSQL on db.t3.medium, Multi-AZ, with automated backups and a parameter group of its own", () => {
    const primary = run.one("aws:rds/instance:Instance");
    assert.deepEqual([primary.inputs.instanceClass, primary.inputs.multiAz], ["db.t3.medium", true]);
    assert.ok(Number(primary.inputs.backupRetentionPeriod) > 0);
    const group = run.one("aws:rds/parameterGroup:ParameterGroup");
    assert.deepEqual(primary.propertyDependencies.parameterGroupName, [group.urn]);
    assert.equal(parametersOf(run, "aws:rds/parameterGroup:ParameterGroup").get("shared_buffers"), "131072");
  });

  it("Redis in shards with an eviction policy, a memory limit, AUTH and persistence", () => {
    const cache = run.one("aws:elasticache/replicationGroup:ReplicationGroup").inputs;
    assert.deepEqual([cache.numNodeGroups, cache.replicasPerNodeGroup], [2, 1]);
    const parameters = parametersOf(run, "aws:elasticache/parameterGroup:ParameterGroup");
    assert.deepEqual(
      [parameters.get("maxmemory-policy"), parameters.get("reserved-memory-percent")],
      ["allkeys-lru", "25"],
    );
    assert.ok(cache.authToken);
    assert.equal(cache.snapshotRetentionLimit, 7);
    assert.deepEqual([cache.multiAzEnabled, cache.automaticFailoverEnabled], [true, true]);
  });

  it("enhanced monitoring and Performance Insights of the terminal's database", () => {
    const { monitoringInterval, performanceInsightsEnabled } = run.one("aws:rds/instance:Instance").inputs;
    assert.deepEqual([monitoringInterval, performanceInsightsEnabled], [60, true]);
  });

  it("data encrypted at rest, TLS 1.2 and up in transit, keys in Secrets Manager", () => {
    assert.equal(run.one("aws:rds/instance:Instance").inputs.storageEncrypted, true);
    const cache = run.one("aws:elasticache/replicationGroup:ReplicationGroup").inputs;
    assert.deepEqual([cache.atRestEncryptionEnabled, cache.transitEncryptionEnabled], [true, true]);
    const buckets = run.ofType("aws:s3/bucket:Bucket");
    assert.ok(buckets.length > 0);
    for (const { urn, name } of buckets) {
      const encryption = run
        .ofType("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
        .filter(({ propertyDependencies }) => propertyDependencies.bucket?.includes(urn));
      assert.match(
        JSON.stringify(encryption.map(({ inputs }) => inputs.rules)),
        /"sseAlgorithm":"(aws:kms|AES256)"/,
        name,
      );
    }
    const parameters = parametersOf(run, "aws:rds/parameterGroup:ParameterGroup");
    assert.equal(parameters.get("ssl_min_protocol_version"), "TLSv1.2");
    const names = run.ofType("aws:secretsmanager/secret:Secret").map(({ inputs }) => inputs.name);
    assert.ok(names.includes("abacus-terminal/prod/polygon"));
  });
});

describe("document 004's data figures (betting-bot.yaml)", () => {
  let run: Registered;
  let nodes: string[];
  before(async () => {
    run = await evaluate("betting-bot.yaml");
    nodes = run
      .ofType("aws:ec2/instance:Instance")
      .map(({ inputs }) => gunzipSync(Buffer.from(String(plain(inputs.userDataBase64)), "base64")).toString());
  });

  it("r6g.large in two zones of the data subnets 10.0.20.0/24 and 10.0.21.0/24", () => {
    const instances = run.ofType("aws:ec2/instance:Instance");
    assert.deepEqual(
      instances.map(({ inputs }) => inputs.instanceType),
      ["r6g.large", "r6g.large"],
    );
    const cidrs = instances.map(({ propertyDependencies }) => {
      const subnet = run.resources.find(({ urn }) => propertyDependencies.subnetId?.includes(urn));
      return subnet?.inputs.cidrBlock;
    });
    assert.deepEqual(cidrs, ["10.0.20.0/24", "10.0.21.0/24"]);
  });

  it("100 GB that grow to 500 GB, encrypted", () => {
    for (const { inputs } of run.ofType("aws:ebs/volume:Volume")) {
      assert.deepEqual([inputs.size, inputs.encrypted], [100, true]);
    }
    for (const text of nodes) assert.match(text, /^export MAX_STORAGE_GIB='500'$/m);
  });

  it("backups kept 30 days, taken at 03:00, WAL archived well within the 5 minutes of the recovery point", () => {
    for (const text of nodes) {
      assert.match(text, /^export RETENTION_DAYS='30'$/m);
      assert.match(text, /OnCalendar=Mon\.\.Sat 03:00:00 UTC/);
      assert.match(text, /^export ARCHIVE_TIMEOUT='60'$/m);
    }
  });

  it("maintenance on Monday at 04:00", () => {
    for (const text of nodes) assert.match(text, /OnCalendar=Mon 04:00:00 UTC/);
  });

  it("max_connections 200, shared_buffers 4GB, effective_cache_size 12GB, work_mem 64MB, 8 background workers", () => {
    const lines = String(plain(run.one("aws:ssm/parameter:Parameter", "timescale-tuning").inputs.value)).split("\n");
    for (const line of [
      "max_connections = '200'",
      "shared_buffers = '4GB'",
      "effective_cache_size = '12GB'",
      "work_mem = '64MB'",
      "timescaledb.max_background_workers = '8'",
    ]) {
      assert.ok(lines.includes(line), line);
    }
  });

  it("port 5432, TLS 1.3 only, alarm at 80 % of the connections", () => {
    for (const text of nodes) {
      assert.match(text, /^export PG_PORT='5432'$/m);
      assert.match(text, /^export MINIMUM_TLS='1\.3'$/m);
    }
    assert.equal(run.one("aws:cloudwatch/metricAlarm:MetricAlarm", "timescale-a-connections").inputs.threshold, 160);
  });

  it("the secrets clever-better/prod/database, betfair and api-keys", () => {
    const names = run.ofType("aws:secretsmanager/secret:Secret").map(({ inputs }) => inputs.name);
    for (const name of ["database", "betfair", "api-keys"])
      assert.ok(names.includes(`clever-better/prod/${name}`), name);
  });

  it("logs in /rds/clever-better for 90 days", () => {
    const group = run.one("aws:cloudwatch/logGroup:LogGroup", "timescale-logs").inputs;
    assert.deepEqual([group.name, group.retentionInDays], ["/rds/clever-better", 90]);
  });

  it("SSE-S3 for objects, models copied to another Region", () => {
    for (const bucket of ["model-artifacts", "backups", "model-artifacts-replica"]) {
      assert.match(encryptionOf(run, bucket), /AES256/, bucket);
    }
    assert.equal(run.one("aws:s3/bucket:Bucket", "model-artifacts-replica-bucket").inputs.region, "us-west-2");
    const rule = run.one("aws:s3/bucketReplicationConfig:BucketReplicationConfig").inputs.rules;
    assert.doesNotMatch(JSON.stringify(rule), /sseKmsEncryptedObjects/);
  });
});

describe("the stages' deploy buckets", () => {
  const names = { dev: "algo-model-deploy-dev", qa: "algo-model-deploy", prod: "algo-model-deploy-prod" };
  for (const [stage, name] of Object.entries(names)) {
    it(`${stage}: ${name}`, () => {
      const text = readFileSync(join(__dirname, `../../Pulumi.${stage}.yaml`), "utf8");
      const { config } = parse(text) as { config: Record<string, { buckets?: { modelDeploy?: { name?: string } } }> };
      assert.equal(config["trading-platform:data"]?.buckets?.modelDeploy?.name, name);
    });
  }
});
