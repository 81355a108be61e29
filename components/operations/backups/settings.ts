import type { Issue } from "../../common/validation";
import type { TableCheck } from "../../../lambdas/restore-check/core";

/** What a component promises after a disaster. */
export interface RecoveryTarget {
  /** Minutes until it works again. */
  readonly rtoMinutes: number;
  /** Minutes of work that may be lost; undefined for what holds no state. */
  readonly rpoMinutes?: number;
}

/** The `backups` section, defaults filled in. */
export interface BackupsSettings {
  /** AWS cron in UTC. */
  readonly schedule: string;
  readonly retentionDays: number;
  /** Days after which a recovery point moves to cold storage. */
  readonly coldStorageAfterDays?: number;
  /** Region that every recovery point is copied to. */
  readonly copyRegion?: string;
  /** Who may delete recovery points before their time: nobody (`compliance`), or a right (`governance`). */
  readonly lock?: {
    readonly mode: "governance" | "compliance";
    /** Days in which a compliance lock can still be taken back. */
    readonly graceDays: number;
  };
  readonly restoreTest?: {
    readonly schedule: string;
    /** Days between two tests, for the alarm on a test that did not come. */
    readonly everyDays: number;
    readonly tables: readonly TableCheck[];
    /** Hours of rows before the copy that are compared. */
    readonly windowHours: number;
  };
  readonly targets: {
    readonly database: RecoveryTarget & { readonly rpoMinutes: number };
    readonly models: RecoveryTarget & { readonly rpoMinutes: number };
    readonly services: Readonly<Record<string, RecoveryTarget>>;
  };
  readonly logRetentionDays: number;
}

/** AWS Backup keeps what is in cold storage 90 days at least. */
const coldStorageDays = 90;

/** What AWS Backup would refuse, or could never keep. Paths are relative to the section. */
export function checkBackups(settings: BackupsSettings, region: string): Issue[] {
  const issues: Issue[] = [];
  const { retentionDays, coldStorageAfterDays, copyRegion } = settings;
  if (coldStorageAfterDays !== undefined && retentionDays < coldStorageAfterDays + coldStorageDays) {
    issues.push({
      path: "coldStorageAfterDays",
      problem: `leaves less than ${coldStorageDays} days in cold storage, AWS's minimum`,
      value: coldStorageAfterDays,
      allowed: `at most ${retentionDays - coldStorageDays} with backups.retentionDays ${retentionDays}`,
      fix: "Raise backups.retentionDays, or leave it out.",
    });
  }
  if (copyRegion === region) {
    issues.push({
      path: "copyRegion",
      problem: "is the stack's own Region, so that one failure takes both",
      value: copyRegion,
      allowed: "another Region",
    });
  }
  return issues;
}
