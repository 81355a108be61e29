import { z } from "zod";
import { defineSection, fields } from "../section";

/** Where logs go after CloudWatch. */
export const logArchive = defineSection({
  description: "Archive of all logs in S3, by day and queryable, with a daily check that nothing is missing.",
  schema: ({ byStage }) =>
    z.strictObject({
      retentionDays: z
        .int()
        .min(1)
        .max(36_500)
        .default(byStage({ dev: 365, qa: 730, prod: 2557 }))
        .meta({ description: "Days that archived logs are kept" }),
      archiveAfterDays: z
        .int()
        .min(1)
        .default(90)
        .meta({ description: "Days after which they move to Glacier Instant Retrieval" }),
      gapPercent: z
        .number()
        .min(0)
        .max(100)
        .default(1)
        .meta({ description: "Percent of a day's events that may be missing before people are told" }),
      logRetentionDays: fields
        .retentionDays()
        .default(90)
        .meta({ description: "Days that the archive's own logs are kept" }),
    }),
  check: ({ retentionDays, archiveAfterDays }) =>
    archiveAfterDays < retentionDays
      ? []
      : [
          {
            path: "archiveAfterDays",
            problem: "comes after the logs are gone",
            value: archiveAfterDays,
            allowed: `less than logArchive.retentionDays (${retentionDays})`,
            fix: "Raise logArchive.retentionDays, or move them earlier.",
          },
        ],
});
