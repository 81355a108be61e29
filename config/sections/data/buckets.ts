import { z } from "zod";
import { secRule17a4Days, type BucketKind } from "../../../components/data/data-buckets/settings";
import { fields, type SectionContext } from "../../section";

interface Defaults {
  readonly encryption?: "kms" | "s3";
  readonly intelligentTieringAfterDays?: number;
  readonly archiveAfterDays?: number;
  readonly deepArchiveAfterDays?: number;
  readonly expireAfterDays?: number;
  readonly keepOldVersionsDays: number;
}

const days = (description: string, fallback: number | undefined) => {
  const field = z.int().min(1).max(36_500);
  return (fallback === undefined ? field.optional() : field.default(fallback)).meta({ description });
};

const lock = ({ byStage }: SectionContext) =>
  z.strictObject({
    mode: z
      .enum(["COMPLIANCE", "GOVERNANCE"])
      .default(byStage({ dev: "GOVERNANCE", qa: "GOVERNANCE", prod: "COMPLIANCE" }))
      .meta({ description: "COMPLIANCE: nobody can shorten it, the root user included; GOVERNANCE: a right can" }),
    retentionDays: z
      .int()
      .default(byStage({ dev: 1, qa: 1, prod: secRule17a4Days }))
      .meta({ description: `Days that a version cannot be deleted; SEC rule 17a-4 asks for ${secRule17a4Days}` }),
  });

function bucket(description: string, context: SectionContext, defaults: Defaults, locked = false) {
  return z
    .strictObject({
      name: fields.bucketName().optional().meta({ description: "Name where one is fixed" }),
      encryption: z
        .enum(["kms", "s3"])
        .default(defaults.encryption ?? "kms")
        .meta({ description: "Customer key (kms) or keys of S3 (s3)" }),
      intelligentTieringAfterDays: days("Age for S3 Intelligent-Tiering", defaults.intelligentTieringAfterDays),
      archiveAfterDays: days("Age for Glacier Instant Retrieval", defaults.archiveAfterDays),
      deepArchiveAfterDays: days("Age for Glacier Deep Archive", defaults.deepArchiveAfterDays),
      expireAfterDays: days("Age at which objects expire", defaults.expireAfterDays),
      keepOldVersionsDays: z
        .int()
        .min(1)
        .default(defaults.keepOldVersionsDays)
        .meta({ description: "Days that former versions are kept" }),
      replicaRegion: z.string().optional().meta({ description: "Region of a replica" }),
      lock: (locked ? lock(context).prefault({}) : lock(context).optional()).meta({
        description: "Write-once retention by S3 Object Lock",
      }),
    })
    .optional()
    .meta({ description });
}

const defaultsOf: Readonly<Record<BucketKind, Defaults>> = {
  marketData: { intelligentTieringAfterDays: 30, keepOldVersionsDays: 30 },
  modelArtifacts: { intelligentTieringAfterDays: 90, keepOldVersionsDays: 180 },
  modelDeploy: { keepOldVersionsDays: 90 },
  backups: { intelligentTieringAfterDays: 30, keepOldVersionsDays: 30 },
  compliance: { archiveAfterDays: 90, deepArchiveAfterDays: 365, keepOldVersionsDays: 90 },
  logs: { encryption: "s3", expireAfterDays: 400, keepOldVersionsDays: 30 },
};

/** The buckets, each turned on by its presence. */
export const bucketsSchema = (context: SectionContext) =>
  z.strictObject({
    marketData: bucket("Market data, raw and prepared", context, defaultsOf.marketData),
    modelArtifacts: bucket("Trained models and their runs", context, defaultsOf.modelArtifacts),
    modelDeploy: bucket("What the fleet is read from", context, defaultsOf.modelDeploy),
    backups: bucket("Backups of databases", context, defaultsOf.backups),
    compliance: bucket("Records for regulators, write-once", context, defaultsOf.compliance, true),
    logs: bucket("Access logs of buckets and load balancers", context, defaultsOf.logs),
  });
