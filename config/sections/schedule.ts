import { z } from "zod";
import { checkFleetSchedule } from "../../components/trading/fleet-schedule/check";
import { exchanges } from "../../lambdas/common/exchange-calendar";
import { defineSection, fields } from "../section";

/** When the instances run: by an exchange's calendar outside dev, by hand in dev. */
export const schedule = defineSection({
  description:
    "Starts instances before each session of an exchange and drains and stops them after it; in dev by hand only.",
  requires: ["network"],
  schema: ({ byStage }) =>
    z.strictObject({
      exchange: z.enum(exchanges).default("NYSE").meta({
        description:
          "Exchange, or product group of CME Globex, whose calendar decides: sessions, holidays, half days, time zone",
      }),
      components: z
        .array(z.string().min(1))
        .default(["fleet"])
        .meta({ description: "Components whose instances are switched, by their tag `component`" }),
      startBeforeMinutes: z
        .int()
        .min(5)
        .max(720)
        .default(30)
        .meta({ description: "Minutes that instances start before the opening" }),
      stopAfterMinutes: z
        .int()
        .min(0)
        .max(720)
        .default(30)
        .meta({ description: "Minutes after the closing at which draining begins" }),
      minimumGapMinutes: z.int().min(30).max(1440).default(120).meta({
        description: "Sessions closer than this are run through (CME Globex halts for an hour each day)",
      }),
      readinessBeforeMinutes: z
        .int()
        .min(1)
        .max(719)
        .default(10)
        .meta({ description: "Minutes before the opening at which everything must run" }),
      drainSeconds: z
        .int()
        .min(30)
        .max(14_400)
        .default(900)
        .meta({ description: "Seconds that an application's drain hook may take" }),
      overrides: z
        .array(
          z.strictObject({
            date: fields.day().meta({ description: "Trade date, YYYY-MM-DD" }),
            close: z.string().meta({
              description: "`closed`, or the closing time in the exchange's zone",
              allowed: "closed, or HH:MM",
            }),
          }),
        )
        .default([])
        .meta({ description: "Days that differ from the exchange's rules, such as a day of mourning" }),
      logRetentionDays: fields
        .retentionDays()
        .default(byStage({ dev: 30, qa: 90, prod: 365 }))
        .meta({ description: "Days that the functions' and state machines' logs are kept" }),
    }),
  check: (value) => {
    const { exchange, startBeforeMinutes, stopAfterMinutes, minimumGapMinutes, overrides } = value;
    const windows = { exchange, startBeforeMinutes, stopAfterMinutes, minimumGapMinutes, overrides };
    return checkFleetSchedule({ ...value, windows });
  },
});
