import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decideSingletons,
  ownerships,
  resolveSingletons,
  SecurityBaseline,
  singletons,
  type Decision,
  type Ownership,
  type SecurityBaselineArgs,
  type Singleton,
} from "../../components/security/security-baseline";
import { configRules } from "../../components/security/security-baseline/config-recorder";
import { detectorFeatures, hubStandards } from "../../components/security/security-baseline/detection";
import { findingRoutes } from "../../components/security/security-baseline/findings";
import { validate } from "../../config";
import { register, testCloud } from "../support/program";

const every = <T>(value: T) => Object.fromEntries(singletons.map((one) => [one, value])) as Record<Singleton, T>;
const topics = {
  critical: "arn:aws:sns:us-east-1:123456789012:critical",
  warning: "arn:aws:sns:us-east-1:123456789012:warning",
};
const build = (changes: Partial<SecurityBaselineArgs> = {}) =>
  register(
    () =>
      new SecurityBaseline("security", {
        cloud: testCloud,
        decisions: every<Decision>("create"),
        claim: "/platform/dev/security/owned",
        trail: { logRetentionDays: 365, retentionDays: 2557 },
        dataEventBucketArns: ["arn:aws:s3:::compliance", "arn:aws:s3:::models"],
        topics,
        ...changes,
      }),
  );

