import assert from "node:assert/strict";
import { describe, it } from "mocha";
import * as fc from "fast-check";
import { DataBuckets, checkBuckets, secRule17a4Days, type BucketsSettings } from "../../components/data/data-buckets";
import { bucketAccessStatements } from "../../components/data/data-buckets/policies";
import { transitionsOf } from "../../components/common/bucket";
import { register, testCloud, type Registered } from "../support/program";

const kms = { encryption: "kms", keepOldVersionsDays: 90 } as const;

interface Document {
  readonly Statement: readonly Readonly<Record<string, unknown>>[];
}
const policyOf = (run: Registered, ending: string) =>
  JSON.parse(String(run.one("aws:s3/bucketPolicy:BucketPolicy", ending).inputs.policy)) as Document;

function make(buckets: BucketsSettings, isProtected = true) {
  return register(
    () =>
      new DataBuckets("data", {
        cloud: testCloud,
        buckets,
        protected: isProtected,
        alarmTopicArn: "arn:topic",
        alarmTopicsAbroad: { "us-west-2": "arn:west" },
      }),
  );
}

describe("DataBuckets", () => {
  it("gives a bucket everything that belongs to it, and a log bucket for its access logs", async () => {
    const run = await make({ marketData: { ...kms, intelligentTieringAfterDays: 30 } });
    assert.deepEqual(run.counts(), {
      "trading:data:DataBuckets": 1,
      "trading:security:EncryptionKey": 1,
      "aws:kms/key:Key": 1,
      "aws:kms/alias:Alias": 1,
      "aws:s3/bucket:Bucket": 2,
      "aws:s3/bucketVersioning:BucketVersioning": 2,
      "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": 2,
      "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": 2,
      "aws:s3/bucketOwnershipControls:BucketOwnershipControls": 2,
      "aws:s3/bucketPolicy:BucketPolicy": 2,
      "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": 2,
      "aws:s3/bucketLogging:BucketLogging": 1,
    });
    const access = run.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "market-data-public-access");
    for (const flag of ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"]) {
      assert.equal(access.inputs[flag], true, flag);
    }
    const logging = run.one("aws:s3/bucketLogging:BucketLogging");
    assert.equal(logging.inputs.targetPrefix, "s3/market-data/");
  });

  it("encrypts by the customer key or by S3's own, as the bucket says", async () => {
    const run = await make({ marketData: kms, modelArtifacts: { encryption: "s3", keepOldVersionsDays: 30 } });
    const type = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";
    const key = run.one("aws:kms/key:Key");
    assert.deepEqual(run.one(type, "market-data-encryption").propertyDependencies.rules, [key.urn]);
    assert.match(
      JSON.stringify(run.one(type, "market-data-encryption").inputs.rules),
      /"aws:kms".*"bucketKeyEnabled":true/,
    );
    assert.match(JSON.stringify(run.one(type, "model-artifacts-encryption").inputs.rules), /AES256/);
  });

  it("refuses plain HTTP, TLS below 1.2 and foreign keys in the bucket's policy", async () => {
    const run = await make({ marketData: kms });
    const sids = policyOf(run, "market-data-policy").Statement.map(({ Sid }) => Sid);
    assert.deepEqual(sids, ["TlsOnly", "Tls12OrLater", "OnlyTheBucketsKey"]);
    for (const statement of policyOf(run, "market-data-policy").Statement) assert.equal(statement.Effect, "Deny");
    const tls = policyOf(run, "market-data-policy").Statement.find(({ Sid }) => Sid === "Tls12OrLater");
    assert.deepEqual(tls?.Condition, { NumericLessThan: { "s3:TlsVersion": "1.2" } });
    const logs = policyOf(run, "logs-policy").Statement;
    assert.deepEqual(
      logs.slice(2).map(({ Principal }) => Principal),
      [{ Service: "logging.s3.amazonaws.com" }, { Service: "logdelivery.elasticloadbalancing.amazonaws.com" }],
    );
    for (const { Condition } of logs.slice(2)) {
      assert.deepEqual(Condition, { StringEquals: { "aws:SourceAccount": testCloud.accountId } });
    }
  });

  it("keeps buckets and keys outside dev, and empties them in dev", async () => {
    const kept = await make({ marketData: kms }, true);
    for (const bucket of kept.ofType("aws:s3/bucket:Bucket")) {
      assert.deepEqual([bucket.protect, bucket.retainOnDelete, bucket.inputs.forceDestroy], [true, true, false]);
    }
    assert.equal(kept.one("aws:kms/key:Key").retainOnDelete, true);
    const dev = await make({ marketData: kms }, false);
    for (const bucket of dev.ofType("aws:s3/bucket:Bucket")) {
      assert.deepEqual([bucket.protect, bucket.retainOnDelete, bucket.inputs.forceDestroy], [false, false, true]);
    }
  });

  it("locks compliance records for the six years of SEC rule 17a-4", async () => {
    const run = await make({
      compliance: { ...kms, lock: { mode: "COMPLIANCE", retentionDays: secRule17a4Days } },
    });
    assert.equal(run.one("aws:s3/bucket:Bucket", "compliance-bucket").inputs.objectLockEnabled, true);
    const lock = run.one("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration");
    assert.deepEqual(lock.inputs.rule, { defaultRetention: { mode: "COMPLIANCE", days: 2192 } });
    assert.ok(lock.dependencies.some((urn) => urn.endsWith("data-compliance-versioning")));
  });

  it("sends replicas' access logs to one log bucket of their Region, closed like any other", async () => {
    const run = await make({
      modelArtifacts: { ...kms, replicaRegion: "us-west-2" },
      backups: { ...kms, replicaRegion: "us-west-2" },
      compliance: { ...kms, replicaRegion: "eu-west-1" },
    });
    const loggings = run.ofType("aws:s3/bucketLogging:BucketLogging").filter(({ name }) => name.includes("-replica-"));
    const found = loggings.map(({ inputs, propertyDependencies }) => {
      const target = run.resources.find(({ urn }) => propertyDependencies.targetBucket?.includes(urn));
      return [inputs.targetPrefix, inputs.region, target?.name, target?.inputs.region];
    });
    assert.deepEqual(found, [
      ["s3/model-artifacts-replica/", "us-west-2", "data-logs-us-west-2-bucket", "us-west-2"],
      ["s3/backups-replica/", "us-west-2", "data-logs-us-west-2-bucket", "us-west-2"],
      ["s3/compliance-replica/", "eu-west-1", "data-logs-eu-west-1-bucket", "eu-west-1"],
    ]);
    assert.equal(run.ofType("aws:s3/bucketLogging:BucketLogging").length, 6, "every bucket but the log buckets");
    const sids = policyOf(run, "logs-us-west-2-policy").Statement.map(({ Sid }) => Sid);
    assert.deepEqual(sids, ["TlsOnly", "Tls12OrLater", "S3AccessLogs", "LoadBalancerAccessLogs"]);
    const type = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";
    assert.match(JSON.stringify(run.one(type, "logs-us-west-2-encryption").inputs.rules), /AES256/);
  });

  it("copies to another Region after versioning is on at both sides, KMS objects included, and watches the lag", async () => {
    const run = await make({ compliance: { ...kms, name: "acme-records", replicaRegion: "us-west-2" } });
    const replica = run.one("aws:s3/bucket:Bucket", "compliance-replica-bucket");
    assert.equal(replica.inputs.region, "us-west-2");
    assert.equal(replica.inputs.bucket, "acme-records-replica");
    const rule = run.one("aws:s3/bucketReplicationConfig:BucketReplicationConfig");
    const versionings = rule.dependencies.filter((urn) => urn.includes("BucketVersioning::"));
    assert.equal(versionings.length, 2);
    const keys = run.ofType("aws:kms/key:Key");
    assert.deepEqual(
      keys.map(({ inputs }) => inputs.region),
      [undefined, "us-west-2"],
    );
    const text = JSON.stringify(rule.inputs.rules);
    assert.match(text, /"sseKmsEncryptedObjects":\{"status":"Enabled"\}/);
    assert.match(text, /"replicationTime":\{"status":"Enabled","time":\{"minutes":15\}\}/);
    const alarms = run.ofType("aws:cloudwatch/metricAlarm:MetricAlarm");
    assert.deepEqual(
      Object.fromEntries(
        alarms.map(({ inputs }) => [inputs.metricName, [inputs.threshold, inputs.region, inputs.alarmActions]]),
      ),
      {
        ReplicationLatency: [900, "us-west-2", ["arn:west"]],
        OperationsFailedReplication: [0, undefined, ["arn:topic"]],
      },
      "S3 tells of the lag in the replica's Region, where an alarm reaches topics of that Region only",
    );
    for (const { inputs } of alarms) assert.deepEqual(inputs.okActions, inputs.alarmActions);
  });

  it("lets the replication role read the source and write the replica only", async () => {
    const run = await make({ compliance: { ...kms, replicaRegion: "us-west-2" } });
    const policy = JSON.parse(String(run.one("aws:iam/rolePolicy:RolePolicy", "copy").inputs.policy)) as Document;
    const actions = policy.Statement.flatMap(({ Action }) => Action as string | string[]);
    assert.ok(actions.every((action) => !action.includes("*")));
    for (const { Resource } of policy.Statement) assert.notEqual(Resource, "*");
  });

  it("has no resource beside a fixed name that a stage gives", async () => {
    const run = await make({ modelDeploy: { ...kms, name: "algo-model-deploy-prod" } });
    assert.equal(run.one("aws:s3/bucket:Bucket", "model-deploy-bucket").inputs.bucket, "algo-model-deploy-prod");
  });
});

