import { z } from "zod";
import type { Issue } from "../../components/common/validation";
import { checkTrainers } from "../../components/ml/gpu-trainer/check";
import { checkDataAccess, dataAccessField } from "./data-access";
import { defineSection, fields, type SectionContext } from "../section";

const imageSchema = ({ byStage }: SectionContext) =>
  z.strictObject({
    driverBranch: z
      .string()
      .regex(/^\d{3}$/, { error: "is not a branch of NVIDIA's driver" })
      .default("580")
      .meta({ description: "Branch of NVIDIA's open driver", allowed: "three digits such as 580" }),
    cudaRelease: z
      .string()
      .regex(/^\d{2}\.\d$/, { error: "is not a release of CUDA" })
      .default("13.0")
      .meta({ description: "Release of CUDA; the driver's branch has to serve it", allowed: "a release such as 13.0" }),
    testImage: z
      .string()
      .default("public.ecr.aws/amazonlinux/amazonlinux:2023")
      .meta({ description: "Image in which the test looks for the GPU" }),
    instanceTypes: z
      .array(fields.instanceType())
      .min(1)
      .default(["g4dn.xlarge"])
      .meta({ description: "Types that a build may run on; each needs a GPU" }),
    rootVolumeGiB: z.int().min(40).max(16_384).default(60).meta({ description: "Size of the image's root volume" }),
    rebuild: z
      .string()
      .regex(/^cron\(.+\)$/, { error: "is not a schedule" })
      .default("cron(0 6 ? * sun *)")
      .meta({
        description: "When the image is built anew, in UTC, if its base has changed",
        allowed: "cron(minutes hours day-of-month month day-of-week year), such as cron(0 6 ? * sun *)",
      }),
    keepNewest: z.int().min(1).default(3).meta({ description: "Newest images of each kind that are never reaped" }),
    minimumAgeDays: z
      .int()
      .min(0)
      .default(30)
      .meta({ description: "Days before an image that nothing needs is reaped" }),
    shareWithAccounts: z
      .array(z.string().regex(/^\d{12}$/, { error: "is not an account" }))
      .default([])
      .meta({ description: "Accounts of other stages that may start the image", allowed: "account ids of 12 digits" }),
    logRetentionDays: fields
      .retentionDays()
      .default(byStage({ dev: 30, qa: 90, prod: 365 }))
      .meta({ description: "Days that logs of builds are kept" }),
  });

const trainerSchema = ({ byStage }: SectionContext) =>
  z.strictObject({
    instanceType: fields
      .instanceType()
      .default(byStage({ dev: "g4dn.xlarge", qa: "g4dn.xlarge", prod: "g5.2xlarge" }))
      .meta({ description: "Instance type with NVIDIA GPUs" }),
    count: z.int().min(1).max(20).default(1).meta({ description: "Number of instances" }),
    spot: z
      .boolean()
      .default(byStage({ dev: true, qa: true, prod: false }))
      .meta({ description: "Spot capacity, with checkpoints saved to S3 when AWS takes it back" }),
    idleMinutes: z
      .int()
      .min(0)
      .max(1_440)
      .default(30)
      .meta({ description: "Minutes without work on any GPU after which the instance is stopped; 0 for never" }),
    idlePercent: z.number().min(0.1).max(50).default(2).meta({ description: "Utilisation below which a GPU is idle" }),
    rootVolumeGiB: z.int().min(60).max(16_384).default(150).meta({ description: "Size of the encrypted root volume" }),
    saveMinutes: z.int().min(1).max(720).default(10).meta({ description: "Minutes between two copies of checkpoints" }),
    ami: fields.ami().optional().meta({
      description: "System image; the stage's pointer where images has kind gpu, else AWS's Deep Learning image",
      allowed: "ami-0123456789abcdef0, or resolve:ssm:/name/of/parameter",
    }),
  });

/** GPU images and GPU instances for training. */
export const gpu = defineSection({
  description: "GPU instances for training, stopped while idle, and the pipeline that builds their image.",
  requires: ["network", "data"],
  schema: (context) =>
    z.strictObject({
      image: imageSchema(context)
        .optional()
        .meta({ description: "Pipeline that builds, tests and publishes the GPU image; once, in the first stage" }),
      trainers: z
        .record(z.string(), trainerSchema(context))
        .default({})
        .meta({ description: "Trainers by a short name" }),
      sharedFiles: z
        .boolean()
        .default(false)
        .meta({ description: "An EFS file system that all trainers share, beside S3" }),
      dataAccess: dataAccessField(),
      environment: z
        .record(z.string().regex(/^[A-Z_][A-Z0-9_]*$/, { error: "is not a name of a variable" }), z.string())
        .default({})
        .meta({ description: "Environment of training jobs; never secrets" }),
    }),
  check: (value, settings) => {
    const issues: Issue[] = [...checkTrainers(value.trainers), ...checkDataAccess(value.dataAccess, settings)];
    const { buckets } = (settings.data ?? {}) as { buckets?: { modelArtifacts?: unknown } };
    if (Object.keys(value.trainers).length > 0 && !buckets?.modelArtifacts) {
      issues.push({
        path: "trainers",
        problem: "have no bucket for checkpoints and models",
        fix: "Turn data.buckets.modelArtifacts on.",
      });
    }
    const { images } = settings as { images?: { kinds?: readonly string[]; create?: boolean } };
    if (value.image && !(images?.kinds?.includes("gpu") && images.create)) {
      issues.push({
        path: "image",
        problem: "publishes into a pointer that this stack does not make",
        fix: "Set images.kinds to a list with gpu, and images.create: true; build images in one stage only.",
      });
    }
    return issues;
  },
});
