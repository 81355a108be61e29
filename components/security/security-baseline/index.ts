import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Cloud } from "../../common/iam";
import { createBucket } from "../../common/bucket";
import { EncryptionKey } from "../encryption-key";
import { configBucketStatements, createConfig } from "./config-recorder";
import { createAccessAnalyzer, createAccountSettings, createDetector, createSecurityHub } from "./detection";
import { routeFindings, type FindingTopics } from "./findings";
import { singletons, type Decision, type Singleton } from "./singletons";
import { createTrail, trailArn, trailBucketStatements } from "./trail";

export {
  decideSingletons,
  ownerships,
  singletons,
  type Decision,
  type Existing,
  type Ownership,
  type Singleton,
} from "./singletons";
export { claimName, resolveSingletons } from "./discover";

export interface SecurityBaselineArgs {
  readonly cloud: Cloud;
  /** What to make of each account-wide singleton; see `decideSingletons`. */
  readonly decisions: Readonly<Record<Singleton, Decision>>;
  /** Parameter in which the stack says which of them are its own; see `claimName`. */
  readonly claim: string;
  readonly trail: {
    /** Days that events stay in CloudWatch Logs. */
    readonly logRetentionDays: number;
    /** Days that log files stay in the audit bucket. */
    readonly retentionDays: number;
    /** Write-once retention of the audit bucket. @default no lock */
    readonly lock?: { readonly mode: "COMPLIANCE" | "GOVERNANCE"; readonly retentionDays: number };
  };
  /** Buckets whose object reads and writes are recorded: compliance records, model artifacts. @default [] */
  readonly dataEventBucketArns?: readonly pulumi.Input<string>[];
  /** Where findings go; without topics they stay in their consoles. */
  readonly topics?: FindingTopics;
  /** Keep the audit bucket and its key when the stack is destroyed. @default true */
  readonly protected?: boolean;
}

/**
 * What an account needs before anything trades in it: a trail of every call, threat detection, configuration history with
 * rules, an analyser of outside access, Security Hub's standards, and safe account defaults.
 *
 * Makes: audit key and bucket, a multi-Region CloudTrail trail with validated files (S3 and CloudWatch Logs) and data events
 * of the named buckets, GuardDuty with its protections, a Config recorder with managed rules, Access Analyzer, Security Hub,
 * account settings (EBS encryption and IMDSv2 by default, no public snapshots, images or buckets, no serial console), and
 * EventBridge routes of findings to the alarm topics.
 *
 * A parameter that claims what is the stack's own (`claimName`). What an account can hold only once is created, adopted or skipped by `decisions`, so that a second stack does not fail.
 * Cost driver: events and configuration items; some 10 to 50 USD a month in a quiet account.
 */
export class SecurityBaseline extends pulumi.ComponentResource {
  readonly auditBucketName: pulumi.Output<string>;
  readonly auditKeyArn: pulumi.Output<string>;
  readonly trailArn: pulumi.Output<string>;
  /** Singletons that this stack owns; kept in the stack's outputs, so that the next deployment knows. */
  readonly owned: readonly Singleton[];

  constructor(name: string, args: SecurityBaselineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:security:SecurityBaseline", name, {}, opts);
    const { cloud, decisions } = args;
    const child = { parent: this };
    const creates = (one: Singleton) => decisions[one] === "create";

    this.owned = singletons.filter(creates);
    // The claim comes first: a deployment that ends in the middle must know its own detector again.
    const claim = this.owned.length > 0 ? [this.createClaim(name, args.claim)] : [];
    const claimed = { ...child, dependsOn: claim };

    const kept = args.protected ?? true;
    const key = new EncryptionKey(
      `${name}-audit`,
      {
        cloud,
        description: "Audit trail and configuration history",
        usedBy: ["cloudtrail", "config", "logs"],
        retain: kept,
      },
      child,
    );
    const audit = this.createAuditBucket(name, args, key, kept);
    const trail = createTrail(
      name,
      {
        cloud,
        bucketName: audit.bucket.bucket,
        bucketPolicy: audit.policy,
        kmsKeyArn: key.arn,
        logRetentionDays: args.trail.logRetentionDays,
        dataEventBucketArns: args.dataEventBucketArns ?? [],
      },
      child,
    );
    if (creates("detector")) createDetector(name, claimed);
    if (decisions.recorder !== "skip") {
      createConfig(
        name,
        {
          cloud,
          bucketName: audit.bucket.bucket,
          bucketArn: audit.bucket.arn,
          bucketPolicy: audit.policy,
          kmsKeyArn: key.arn,
          createRecorder: creates("recorder"),
        },
        claimed,
      );
    }
    if (creates("securityHub")) createSecurityHub(name, cloud, claimed);
    if (creates("accessAnalyzer")) createAccessAnalyzer(name, claimed);
    if (creates("accountSettings")) createAccountSettings(name, child);
    if (args.topics) routeFindings(name, args.topics, child);

    this.auditBucketName = audit.bucket.bucket;
    this.auditKeyArn = key.arn;
    this.trailArn = trail.arn;
    this.registerOutputs({ auditBucketName: this.auditBucketName, trailArn: this.trailArn, owned: this.owned });
  }

  private createClaim(name: string, parameter: string): aws.ssm.Parameter {
    return new aws.ssm.Parameter(
      `${name}-owned`,
      {
        name: parameter,
        type: "StringList",
        value: this.owned.join(","),
        description: "What this stack owns of the things that an account and Region hold once",
      },
      { parent: this },
    );
  }

  private createAuditBucket(name: string, args: SecurityBaselineArgs, key: EncryptionKey, kept: boolean) {
    return createBucket(
      `${name}-audit`,
      {
        kind: "audit",
        settings: {
          encryption: "kms",
          expireAfterDays: args.trail.retentionDays,
          keepOldVersionsDays: 30,
          lock: args.trail.lock,
        },
        cloud: args.cloud,
        kmsKeyArn: key.arn,
        protected: kept,
        statements: (bucketArn) => [
          ...trailBucketStatements(bucketArn, trailArn(args.cloud), args.cloud),
          ...configBucketStatements(bucketArn, args.cloud),
        ],
      },
      this,
    );
  }
}
