import { z } from "zod";
import { checkCompliance } from "../../components/operations/compliance-report";
import { defineSection, fields } from "../section";

/** How the stack stands by the rules, on record. */
export const compliance = defineSection({
  description: "Compliance report on a schedule: evidence, named controls, JSON and HTML under Object Lock.",
  requires: ["monitoring"],
  schema: ({ byStage }) =>
    z.strictObject({
      schedule: z
        .string()
        .regex(/^cron\(([^\s()]+ ){5}[^\s()]+\)$/, { error: "is not an AWS cron expression" })
        .default("cron(0 7 1 * ? *)")
        .meta({ description: "When a report is made", allowed: "six fields such as cron(0 7 1 * ? *), in UTC" }),
      periodDays: z
        .int()
        .min(1)
        .max(366)
        .default(31)
        .meta({ description: "Days before it that backups and restore tests are looked at" }),
      retentionDays: z
        .int()
        .min(1)
        .max(36_500)
        .default(byStage({ dev: 90, qa: 365, prod: 2192 }))
        .meta({ description: "Days that a report is kept" }),
      lockMode: z
        .enum(["COMPLIANCE", "GOVERNANCE", "none"])
        .default(byStage<"COMPLIANCE" | "GOVERNANCE" | "none">({ dev: "none", qa: "GOVERNANCE", prod: "COMPLIANCE" }))
        .meta({ description: "Who may change or delete a report before its time: nobody, a right, or anybody" }),
      recordRetentionDays: z
        .int()
        .min(1)
        .default(2192)
        .meta({ description: "Days that records for the regulator must be locked (SEC 17a-4: six years)" }),
      backupDays: z
        .int()
        .min(0)
        .max(35)
        .default(byStage({ dev: 1, qa: 7, prod: 30 }))
        .meta({ description: "Days of automated backups that databases must have" }),
      logRetentionDays: fields
        .retentionDays()
        .default(byStage({ dev: 30, qa: 90, prod: 365 }))
        .meta({ description: "Days that the function's log is kept" }),
    }),
  check: (value, { stage }) => checkCompliance(value, stage),
});
