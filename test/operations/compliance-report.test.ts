import assert from "node:assert/strict";
import { checkCompliance, reportStatements } from "../../components/operations/compliance-report";
import { validate } from "../../config";
import { controls, judgeAll, type Status } from "../../lambdas/compliance-report/controls";
import type { Evidence, Source } from "../../lambdas/compliance-report/evidence";
import { renderHtml, sentence, summarize, type Report } from "../../lambdas/compliance-report/render";
import { evaluateBlueprint } from "../support/blueprint";
import { allows } from "../support/iam";
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
