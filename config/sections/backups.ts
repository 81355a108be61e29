import { z } from "zod";
import { checkBackups } from "../../components/operations/backups/settings";
import type { Issue } from "../../components/common/validation";
import { defineSection, fields } from "../section";

const cron = () =>
  z
    .string()
    .regex(/^cron\(([^\s()]+ ){5}[^\s()]+\)$/, { error: "is not an AWS cron expression" })
    .meta({ allowed: "six fields such as cron(0 5 * * ? *), in UTC; 1 is Sunday" });

const minutes = () => z.int().min(1).max(525_600);

const target = (what: string, rtoMinutes: number, rpoMinutes: number) =>
  z
    .strictObject({
      rtoMinutes: minutes().default(rtoMinutes).meta({ description: "Minutes until it works again" }),
      rpoMinutes: minutes().default(rpoMinutes).meta({ description: "Minutes of work that may be lost" }),
    })
    .prefault({})
    .meta({ description: what });

interface ServicesSettings {
  readonly services?: Readonly<Record<string, unknown>>;
}

/** Targets of services that the stack does not have. */
function checkServices(targets: Readonly<Record<string, unknown>>, services: ServicesSettings | undefined): Issue[] {
  const known = Object.keys(services?.services ?? {});
  return Object.keys(targets)
    .filter((key) => !known.includes(key))
    .map((key) => ({
      path: `targets.services.${key}`,
      problem: "is no service of this stack",
      allowed: known.join(", ") || "none: the section services is off",
      fix: "Name a service of services.services.",
    }));
}

/** Backups and the proof of recovery. */
export const backups = defineSection({
  description: "Backups by tag in a vault, copies in another Region, restore tests, recovery targets and their alarms.",
  requires: ["data"],
  schema: ({ byStage }) =>
    z.strictObject({
      schedule: cron().default("cron(0 5 * * ? *)").meta({ description: "When backups are made" }),
      retentionDays: z
        .int()
        .min(1)
        .max(36_500)
        .default(byStage({ dev: 7, qa: 14, prod: 30 }))
        .meta({ description: "Days that a recovery point is kept" }),
      coldStorageAfterDays: z
        .int()
        .min(1)
        .optional()
        .meta({ description: "Days after which it moves to cold storage, where it stays 90 days at least" }),
      copyRegion: z
        .string()
        .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, { error: "is not a Region" })
        .optional()
        .meta({ description: "Region that every recovery point is copied to", allowed: "a Region such as us-west-2" }),
      lock: z
        .union([
          z.literal(false),
          z.strictObject({
            mode: z
              .enum(["governance", "compliance"])
              .default("governance")
              .meta({ description: "Who may delete a recovery point before its time: a right, or nobody for ever" }),
            graceDays: z
              .int()
              .min(3)
              .max(36_500)
              .default(14)
              .meta({ description: "Days in which a compliance lock can be taken back" }),
          }),
        ])
        .prefault(byStage<false | { mode?: "governance" }>({ dev: false, qa: false, prod: {} }))
        .meta({ description: "Lock of the vault; false for none" }),
      restoreTest: z
        .union([
          z.literal(false),
          z.strictObject({
            schedule: cron().default("cron(0 9 ? * 1 *)").meta({ description: "When a copy is restored and checked" }),
            everyDays: z.int().min(1).max(30).default(7).meta({ description: "Days between two tests" }),
            tables: z
              .array(
                z.strictObject({
                  table: z
                    .string()
                    .regex(/^[\w$]+(\.[\w$]+)?$/, { error: "is not a table" })
                    .meta({ description: "Table that is compared with its source", allowed: "schema.table" }),
                  timeColumn: z
                    .string()
                    .min(1)
                    .optional()
                    .meta({ description: "Column by whose time rows are chosen; without it rows are counted only" }),
                  minimumRows: z.int().min(0).default(0).meta({ description: "Rows that there must be at least" }),
                }),
              )
              .default([])
              .meta({ description: "Tables to compare: rows and checksum" }),
            windowHours: z
              .int()
              .min(1)
              .max(720)
              .default(24)
              .meta({ description: "Hours of rows before the copy that are compared" }),
          }),
        ])
        .prefault(byStage<false | { everyDays?: number }>({ dev: false, qa: {}, prod: {} }))
        .meta({ description: "Restores a copy on a schedule and compares it with its source; false for none" }),
      targets: z
        .strictObject({
          // Document 001: RTO below 4 hours, RPO below 15 minutes.
          database: target("Promise of the databases", 240, 15),
          models: target("Promise of the model artifacts, where they are replicated", 240, 1440),
          services: z
            .record(
              z.string(),
              z.strictObject({
                rtoMinutes: minutes().meta({ description: "Minutes until enough tasks run again" }),
              }),
            )
            .default({})
            .meta({ description: "Promises of services of this stack, by their keys; they hold no state" }),
        })
        .prefault({})
        .meta({ description: "Recovery time and recovery point that are promised" }),
      logRetentionDays: fields
        .retentionDays()
        .default(byStage({ dev: 30, qa: 90, prod: 365 }))
        .meta({ description: "Days that the functions' logs are kept" }),
    }),
  check: ({ lock, restoreTest, ...value }, settings) => [
    ...checkBackups({ ...value, lock: lock || undefined, restoreTest: restoreTest || undefined }, settings.region),
    ...checkServices(value.targets.services, settings.services as ServicesSettings | undefined),
  ],
});