describe("SecurityBaseline", () => {
  it("records every call of every Region, validated, under its own key, in S3 and CloudWatch Logs", async () => {
    const registered = await build();
    const trail = registered.one("aws:cloudtrail/trail:Trail");
    const { isMultiRegionTrail, includeGlobalServiceEvents, enableLogFileValidation, enableLogging } = trail.inputs;
    assert.deepEqual(
      { isMultiRegionTrail, includeGlobalServiceEvents, enableLogFileValidation, enableLogging },
      {
        isMultiRegionTrail: true,
        includeGlobalServiceEvents: true,
        enableLogFileValidation: true,
        enableLogging: true,
      },
    );
    assert.match(trail.propertyDependencies.kmsKeyId?.[0] ?? "", /security-audit-key$/);
    assert.match(trail.propertyDependencies.cloudWatchLogsGroupArn?.[0] ?? "", /LogGroup::security-trail$/);
    assert.ok(
      trail.dependencies.some((urn) => urn.endsWith("security-audit-policy")),
      "waits for the bucket's policy",
    );
    assert.equal(registered.one("aws:cloudwatch/logGroup:LogGroup").inputs.retentionInDays, 365);
  });

  it("records object access in the named buckets only", async () => {
    const selectors = (await build()).one("aws:cloudtrail/trail:Trail").inputs.advancedEventSelectors as {
      fieldSelectors: { field: string; equals?: string[]; startsWiths?: string[] }[];
    }[];
    assert.equal(selectors.length, 2);
    const arns = selectors[1]?.fieldSelectors.find(({ field }) => field === "resources.ARN")?.startsWiths;
    assert.deepEqual(arns, ["arn:aws:s3:::compliance/", "arn:aws:s3:::models/"]);
    const none = (await build({ dataEventBucketArns: [] })).one("aws:cloudtrail/trail:Trail").inputs
      .advancedEventSelectors;
    assert.equal((none as unknown[]).length, 1);
  });

  it("keeps the audit bucket closed to all but CloudTrail and Config of this account", async () => {
    const registered = await build();
    const policy = JSON.parse(String(registered.one("aws:s3/bucketPolicy:BucketPolicy").inputs.policy)) as {
      Statement: {
        Effect: string;
        Principal: { Service?: string };
        Condition: { StringEquals?: Record<string, string> };
      }[];
    };
    const allowed = policy.Statement.filter(({ Effect }) => Effect === "Allow");
    assert.equal(allowed.length, 4);
    for (const { Principal, Condition } of allowed) {
      assert.match(Principal.Service ?? "", /^(cloudtrail|config)\.amazonaws\.com$/);
      const { StringEquals = {} } = Condition;
      const bound = StringEquals["aws:SourceArn"] ?? StringEquals["aws:SourceAccount"] ?? "";
      assert.ok(bound.includes(testCloud.accountId), JSON.stringify(Condition));
    }
    const bucket = registered.one("aws:s3/bucket:Bucket", "audit-bucket");
    assert.deepEqual([bucket.protect, bucket.retainOnDelete], [true, true]);
    const open = (await build({ protected: false })).one("aws:s3/bucket:Bucket", "audit-bucket");
    assert.deepEqual([open.protect, open.retainOnDelete], [false, false]);
  });

  it("watches for threats with every protection, and measures by both standards", async () => {
    const registered = await build();
    const features = registered.ofType("aws:guardduty/detectorFeature:DetectorFeature");
    assert.deepEqual(features.map(({ inputs }) => inputs.name).sort(), [...detectorFeatures].sort());
    assert.ok(features.every(({ inputs }) => inputs.status === "ENABLED"));
    assert.equal(
      registered.ofType("aws:securityhub/standardsSubscription:StandardsSubscription").length,
      hubStandards.length,
    );
    assert.equal(registered.one("aws:accessanalyzer/analyzer:Analyzer").inputs.type, "ACCOUNT");
  });

  it("records configuration and runs the rules only once the recorder runs", async () => {
    const registered = await build();
    const group = registered.one("aws:cfg/recorder:Recorder").inputs.recordingGroup as Record<string, unknown>;
    assert.deepEqual(group, { allSupported: true, includeGlobalResourceTypes: true });
    const rules = registered.ofType("aws:cfg/rule:Rule");
    assert.equal(rules.length, Object.keys(configRules).length);
    assert.ok(rules.every(({ dependencies }) => dependencies.some((urn) => urn.includes("RecorderStatus"))));
  });

  it("sets the account's defaults", async () => {
    const registered = await build();
    assert.equal(registered.one("aws:ebs/encryptionByDefault:EncryptionByDefault").inputs.enabled, true);
    assert.equal(registered.one("aws:ec2/serialConsoleAccess:SerialConsoleAccess").inputs.enabled, false);
    assert.equal(
      registered.one("aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults").inputs.httpTokens,
      "required",
    );
    assert.equal(
      registered.one("aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess").inputs.state,
      "block-all-sharing",
    );
    const block = registered.one("aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock").inputs;
    assert.deepEqual(
      [block.blockPublicAcls, block.blockPublicPolicy, block.ignorePublicAcls, block.restrictPublicBuckets],
      [true, true, true, true],
    );
  });

  it("routes findings by severity to people", async () => {
    const registered = await build();
    const targets = registered.ofType("aws:cloudwatch/eventTarget:EventTarget");
    assert.equal(targets.length, findingRoutes.length);
    const arnOf = (name: string) => targets.find((target) => target.name === `security-${name}`)?.inputs.arn;
    assert.deepEqual(
      [arnOf("guardduty-high"), arnOf("guardduty-medium"), arnOf("public-access"), arnOf("not-compliant")],
      [topics.critical, topics.warning, topics.critical, topics.warning],
    );
    const high = JSON.parse(
      String(registered.one("aws:cloudwatch/eventRule:EventRule", "guardduty-high").inputs.eventPattern),
    ) as unknown;
    assert.deepEqual(high, {
      source: ["aws.guardduty"],
      "detail-type": ["GuardDuty Finding"],
      detail: { severity: [{ numeric: [">=", 7] }] },
    });
    assert.equal((await build({ topics: undefined })).ofType("aws:cloudwatch/eventTarget:EventTarget").length, 0);
  });

  it("makes nothing of what is skipped, and leaves alone what is adopted", async () => {
    const skipped = (await build({ decisions: every<Decision>("skip") })).counts();
    const adopted = (await build({ decisions: every<Decision>("adopt") })).counts();
    for (const type of [
      "aws:guardduty/detector:Detector",
      "aws:cfg/recorder:Recorder",
      "aws:securityhub/account:Account",
      "aws:accessanalyzer/analyzer:Analyzer",
      "aws:ebs/encryptionByDefault:EncryptionByDefault",
    ]) {
      assert.deepEqual([skipped[type], adopted[type]], [undefined, undefined], type);
    }
    assert.equal(skipped["aws:cfg/rule:Rule"], undefined);
    assert.equal(adopted["aws:cfg/rule:Rule"], Object.keys(configRules).length, "rules go onto the recorder there is");
    assert.equal(skipped["aws:cloudtrail/trail:Trail"], 1);
  });

  it("claims what it owns before it makes any of it", async () => {
    const program = await build({ decisions: { ...every<Decision>("create"), recorder: "adopt" } });
    const { urn, inputs } = program.one("aws:ssm/parameter:Parameter", "owned");
    assert.deepEqual(
      [inputs.name, (inputs.value as { value: string }).value],
      ["/platform/dev/security/owned", "detector,securityHub,accessAnalyzer,accountSettings"],
    );
    for (const type of [
      "aws:guardduty/detector:Detector",
      "aws:securityhub/account:Account",
      "aws:accessanalyzer/analyzer:Analyzer",
    ]) {
      assert.ok(program.one(type).dependencies.includes(urn), `${type} does not wait for the claim`);
    }
    const adopted = await build({ decisions: every<Decision>("adopt") });
    assert.deepEqual(adopted.ofType("aws:ssm/parameter:Parameter"), []);
  });

  it("remembers what it owns", async () => {
    let owned: readonly Singleton[] = [];
    await register(() => {
      const decisions = { ...every<Decision>("create"), detector: "adopt" as const };
      owned = new SecurityBaseline("security", {
        cloud: testCloud,
        decisions,
        claim: "/platform/dev/security/owned",
        trail: { logRetentionDays: 30, retentionDays: 90 },
      }).owned;
    });
    assert.deepEqual(owned, ["recorder", "securityHub", "accessAnalyzer", "accountSettings"]);
  });
});

