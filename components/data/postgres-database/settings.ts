import type { Issue } from "../../common/validation";
import { checkSubnets, type DataSubnet } from "../database";
import { classSize } from "../memory";
import { checkTuning, type TuningSettings } from "../tuning";
import { checkWindows } from "../windows";

/** A copy that takes reads, here or in another Region for recovery. */
export interface ReadReplicaSettings {
  /** @default the primary's class */
  readonly instanceClass?: string;
  /** Zone of the replica. @default RDS chooses */
  readonly zone?: string;
  /** Region where it is not the primary's; needs the network there. @default the primary's */
  readonly region?: string;
  /** Subnets of two zones, VPC and the addresses of clients in the other Region. */
  readonly network?: {
    readonly vpcId: string;
    readonly subnetIds: readonly string[];
    readonly clientCidrs: readonly string[];
  };
}

/** A managed PostgreSQL in plain values. */
export interface PostgresSettings {
  /** A major version, whose supported minor AWS picks and keeps current, or one minor such as 15.15. */
  readonly engineVersion: string;
  readonly instanceClass: string;
  readonly storageGiB: number;
  /** Storage grows by itself up to this size. */
  readonly maxStorageGiB: number;
  readonly storageType: "gp3" | "io2";
  /** Beyond the base that comes with the size; for gp3 only from 400 GiB. @default the base */
  readonly iops?: number;
  readonly throughputMiBps?: number;
  /** A standby in a second zone that takes over by itself. */
  readonly multiAz: boolean;
  /** By a name of one's choice, which is part of the replica's identifier. */
  readonly readReplicas: Readonly<Record<string, ReadReplicaSettings>>;
  readonly databaseName: string;
  readonly masterUsername: string;
  readonly port: number;
  /** Lowest version of TLS that clients may speak. */
  readonly minimumTls: "1.2" | "1.3";
  /** Name of the master secret where a requirement fixes it. @default Pulumi's own name */
  readonly secretName?: string;
  readonly tuning: TuningSettings;
  readonly backup: {
    readonly retentionDays: number;
    /** Daily, UTC. */
    readonly window: string;
    /** Region that snapshots and logs are copied to. @default none */
    readonly copyRegion?: string;
  };
  /** Weekly, UTC. */
  readonly maintenanceWindow: string;
  readonly deletionProtection: boolean;
  readonly finalSnapshot: boolean;
  /** Changes wait for the maintenance window unless this is set. */
  readonly applyImmediately: boolean;
  /** Period of enhanced monitoring; 0 turns it off. */
  readonly monitoringIntervalSeconds: number;
  /** 0 turns Performance Insights off. */
  readonly performanceInsightsDays: number;
  readonly logRetentionDays: number;
  /** Days between rotations of the master password; 0 leaves it to people. */
  readonly rotationDays: number;
}

/** Minors that RDS no longer creates end here, by major. Source: RDS's retirement notice of May 2026. */
const oldestMinors: Readonly<Record<string, number>> = { "14": 18, "15": 13, "16": 9, "17": 5 };

function checkVersion(version: string): Issue[] {
  const [, major = "", minor] = /^(\d+)(?:\.(\d+))?$/.exec(version) ?? [];
  const oldest = oldestMinors[major];
  const majors = Object.keys(oldestMinors).join(", ");
  if (oldest === undefined) {
    return [
      {
        path: "engineVersion",
        problem: "is not a major version of PostgreSQL that RDS supports",
        value: version,
        allowed: `${majors}, or a minor of these`,
      },
    ];
  }
  if (minor === undefined || Number(minor) >= oldest) return [];
  return [
    {
      path: "engineVersion",
      problem: "is a minor version that RDS no longer creates",
      value: version,
      allowed: `${major} (AWS picks the minor), or ${major}.${oldest} and later`,
      fix: `Write "${major}": the same major, always at a supported minor.`,
    },
  ];
}

