/** Named controls, and what of the evidence speaks for or against each. */
import type { Collected, Evidence, Source } from "./evidence";

export interface ControlSettings {
  /** Days that records for the regulator must be locked. */
  readonly recordRetentionDays: number;
  /** Days of automated backups that databases must have. */
  readonly backupDays: number;
}

export interface Control {
  readonly id: string;
  readonly title: string;
  /** Where it is asked for; references only where they are certain. */
  readonly references: readonly string[];
  readonly source: Source;
  /** What is against it, one finding a resource; undefined where it does not apply. */
  readonly judge: (evidence: Evidence, settings: ControlSettings) => readonly string[] | undefined;
}

const cis = (id: string) => `CIS AWS Foundations 3.0.0, ${id}`;
const fsbp = (id: string) => `AWS FSBP, ${id}`;
const documentOf = (number: string, what: string) => `Document ${number}, ${what}`;

/** Findings of those that break a rule; undefined where there are none of the kind. */
function each<T>(all: readonly T[], breaks: (one: T) => string | undefined): readonly string[] | undefined {
  if (all.length === 0) return undefined;
  return all.map(breaks).filter((finding) => finding !== undefined);
}

export const controls: readonly Control[] = [
  {
    id: "audit-trail",
    title: "Every API call of every Region is recorded, in files that show tampering",
    references: [
      cis("3.1"),
      cis("3.2"),
      fsbp("CloudTrail.1"),
      fsbp("CloudTrail.4"),
      documentOf("001", "audit logging"),
      documentOf("004", "CloudTrail"),
    ],
    source: "trails",
    judge: ({ trails }) =>
      trails.some(({ multiRegion, logging, validated }) => multiRegion && logging && validated)
        ? []
        : ["no trail of all Regions records and validates its files"],
  },
  {
    id: "audit-trail-encrypted",
    title: "The trail is encrypted with a customer key",
    references: [cis("3.5"), fsbp("CloudTrail.2")],
    source: "trails",
    judge: ({ trails }) =>
      each(trails, ({ name, encrypted }) => (encrypted ? undefined : `${name} has no customer key`)),
  },
  {
    id: "configuration-recorded",
    title: "Configuration is recorded and its rules hold",
    references: [cis("3.3"), fsbp("Config.1"), documentOf("004", "Config rules")],
    source: "config",
    judge: ({ config }) => [
      ...(config.recording ? [] : ["no recorder is running"]),
      ...config.brokenRules.map((rule) => `rule ${rule} is not met`),
    ],
  },
  {
    id: "threats-detected",
    title: "Threat detection is on",
    references: [fsbp("GuardDuty.1"), documentOf("004", "GuardDuty")],
    source: "detectors",
    judge: ({ detectors }) =>
      detectors.some(({ enabled }) => enabled) ? [] : ["GuardDuty has no detector that is on"],
  },
  {
    id: "network-logged",
    title: "Network traffic is logged",
    references: [cis("3.7"), fsbp("EC2.6"), documentOf("001", "VPC flow logs"), documentOf("004", "VPC flow logs")],
    source: "networks",
    judge: ({ networks }) => each(networks, ({ id, hasFlowLog }) => (hasFlowLog ? undefined : `${id} has no flow log`)),
  },
  {
    id: "backups-made",
    title: "Backups are made",
    references: [documentOf("001", "backup strategy"), documentOf("004", "backup strategy")],
    source: "backup",
    judge: ({ backup }) => [
      ...(backup.completed > 0 ? [] : ["no backup was completed"]),
      ...backup.failed.map((job) => `backup ${job}`),
    ],
  },
  {
    id: "backups-proven",
    title: "Backups are restored and compared with their source",
    references: [documentOf("001", "backup verification"), documentOf("003", "test disaster recovery")],
    source: "backup",
    judge: ({ backup }) => [
      ...(backup.restoreTestsPassed > 0 ? [] : ["no restore test passed"]),
      ...backup.restoreTestsFailed.map((job) => `restore test ${job}`),
    ],
  },
  {
    id: "database-backups-kept",
    title: "Databases can be taken back to any minute of the promised days",
    references: [fsbp("RDS.11"), documentOf("001", "30 days"), documentOf("004", "30 days")],
    source: "databases",
    judge: ({ databases }, { backupDays }) =>
      each(
        databases.filter(({ isReplica }) => !isReplica),
        ({ id, backupDays: days }) =>
          days >= backupDays ? undefined : `${id} keeps ${days} days, ${backupDays} are asked for`,
      ),
  },
  {
    id: "databases-encrypted",
    title: "Databases are encrypted at rest",
    references: [cis("2.3.1"), fsbp("RDS.3"), documentOf("001", "encryption at rest"), documentOf("004", "at rest")],
    source: "databases",
    judge: ({ databases }) =>
      each(databases, ({ id, encrypted }) => (encrypted ? undefined : `${id} is not encrypted`)),
  },
  {
    id: "databases-private",
    title: "Databases have no public address",
    references: [cis("2.3.3"), fsbp("RDS.2")],
    source: "databases",
    judge: ({ databases }) => each(databases, ({ id, isPublic }) => (isPublic ? `${id} is public` : undefined)),
  },
  {
    id: "volumes-encrypted",
    title: "Volumes are encrypted, new ones without being asked",
    references: [cis("2.2.1"), fsbp("EC2.3"), fsbp("EC2.7"), documentOf("001", "encryption at rest")],
    source: "volumes",
    judge: ({ volumes, encryptionByDefault }) => [
      ...(encryptionByDefault ? [] : ["encryption by default is off in this Region"]),
      ...(each(volumes, ({ id, encrypted }) => (encrypted ? undefined : `${id} is not encrypted`)) ?? []),
    ],
  },
  {
    id: "instances-private",
    title: "Instances have no public address",
    references: [fsbp("EC2.9"), documentOf("000", "no public IP in production")],
    source: "instances",
    judge: ({ instances }) =>
      each(instances, ({ id, publicIp }) => (publicIp === undefined ? undefined : `${id} has ${publicIp}`)),
  },
  {
    id: "instances-imdsv2",
    title: "Instances answer for their credentials by IMDSv2 only",
    references: [cis("5.6"), fsbp("EC2.8")],
    source: "instances",
    judge: ({ instances }) => each(instances, ({ id, imdsV2 }) => (imdsV2 ? undefined : `${id} answers IMDSv1`)),
  },
  {
    id: "buckets-closed",
    title: "Buckets let no public in",
    references: [cis("2.1.4"), fsbp("S3.8")],
    source: "buckets",
    judge: ({ buckets }) => each(buckets, ({ name, closed }) => (closed ? undefined : `${name} may become public`)),
  },
  {
    id: "buckets-encrypted",
    title: "Buckets are encrypted and keep versions",
    references: [fsbp("S3.14"), documentOf("001", "versioning on all buckets"), documentOf("004", "S3")],
    source: "buckets",
    judge: ({ buckets }) =>
      each(buckets, ({ name, encrypted, versioned }) => {
        const problems = [encrypted ? "" : "is not encrypted", versioned ? "" : "keeps no versions"].filter(Boolean);
        return problems.length > 0 ? `${name} ${problems.join(" and ")}` : undefined;
      }),
  },
  {
    id: "records-locked",
    title: "Records for the regulator can be neither changed nor deleted for as long as they must be kept",
    references: [
      "SEC 17a-4(f)(2)(i)(B), non-rewriteable and non-erasable",
      "SEC 17a-4(a), six years",
      documentOf("001", "compliance bucket"),
    ],
    source: "buckets",
    judge: ({ buckets }, { recordRetentionDays }) =>
      each(
        buckets.filter(({ purpose }) => purpose === "compliance"),
        ({ name, lock }) => {
          if (!lock) return `${name} is not locked`;
          if (lock.mode !== "COMPLIANCE") return `${name} is locked as ${lock.mode}, which a right can lift`;
          if (lock.days < recordRetentionDays)
            return `${name} is locked for ${lock.days} days, ${recordRetentionDays} are asked for`;
          return undefined;
        },
      ),
  },
  {
    id: "logs-kept",
    title: "Logs are kept for a set time",
    references: [fsbp("CloudWatch.16"), documentOf("001", "data retention"), documentOf("004", "log retention")],
    source: "logGroups",
    judge: ({ logGroups }) =>
      each(logGroups, ({ name, retentionDays }) =>
        retentionDays === undefined ? `${name} is kept for ever` : undefined,
      ),
  },
];

export type Status = "met" | "not met" | "unknown" | "does not apply";

export interface Verdict {
  readonly id: string;
  readonly title: string;
  readonly references: readonly string[];
  readonly status: Status;
  readonly findings: readonly string[];
}

/** Each control's verdict. Evidence that could not be had is never taken for good. */
export function judgeAll({ evidence, unavailable }: Collected, settings: ControlSettings): Verdict[] {
  return controls.map(({ id, title, references, source, judge }): Verdict => {
    const missing = unavailable[source];
    if (missing !== undefined || evidence[source] === undefined)
      return { id, title, references, status: "unknown", findings: [missing ?? "there is no evidence"] };
    const findings = judge(evidence as Evidence, settings);
    if (findings === undefined) return { id, title, references, status: "does not apply", findings: [] };
    return { id, title, references, status: findings.length > 0 ? "not met" : "met", findings };
  });
}
