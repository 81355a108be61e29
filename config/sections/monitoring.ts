import { z } from "zod";
import { severities } from "../../components/operations/alarm-topics";
import { defineSection } from "../section";

const addresses = z.array(z.email({ error: "is not an e-mail address" }).meta({ allowed: "an e-mail address" }));

/** Who hears of what. */
export const monitoring = defineSection({
  description: "Alarm topics by severity, and who is told: e-mail and PagerDuty.",
  schema: () =>
    z.strictObject({
      emails: z
        .strictObject(
          Object.fromEntries(
            severities.map((severity) => [
              severity,
              addresses
                .default([])
                .meta({ description: `Addresses that are written to at severity ${severity}; each confirms once` }),
            ]),
          ) as Record<(typeof severities)[number], z.ZodDefault<typeof addresses>>,
        )
        .prefault({})
        .meta({ description: "E-mail addresses by severity" }),
      pagerDutyUrl: z
        .string()
        .regex(/^https:\/\/events\.(eu\.)?pagerduty\.com\//, { error: "is not PagerDuty's address" })
        .optional()
        .meta({
          description:
            "PagerDuty's CloudWatch integration address; hold it as a secret (pulumi config set --secret --path)",
          allowed: "https://events.pagerduty.com/integration/<key>/enqueue",
        }),
    }),
  check: ({ pagerDutyUrl, emails }, { stage }) => {
    if (stage !== "prod" || pagerDutyUrl || emails.critical.length > 0) return [];
    return [
      {
        path: "",
        problem: "tells nobody of a critical alarm in a live stack",
        fix: "Set monitoring.pagerDutyUrl, or an address under monitoring.emails.critical.",
      },
    ];
  },
});