/** Parameters of extensions that only a self-managed server has. */
function checkExtensions(settings: PostgresSettings): Issue[] {
  return Object.keys(settings.tuning.parameters ?? {})
    .filter((name) => name.startsWith("timescaledb."))
    .map((name) => ({
      path: `tuning.parameters.${name}`,
      problem: "belongs to TimescaleDB, which RDS does not offer",
      fix: "Use data.timescale for a database with this extension.",
    }));
}

function checkStorage(settings: PostgresSettings): Issue[] {
  const issues: Issue[] = [];
  const { storageGiB, maxStorageGiB, storageType, iops, throughputMiBps } = settings;
  const least = storageType === "io2" ? 100 : 20;
  if (!Number.isInteger(storageGiB) || storageGiB < least || storageGiB > 65_536) {
    issues.push({
      path: "storageGiB",
      problem: `is no size of ${storageType} storage`,
      value: storageGiB,
      allowed: `${least} to 65536`,
    });
  }
  // RDS refuses a ceiling that leaves less than a tenth to grow.
  if (maxStorageGiB < Math.ceil(storageGiB * 1.1)) {
    issues.push({
      path: "maxStorageGiB",
      problem: `leaves less than 10 % above storageGiB (${storageGiB}) to grow`,
      value: maxStorageGiB,
      allowed: `at least ${Math.ceil(storageGiB * 1.1)}`,
    });
  }
  if (storageType === "gp3" && storageGiB < 400 && (iops !== undefined || throughputMiBps !== undefined)) {
    issues.push({
      path: iops === undefined ? "throughputMiBps" : "iops",
      problem: "cannot be chosen for gp3 below 400 GiB, where RDS gives 3000 operations and 125 MiB a second",
      value: iops ?? throughputMiBps,
      fix: "Leave it out, or take at least 400 GiB.",
    });
  }
  if (storageType === "io2" && iops === undefined) {
    issues.push({ path: "iops", problem: "is missing; io2 has no base", allowed: "1000 to 256000" });
  }
  return issues;
}

function checkNames(settings: PostgresSettings): Issue[] {
  const issues: Issue[] = [];
  if (!/^[A-Za-z]\w{0,62}$/.test(settings.databaseName)) {
    issues.push({
      path: "databaseName",
      problem: "is not a name that PostgreSQL takes unquoted",
      value: settings.databaseName,
      allowed: "a letter, then at most 62 letters, digits and underscores",
    });
  }
  const reserved = ["admin", "rdsadmin", "rds_superuser", "public", "user"];
  if (!/^[A-Za-z]\w{0,15}$/.test(settings.masterUsername) || reserved.includes(settings.masterUsername.toLowerCase())) {
    issues.push({
      path: "masterUsername",
      problem: "is not a name for the master user",
      value: settings.masterUsername,
      allowed: `a letter, then at most 15 letters, digits and underscores, and none of ${reserved.join(", ")}`,
    });
  }
  if (!Number.isInteger(settings.port) || settings.port < 1150 || settings.port > 65_535) {
    issues.push({
      path: "port",
      problem: "is no port of a database",
      value: settings.port,
      allowed: "1150 to 65535; 5432 is usual",
    });
  }
  return issues;
}

/** Shortest backup and maintenance windows that RDS takes. */
const windowMinutes = 30;

function checkOperation(settings: PostgresSettings, region: string): Issue[] {
  const issues: Issue[] = [];
  const { backup, monitoringIntervalSeconds: interval, performanceInsightsDays: insights } = settings;
  if (!Number.isInteger(backup.retentionDays) || backup.retentionDays < 1 || backup.retentionDays > 35) {
    issues.push({
      path: "backup.retentionDays",
      problem: "is no retention of RDS backups; without backups there is no point-in-time recovery and no replica",
      value: backup.retentionDays,
      allowed: "1 to 35",
      fix: "Keep longer copies with the section backups.",
    });
  }
  if (backup.copyRegion === region) {
    issues.push({
      path: "backup.copyRegion",
      problem: "is the Region of the database itself",
      value: region,
      fix: "Name another Region.",
    });
  }
  if (![0, 1, 5, 10, 15, 30, 60].includes(interval)) {
    issues.push({
      path: "monitoringIntervalSeconds",
      problem: "is no period of enhanced monitoring",
      value: interval,
      allowed: "0 (off), 1, 5, 10, 15, 30 or 60",
    });
  }
  if (insights !== 0 && insights !== 7 && insights !== 731 && (insights % 31 !== 0 || insights < 0 || insights > 731)) {
    issues.push({
      path: "performanceInsightsDays",
      problem: "is no retention of Performance Insights",
      value: insights,
      allowed: "0 (off), 7, a multiple of 31, or 731",
    });
  }
  return [
    ...issues,
    ...checkWindows(
      { path: "backup.window", window: backup.window },
      { path: "maintenanceWindow", window: settings.maintenanceWindow },
      windowMinutes,
    ),
  ];
}

