import { z } from "zod";
import type { Issue } from "../../components/common/validation";
import { checkBacktest } from "../../components/ml/backtest-farm/check";
import { checkDataAccess, dataAccessField } from "./data-access";
import { defineSection, fields } from "../section";

/** AWS Batch for backtests. */
export const backtest = defineSection({
  description: "AWS Batch for backtests: spot capacity first, then on demand, results in S3, a monthly cost cap.",
  requires: ["network", "data"],
  schema: ({ byStage }) =>
    z.strictObject({
      image: z
        .string()
        .regex(/^[a-z0-9][\w.:/@-]*$/i, { error: "is not a container image" })
        .default("backtest:1")
        .meta({
          description: "Container image of the jobs; a name without a registry is a repository of this account's ECR",
          allowed: "repository:tag, registry/repository:tag or an image with a @sha256 digest",
        }),
      instanceTypes: z
        .array(z.string())
        .min(1)
        .default(["c7i", "c7a", "m7i", "m7a"])
        .meta({ description: "Families or types that instances are chosen from" }),
      maxSpotVcpus: z
        .int()
        .min(0)
        .max(10_000)
        .default(byStage({ dev: 32, qa: 64, prod: 256 }))
        .meta({ description: "vCPUs on spot capacity that run at once at most" }),
      maxOnDemandVcpus: z
        .int()
        .min(0)
        .max(10_000)
        .default(byStage({ dev: 0, qa: 16, prod: 64 }))
        .meta({ description: "vCPUs on demand that run in addition where spot capacity is out" }),
      jobVcpus: z.int().min(1).max(192).default(2).meta({ description: "vCPUs of a job that asks for nothing else" }),
      jobMemoryMiB: z.int().min(256).default(3_584).meta({ description: "Memory of such a job" }),
      jobHours: z.int().min(1).max(336).default(12).meta({ description: "Hours after which a job is ended" }),
      attempts: z.int().min(1).max(10).default(5).meta({
        description: "Times that a job is started, where AWS took its instance back",
      }),
      monthlyCapUsd: z
        .number()
        .min(1)
        .default(byStage({ dev: 50, qa: 200, prod: 1_000 }))
        .meta({ description: "USD a month after which the queue takes no more jobs until the next month" }),
      rootVolumeGiB: z.int().min(30).max(16_384).default(60).meta({ description: "Size of a host's root volume" }),
      dataAccess: dataAccessField(),
      environment: z
        .record(z.string().regex(/^[A-Z_][A-Z0-9_]*$/, { error: "is not a name of a variable" }), z.string())
        .default({})
        .meta({ description: "Environment of the jobs; never secrets" }),
      logRetentionDays: fields
        .retentionDays()
        .default(byStage({ dev: 14, qa: 30, prod: 365 }))
        .meta({ description: "Days that logs are kept" }),
    }),
  check: (value, settings) => {
    const issues: Issue[] = [...checkBacktest(value), ...checkDataAccess(value.dataAccess, settings)];
    if (value.maxSpotVcpus + value.maxOnDemandVcpus === 0) {
      issues.push({
        path: "maxSpotVcpus",
        problem: "is 0, and so is maxOnDemandVcpus: nothing could run",
        value: 0,
        fix: "Give one of the two some vCPUs, or turn the section off.",
      });
    }
    const { buckets } = (settings.data ?? {}) as { buckets?: { modelArtifacts?: unknown } };
    if (!buckets?.modelArtifacts) {
      issues.push({
        path: "",
        problem: "has no bucket for results",
        allowed: "data.buckets.modelArtifacts",
        fix: "Turn data.buckets.modelArtifacts on.",
      });
    }
    return issues;
  },
});
