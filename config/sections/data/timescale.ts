import { z } from "zod";
import { fields, type SectionContext } from "../../section";
import { portField, rotationField, secretNameField, tuningField, windowField } from "./fields";

/** TimescaleDB on EC2, as RDS does not offer the extension. */
export const timescaleSchema = ({ byStage, stage }: SectionContext) =>
  z.strictObject({
    engineVersion: z.enum(["15", "16", "17"]).default("15").meta({ description: "Major version of PostgreSQL" }),
    instanceType: fields
      .instanceType()
      .default(byStage({ dev: "t4g.medium", qa: "t4g.large", prod: "r6g.large" }))
      .meta({ description: "Instance type" }),
    ami: fields.ami().meta({
      description:
        "Debian image on which `timescale-node install` ran, or the SSM parameter that names it; read when a node is made",
    }),
    packages: z
      .enum(["image", "internet"])
      .default("image")
      .meta({ description: "Where PostgreSQL, TimescaleDB and pgBackRest come from: the image, or package archives" }),
    storageGiB: z
      .int()
      .default(byStage({ dev: 20, qa: 50, prod: 100 }))
      .meta({ description: "Data volume at first" }),
    maxStorageGiB: z
      .int()
      .default(byStage({ dev: 50, qa: 200, prod: 500 }))
      .meta({ description: "Size up to which a node grows its volume" }),
    iops: z.int().default(3000).meta({ description: "Operations a second of the data volume" }),
    throughputMiBps: z.int().default(125).meta({ description: "MiB a second of the data volume" }),
    standby: z
      .boolean()
      .default(stage === "prod")
      .meta({ description: "A second node in another zone that streams and can be promoted" }),
    databaseName: z.string().default("platform").meta({ description: "First database" }),
    masterUsername: z.string().default("platform").meta({ description: "Master user" }),
    port: portField(5432),
    secretName: secretNameField(),
    tuning: tuningField("timeseries"),
    backup: z
      .strictObject({
        retentionDays: z
          .int()
          .default(byStage({ dev: 8, qa: 14, prod: 30 }))
          .meta({ description: "Days that any point in time can be restored" }),
        window: windowField("Daily backup window", "03:00-04:00"),
        archiveTimeoutSeconds: z
          .int()
          .default(60)
          .meta({ description: "Most seconds between two archived pieces of WAL; the recovery point" }),
      })
      .prefault({})
      .meta({ description: "pgBackRest to the backups bucket" }),
    maintenanceWindow: windowField("Weekly window in which a node may restart its server", "mon:04:00-mon:05:00"),
    minimumTls: z
      .enum(["1.2", "1.3"])
      .default("1.3")
      .meta({ description: "Lowest version of TLS that clients may speak" }),
    logGroupName: z.string().optional().meta({ description: "Log group; named after the database when absent" }),
    logRetentionDays: fields
      .retentionDays()
      .default(byStage({ dev: 7, qa: 30, prod: 90 }))
      .meta({ description: "Days that logs are kept" }),
    deletionProtection: z
      .boolean()
      .default(stage !== "dev")
      .meta({ description: "Refuse to delete nodes and volumes" }),
    rotationDays: rotationField(),
  });