describe("bucket ages", () => {
  const days = fc.integer({ min: 1, max: 4000 });
  const settings = fc.record(
    { intelligentTieringAfterDays: days, archiveAfterDays: days, deepArchiveAfterDays: days, expireAfterDays: days },
    { requiredKeys: [] },
  );

  it("only lets through what moves objects in order and expires them last", () => {
    fc.assert(
      fc.property(settings, (ages) => {
        const bucket = { ...kms, ...ages };
        if (checkBuckets({ marketData: bucket }, "us-east-1").length > 0) return;
        const moves = transitionsOf(bucket).map((move) => move.days);
        assert.deepEqual(
          moves,
          [...moves].sort((a, b) => a - b),
        );
        if (bucket.expireAfterDays !== undefined) assert.ok(moves.every((age) => age < bucket.expireAfterDays!));
      }),
    );
  });
});

describe("bucket access", () => {
  it("is bound to a prefix, and to reading where nothing is written", () => {
    const [list, objects, key] = bucketAccessStatements({
      bucketArn: "arn:aws:s3:::b",
      kmsKeyArn: "arn:key",
      prefix: "models/",
      write: false,
    });
    assert.deepEqual(list?.Condition, { StringLike: { "s3:prefix": ["models/*"] } });
    assert.deepEqual([objects?.Action, objects?.Resource], [["s3:GetObject"], "arn:aws:s3:::b/models/*"]);
    assert.deepEqual(key?.Action, ["kms:Decrypt"]);
  });
});