describe("account-wide singletons", () => {
  const auto = every<Ownership>("auto");

  it("are created in an empty account, adopted where another stack made them, kept where this one did", () => {
    assert.equal(decideSingletons(auto, {}, []).detector, "create");
    assert.equal(decideSingletons(auto, { detector: "d1" }, []).detector, "adopt");
    assert.equal(decideSingletons(auto, { detector: "d1" }, ["detector"]).detector, "create");
  });

  it("never fail when left to auto, whatever the account holds", () => {
    const anyExisting = fc.record(
      Object.fromEntries(singletons.map((one) => [one, fc.option(fc.string(), { nil: undefined })])),
    );
    fc.assert(
      fc.property(anyExisting, fc.subarray([...singletons]), (existing, ours) => {
        const decisions = decideSingletons(auto, existing, ours);
        for (const one of singletons) assert.ok(ownerships.includes(decisions[one]));
      }),
    );
  });

  it("are refused a second time, with what is there and what to do", () => {
    const wanted = { ...auto, recorder: "create" as const };
    assert.throws(
      () => decideSingletons(wanted, { recorder: "default" }, []),
      /security\.singletons\.recorder: would be a second one: the account and Region hold default[^]*fix: +Set it to adopt/,
    );
  });

  it("cannot be adopted where there are none", () => {
    assert.throws(
      () => decideSingletons({ ...auto, securityHub: "adopt" }, {}, []),
      /security\.singletons\.securityHub: is to be adopted, and the account and Region hold none/,
    );
  });

  it("are taken at their word in a plan that asks no account", async () => {
    const wanted = { ...auto, recorder: "adopt" as const, detector: "skip" as const };
    const ask = { access: { region: "us-east-1" }, previous: {}, claim: "/p/s/security/owned", offline: true };
    const decisions = await resolveSingletons({ ...ask, wanted });
    assert.deepEqual([decisions.recorder, decisions.detector, decisions.securityHub], ["adopt", "skip", "create"]);
  });

  it("refuse a lock that outlasts the log files", () => {
    const raw = {
      stage: "dev",
      owner: "t",
      security: { trail: { retentionDays: 90, lock: { mode: "GOVERNANCE", retentionDays: 91 } } },
    };
    assert.throws(
      () => validate({ project: "p", organization: "o", stack: "s" }, raw, "us-east-1"),
      /security\.trail\.lock\.retentionDays: locks log files for longer than they are kept/,
    );
  });
});
