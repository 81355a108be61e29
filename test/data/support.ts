import type { DataNetwork } from "../../components/data/database";
import type { PostgresSettings } from "../../components/data/postgres-database";
import type { RedisSettings } from "../../components/data/redis-cache";
import type { TimescaleSettings } from "../../components/data/timescale-database";

/** A network of three zones with one client, as TradingVpc gives it. */
export const network: DataNetwork = {
  vpcId: "vpc-0123456789abcdef0",
  vpcCidr: "10.0.0.0/16",
  dataSubnets: ["a", "b", "c"].map((letter, index) => ({
    id: `subnet-0000000000000000${letter}`,
    zone: `us-east-1${letter}`,
    cidr: `10.0.${20 + index}.0/24`,
  })),
  clientSecurityGroupIds: { nodes: "sg-0123456789abcdef0" },
  s3PrefixListId: "pl-63a5400a",
};

/** A right PostgreSQL that tests change in one place. */
export const postgres: PostgresSettings = {
  engineVersion: "15",
  instanceClass: "db.r6g.large",
  storageGiB: 100,
  maxStorageGiB: 500,
  storageType: "gp3",
  multiAz: true,
  readReplicas: { reader: {} },
  databaseName: "platform",
  masterUsername: "platform",
  port: 5432,
  minimumTls: "1.2",
  tuning: { profile: "web" },
  backup: { retentionDays: 30, window: "03:00-04:00" },
  maintenanceWindow: "Mon:04:00-Mon:05:00",
  deletionProtection: true,
  finalSnapshot: true,
  applyImmediately: false,
  monitoringIntervalSeconds: 60,
  performanceInsightsDays: 7,
  logRetentionDays: 90,
  rotationDays: 30,
};

/** A right Redis that tests change in one place. */
export const redis: RedisSettings = {
  engineVersion: "7.1",
  nodeType: "cache.r7g.large",
  clusterMode: true,
  shards: 1,
  replicasPerShard: 2,
  multiAz: true,
  automaticFailover: true,
  port: 6379,
  evictionPolicy: "allkeys-lru",
  reservedMemoryPercent: 25,
  snapshots: { retentionDays: 7, window: "05:00-06:00" },
  maintenanceWindow: "sun:06:30-sun:07:30",
  finalSnapshot: true,
  protected: true,
  applyImmediately: false,
  logRetentionDays: 90,
  rotationDays: 30,
};

/** A right TimescaleDB that tests change in one place. */
export const timescale: TimescaleSettings = {
  engineVersion: "15",
  instanceType: "r6g.large",
  ami: "ami-0123456789abcdef0",
  packages: "image",
  storageGiB: 100,
  maxStorageGiB: 500,
  iops: 3000,
  throughputMiBps: 125,
  standby: true,
  databaseName: "market",
  masterUsername: "market",
  port: 5432,
  tuning: { profile: "timeseries" },
  backup: { retentionDays: 30, window: "03:00-04:00", archiveTimeoutSeconds: 60 },
  maintenanceWindow: "Mon:04:00-Mon:05:00",
  minimumTls: "1.3",
  logGroupName: "/rds/clever-better",
  logRetentionDays: 90,
  deletionProtection: true,
  rotationDays: 30,
};
