import type { Issue } from "../../common/validation";
import { checkSubnets, type DataSubnet } from "../database";
import { checkTuning, type TuningSettings } from "../tuning";
import { checkWindows } from "../windows";

/** A self-managed TimescaleDB in plain values. */
export interface TimescaleSettings {
  /** Major version of PostgreSQL. */
  readonly engineVersion: "15" | "16" | "17";
  readonly instanceType: string;
  /** Image with PostgreSQL, TimescaleDB and pgBackRest, or one that reaches their package archives. */
  readonly ami: string;
  /** `image`: the image has everything (data subnets reach no archive); `internet`: install at first boot. */
  readonly packages: "image" | "internet";
  readonly storageGiB: number;
  /** The node grows its volume by itself up to this size. */
  readonly maxStorageGiB: number;
  readonly iops: number;
  readonly throughputMiBps: number;
  /** A second node in another zone that streams and can be promoted. */
  readonly standby: boolean;
  readonly databaseName: string;
  readonly masterUsername: string;
  readonly port: number;
  readonly secretName?: string;
  readonly tuning: TuningSettings;
  readonly backup: {
    readonly retentionDays: number;
    /** Daily, UTC: full on Sundays, differential on other days. */
    readonly window: string;
    /** Most time between two archived pieces of WAL: what a loss of both nodes can cost. */
    readonly archiveTimeoutSeconds: number;
  };
  /** Weekly, UTC: parameters that need a restart take effect here. */
  readonly maintenanceWindow: string;
  readonly minimumTls: "1.2" | "1.3";
  readonly logGroupName: string;
  readonly logRetentionDays: number;
  readonly deletionProtection: boolean;
  /** Days between rotations of the master password; 0 leaves it to people. */
  readonly rotationDays: number;
}

/** Recovery point of document 004, in seconds. */
export const recoveryPointSeconds = 300;

function checkVolume(settings: TimescaleSettings): Issue[] {
  const issues: Issue[] = [];
  const { storageGiB, maxStorageGiB, iops, throughputMiBps } = settings;
  if (!Number.isInteger(storageGiB) || storageGiB < 20 || storageGiB > 16_384) {
    issues.push({
      path: "storageGiB",
      problem: "is no size for the data volume",
      value: storageGiB,
      allowed: "20 to 16384",
    });
  }
  if (maxStorageGiB < storageGiB || maxStorageGiB > 16_384) {
    issues.push({
      path: "maxStorageGiB",
      problem: `is not between storageGiB (${storageGiB}) and the largest gp3 volume`,
      value: maxStorageGiB,
      allowed: `${storageGiB} to 16384`,
    });
  }
  const mostIops = Math.min(16_000, Math.max(3000, storageGiB * 500));
  if (iops < 3000 || iops > mostIops) {
    issues.push({
      path: "iops",
      problem: `is outside of what a gp3 volume of ${storageGiB} GiB gives`,
      value: iops,
      allowed: `3000 to ${mostIops}`,
    });
  } else if (throughputMiBps < 125 || throughputMiBps > Math.min(1000, iops / 4)) {
    issues.push({
      path: "throughputMiBps",
      problem: `is outside of what ${iops} operations a second carry`,
      value: throughputMiBps,
      allowed: `125 to ${Math.min(1000, iops / 4)}`,
    });
  }
  return issues;
}

/** Everything that would keep the nodes from starting, or from keeping their promise; subnets where they are known. */
export function checkTimescale(settings: TimescaleSettings, subnets?: readonly DataSubnet[]): Issue[] {
  const issues = [...checkTuning(settings.tuning, settings.instanceType, "instanceType"), ...checkVolume(settings)];
  for (const [path, limit] of [
    ["databaseName", 63],
    ["masterUsername", 63],
  ] as const) {
    const name = settings[path];
    if (/^[a-z]\w*$/.test(name) && name.length <= limit && name !== "postgres" && name !== "replicator") continue;
    issues.push({
      path,
      problem: "is not a free name that PostgreSQL takes unquoted",
      value: name,
      allowed: "a lower-case letter, then letters, digits and underscores; not postgres or replicator",
    });
  }
  const { retentionDays, window, archiveTimeoutSeconds } = settings.backup;
  if (!Number.isInteger(retentionDays) || retentionDays < 8 || retentionDays > 3650) {
    issues.push({
      path: "backup.retentionDays",
      problem: "is no retention of backups whose full one comes weekly",
      value: retentionDays,
      allowed: "8 to 3650",
    });
  }
  if (archiveTimeoutSeconds < 30 || archiveTimeoutSeconds > recoveryPointSeconds) {
    issues.push({
      path: "backup.archiveTimeoutSeconds",
      problem: `does not keep the recovery point of ${recoveryPointSeconds / 60} minutes`,
      value: archiveTimeoutSeconds,
      allowed: `30 to ${recoveryPointSeconds}`,
    });
  }
  issues.push(
    ...checkWindows(
      { path: "backup.window", window },
      { path: "maintenanceWindow", window: settings.maintenanceWindow },
      30,
    ),
  );
  if (subnets) issues.push(...checkSubnets(subnets, settings.standby ? 2 : 1, "a standby in another zone"));
  return issues;
}