/** Most replicas of one primary. */
const maximumReplicas = 15;

function checkReplica(path: string, replica: ReadReplicaSettings, region: string): Issue[] {
  const issues: Issue[] = [];
  if (replica.instanceClass !== undefined && !classSize(replica.instanceClass)) {
    issues.push({
      path: `${path}.instanceClass`,
      problem: "is not a class whose memory is known",
      value: replica.instanceClass,
    });
  }
  if (replica.region === region) {
    issues.push({
      path: `${path}.region`,
      problem: "is the primary's Region",
      value: region,
      fix: "Leave the Region out for a replica beside the primary.",
    });
  } else if (replica.region !== undefined && !replica.network) {
    issues.push({
      path: `${path}.network`,
      problem: `is missing: a replica in ${replica.region} needs that Region's VPC, subnets and clients`,
      fix: "Set network.vpcId, network.subnetIds (two zones) and network.clientCidrs.",
    });
  } else if (replica.region !== undefined && (replica.network?.subnetIds.length ?? 0) < 2) {
    issues.push({ path: `${path}.network.subnetIds`, problem: "are fewer than two", allowed: "subnets in two zones" });
  } else if (replica.region === undefined && replica.network) {
    issues.push({
      path: `${path}.network`,
      problem: "is given without a region",
      fix: "Set region, or remove network.",
    });
  }
  return issues;
}

function checkReplicas(settings: PostgresSettings, region: string, zones: readonly string[] | undefined): Issue[] {
  const issues: Issue[] = [];
  const replicas = Object.entries(settings.readReplicas);
  if (replicas.length > maximumReplicas) {
    issues.push({
      path: "readReplicas",
      problem: `are ${replicas.length}; RDS takes ${maximumReplicas} of one primary`,
      allowed: `at most ${maximumReplicas}`,
    });
  }
  for (const [key, replica] of replicas) {
    const path = `readReplicas.${key}`;
    if (!/^[a-z][a-z0-9]{0,14}$/.test(key)) {
      issues.push({
        path,
        problem: "is not a name for a replica",
        allowed: "at most 15 lower-case letters and digits",
      });
    }
    issues.push(...checkReplica(path, replica, region));
    if (zones && replica.zone !== undefined && replica.region === undefined && !zones.includes(replica.zone)) {
      issues.push({
        path: `${path}.zone`,
        problem: "has no data subnet",
        value: replica.zone,
        allowed: zones.join(", "),
      });
    }
  }
  return issues;
}

/** Everything that RDS, or a running database, would refuse; subnets are checked where they are known. */
export function checkPostgres(settings: PostgresSettings, region: string, subnets?: readonly DataSubnet[]): Issue[] {
  return [
    ...checkVersion(settings.engineVersion),
    ...checkTuning(settings.tuning, settings.instanceClass, "instanceClass"),
    ...checkExtensions(settings),
    ...checkStorage(settings),
    ...checkNames(settings),
    ...checkOperation(settings, region),
    ...checkReplicas(
      settings,
      region,
      subnets?.map(({ zone }) => zone),
    ),
    ...(subnets ? checkSubnets(subnets, 2, settings.multiAz ? "a standby in another zone" : "RDS's subnet group") : []),
  ];
}
