import { z } from "zod";
import { fields, type SectionContext } from "../../section";
import { portField, rotationField, secretNameField, tuningField, windowField } from "./fields";

const replica = z.strictObject({
  instanceClass: z.string().optional().meta({ description: "Class; the primary's when absent" }),
  zone: z.string().optional().meta({ description: "Zone; chosen by RDS when absent" }),
  region: z.string().optional().meta({ description: "Another Region, for recovery" }),
  network: z
    .strictObject({
      vpcId: z.string().meta({ description: "VPC there" }),
      subnetIds: z.array(z.string()).meta({ description: "Subnets there, in two zones" }),
      clientCidrs: z.array(fields.cidr()).default([]).meta({ description: "Addresses of the clients there" }),
    })
    .optional()
    .meta({ description: "The network in the other Region" }),
});

/** PostgreSQL on RDS. */
export const postgresSchema = ({ byStage, stage }: SectionContext) =>
  z.strictObject({
    engineVersion: z.string().default("15").meta({
      description: "Major version, whose supported minor AWS picks and keeps current, or one minor such as 15.15",
      allowed: "15 (AWS picks the minor) or a minor that RDS still creates",
    }),
    instanceClass: z
      .string()
      .default(byStage({ dev: "db.t4g.medium", qa: "db.t4g.large", prod: "db.r6g.large" }))
      .meta({ description: "Instance class", allowed: "an RDS class such as db.r6g.large" }),
    storageGiB: z
      .int()
      .default(byStage({ dev: 20, qa: 50, prod: 100 }))
      .meta({ description: "Storage at first" }),
    maxStorageGiB: z
      .int()
      .default(byStage({ dev: 100, qa: 200, prod: 500 }))
      .meta({ description: "Size up to which storage grows by itself" }),
    storageType: z.enum(["gp3", "io2"]).default("gp3").meta({ description: "Kind of storage" }),
    iops: z.int().optional().meta({ description: "Operations a second beyond the base" }),
    throughputMiBps: z.int().optional().meta({ description: "MiB a second beyond the base" }),
    multiAz: z
      .boolean()
      .default(stage === "prod")
      .meta({ description: "A standby in a second zone that takes over by itself" }),
    readReplicas: z
      .record(z.string(), replica)
      .default({})
      .meta({ description: "Read replicas by a short name, here or in another Region" }),
    databaseName: z.string().default("platform").meta({ description: "First database" }),
    masterUsername: z.string().default("platform").meta({ description: "Master user" }),
    port: portField(5432),
    minimumTls: z
      .enum(["1.2", "1.3"])
      .default("1.2")
      .meta({ description: "Lowest version of TLS that clients may speak" }),
    secretName: secretNameField(),
    tuning: tuningField("web"),
    backup: z
      .strictObject({
        retentionDays: z
          .int()
          .default(byStage({ dev: 1, qa: 7, prod: 30 }))
          .meta({ description: "Days that any point in time can be restored" }),
        window: windowField("Daily backup window", "03:00-04:00"),
        copyRegion: z.string().optional().meta({ description: "Region that backups are copied to" }),
      })
      .prefault({})
      .meta({ description: "Backups" }),
    maintenanceWindow: windowField("Weekly maintenance window", "mon:04:30-mon:05:30"),
    deletionProtection: z
      .boolean()
      .default(stage !== "dev")
      .meta({ description: "Refuse to delete the database" }),
    finalSnapshot: z
      .boolean()
      .default(stage !== "dev")
      .meta({ description: "Take a snapshot when the database is deleted" }),
    applyImmediately: z
      .boolean()
      .default(stage === "dev")
      .meta({ description: "Apply changes at once instead of in the maintenance window" }),
    monitoringIntervalSeconds: z
      .int()
      .default(byStage({ dev: 0, qa: 60, prod: 60 }))
      .meta({ description: "Period of enhanced monitoring; 0 for none" }),
    performanceInsightsDays: z
      .int()
      .default(7)
      .meta({ description: "Days of Performance Insights; 0 for none, 7 are free" }),
    logRetentionDays: fields
      .retentionDays()
      .default(byStage({ dev: 7, qa: 30, prod: 90 }))
      .meta({ description: "Days that logs are kept" }),
    rotationDays: rotationField(),
  });
