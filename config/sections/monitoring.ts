import { z } from "zod";
import type { Issue } from "../../components/common/validation";
import { severities } from "../../components/operations/alarm-topics";
import { applicationMetricNames } from "../../components/operations/monitoring/applications";
import { exchanges } from "../../lambdas/common/exchange-calendar";
import { defineSection, fields } from "../section";

const addresses = z.array(z.email({ error: "is not an e-mail address" }).meta({ allowed: "an e-mail address" }));

/** The sections whose applications have a log that the stack knows. */
interface Sections {
  readonly services?: { readonly services?: Readonly<Record<string, unknown>> };
  readonly kubernetes?: { readonly workloads?: Readonly<Record<string, unknown>> };
}

/** Applications whose log nobody can find: no service and no workload of the stack, nor told which log group. */
function checkApplications(
  applications: Readonly<Record<string, { readonly logGroupName?: string }>>,
  { services, kubernetes }: Sections,
): Issue[] {
  const known = [...Object.keys(services?.services ?? {}), ...Object.keys(kubernetes?.workloads ?? {})];
  return Object.entries(applications)
    .filter(([key, { logGroupName }]) => logGroupName === undefined && !known.includes(key))
    .map(([key]) => ({
      path: `applications.${key}`,
      problem: "is no service and no workload of this stack, so that its log is not known",
      allowed: known.join(", ") || "none: the sections services and kubernetes are off",
      fix: `Name a service of services.services or a workload of kubernetes.workloads, or set monitoring.applications.${key}.logGroupName.`,
    }));
}

/** Who hears of what. */
export const monitoring = defineSection({
  description: "Alarms: who is told of what and when, the applications' own metrics, dashboards.",
  schema: ({ byStage }) =>
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
      paging: z
        .enum(["each", "system"])
        .default(byStage({ dev: "each", qa: "each", prod: "system" }))
        .meta({ description: "each: every critical alarm pages; system: all of a component page once" }),
      marketHours: z
        .strictObject({
          exchange: z.enum(exchanges).default("NYSE").meta({ description: "Exchange whose hours matter" }),
          components: z
            .array(z.string().min(1))
            .min(1)
            .meta({ description: "Components whose alarms only warn while it is closed: fleet, ingest, trader" }),
          overrides: z
            .array(
              z.strictObject({
                date: z.iso.date({ error: "is not a date" }).meta({ description: "Trade date", allowed: "2026-12-05" }),
                close: z.string().meta({
                  description: "`closed`, or the closing time in the exchange's zone",
                  allowed: "closed, or HH:MM",
                }),
              }),
            )
            .default([])
            .meta({ description: "Days that differ from the exchange's rules" }),
        })
        .optional()
        .meta({ description: "Alarms whose severity follows an exchange's hours" }),
      applications: z
        .record(
          z.string(),
          z.strictObject({
            metrics: z
              .array(z.enum(applicationMetricNames))
              .min(1)
              .meta({ description: 'Metrics in its log, one JSON line each: {"metric":"ActiveMarkets","value":12}' }),
            logGroupName: z
              .string()
              .min(1)
              .optional()
              .meta({ description: "Log group, where it is no service's or workload's own" }),
          }),
        )
        .default({})
        .meta({
          description: "Applications whose log lines are read for metrics, by the key of their service or workload",
        }),
      dashboards: z
        .boolean()
        .default(byStage({ dev: false, qa: true, prod: true }))
        .meta({ description: "A dashboard for each component that has alarms (3 USD a month each)" }),
      logRetentionDays: fields
        .retentionDays()
        .default(byStage({ dev: 30, qa: 90, prod: 365 }))
        .meta({ description: "Days that the functions' logs are kept" }),
    }),
  check: ({ pagerDutyUrl, emails, applications }, { stage, ...sections }) => {
    const issues = checkApplications(applications, sections as Sections);
    if (stage !== "prod" || pagerDutyUrl || emails.critical.length > 0) return issues;
    return [
      ...issues,
      {
        path: "",
        problem: "tells nobody of a critical alarm in a live stack",
        fix: "Set monitoring.pagerDutyUrl, or an address under monitoring.emails.critical.",
      },
    ];
  },
});
