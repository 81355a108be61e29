import { z } from "zod";
import {
  ownerships,
  singletons,
  type Ownership,
  type Singleton,
} from "../../components/security/security-baseline/singletons";
import { defineSection, fields } from "../section";

const purpose: Readonly<Record<Singleton, string>> = {
  detector: "GuardDuty's detector",
  recorder: "AWS Config's recorder",
  securityHub: "Security Hub",
  accessAnalyzer: "Access Analyzer over the account",
  accountSettings:
    "account defaults: EBS encryption, IMDSv2, no public buckets, snapshots and images, no serial console",
};

const ownership = (one: Singleton, standard: Ownership) =>
  z
    .enum(ownerships)
    .default(standard)
    .meta({
      description: `${purpose[one]}: create, adopt what the account holds, skip, or auto (create unless it is there)`,
    });

/** The account's security baseline. */
export const security = defineSection({
  description:
    "Security baseline of the account: CloudTrail, GuardDuty, Config, Access Analyzer, Security Hub, safe defaults.",
  schema: ({ byStage }) =>
    z.strictObject({
      singletons: z
        .strictObject(
          Object.fromEntries(singletons.map((one) => [one, ownership(one, "auto")])) as Record<
            Singleton,
            ReturnType<typeof ownership>
          >,
        )
        .prefault({})
        .meta({ description: "What an account and Region hold only once" }),
      discover: z.boolean().default(true).meta({
        description:
          "Look at deploy time for what the account holds already; off where no account can be asked, as in an offline plan",
      }),
      trail: z
        .strictObject({
          logRetentionDays: fields
            .retentionDays()
            .default(byStage({ dev: 30, qa: 90, prod: 365 }))
            .meta({ description: "Days that events stay in CloudWatch Logs" }),
          retentionDays: z
            .int()
            .min(90)
            .default(byStage({ dev: 90, qa: 365, prod: 2557 }))
            .meta({ description: "Days that log files stay in the audit bucket" }),
          lock: z
            .strictObject({
              mode: z
                .enum(["COMPLIANCE", "GOVERNANCE"])
                .meta({ description: "Who may shorten the retention: nobody, or a right" }),
              retentionDays: z
                .int()
                .min(1)
                .max(36500)
                .meta({ description: "Days that no log file can be changed or deleted" }),
            })
            .optional()
            .meta({ description: "Object Lock on the audit bucket" }),
        })
        .prefault({})
        .meta({ description: "CloudTrail's log files" }),
    }),
  check: ({ trail }) => {
    if (!trail.lock || trail.lock.retentionDays <= trail.retentionDays) return [];
    return [
      {
        path: "trail.lock.retentionDays",
        problem: "locks log files for longer than they are kept",
        value: trail.lock.retentionDays,
        allowed: `at most security.trail.retentionDays (${trail.retentionDays})`,
        fix: "Raise security.trail.retentionDays.",
      },
    ];
  },
});
