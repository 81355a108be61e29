import { z } from "zod";
import type { Issue } from "../../components/common/validation";
import { checkPostgres } from "../../components/data/postgres-database/settings";
import { checkMlflow } from "../../components/ml/mlflow-server/check";
import { defineSection, fields } from "../section";
import { postgresSchema } from "./data/postgres";

/** MLflow: tracking, model registry and the publisher of models. */
export const mlflow = defineSection({
  description: "MLflow behind one internal name: tracking, model registry, users, and models published to the fleet.",
  requires: ["network", "data"],
  schema: (context) =>
    z.strictObject({
      domain: z
        .string()
        .default("mlflow.trading.internal")
        .meta({ description: "Name of the server inside the VPC; a private zone of this name is made" }),
      instanceType: fields
        .instanceType()
        .default(context.byStage({ dev: "t3.medium", qa: "t3.medium", prod: "m7i.large" }))
        .meta({ description: "Instance type of the host" }),
      rootVolumeGiB: z.int().min(16).max(16_384).default(30).meta({ description: "Size of the host's root volume" }),
      ami: fields.ami().optional().meta({
        description: "System image; Amazon Linux 2023 when absent",
        allowed: "ami-0123456789abcdef0, or resolve:ssm:/name/of/parameter",
      }),
      database: postgresSchema(context)
        .omit({ databaseName: true })
        .prefault({ instanceClass: "db.t4g.medium" })
        .meta({ description: "PostgreSQL of experiments and users, on RDS" }),
      users: z
        .array(z.string())
        .default(["trainer"])
        .meta({ description: "Users beside the administrator, each with a secret of its own" }),
      publish: z
        .strictObject({
          alias: z.string().default("deploy").meta({ description: "Alias whose model versions are deployed" }),
          schedule: z
            .string()
            .regex(/^(rate|cron)\(.+\)$/, { error: "is not a schedule" })
            .default("rate(15 minutes)")
            .meta({ description: "How often aliases are looked at", allowed: "rate(15 minutes), or cron(...) in UTC" }),
        })
        .optional()
        .meta({ description: "Copies the models of an alias to the fleet's deploy bucket" }),
      hostWaitMinutes: z
        .int()
        .min(0)
        .max(60)
        .default(10)
        .meta({ description: "Minutes that a deployment waits for a new host; 0 does not wait" }),
      logRetentionDays: fields
        .retentionDays()
        .default(context.byStage({ dev: 14, qa: 30, prod: 365 }))
        .meta({ description: "Days that logs are kept" }),
    }),
  check: (value, settings) => {
    const { buckets } = (settings.data ?? {}) as { buckets?: { modelArtifacts?: unknown; modelDeploy?: unknown } };
    const database = checkPostgres({ ...value.database, databaseName: "mlflow" }, settings.region);
    const issues: Issue[] = [
      ...checkMlflow(value),
      ...database.map((issue) => ({ ...issue, path: `database.${issue.path}` })),
    ];
    if (!buckets?.modelArtifacts) {
      issues.push({
        path: "",
        problem: "has no bucket for artifacts",
        allowed: "data.buckets.modelArtifacts",
        fix: "Turn data.buckets.modelArtifacts on.",
      });
    }
    if (value.publish && !buckets?.modelDeploy) {
      issues.push({
        path: "publish",
        problem: "has no deploy bucket to copy models to",
        allowed: "data.buckets.modelDeploy",
        fix: "Turn data.buckets.modelDeploy on, with the name that fleet.bucket has.",
      });
    }
    return issues;
  },
});
