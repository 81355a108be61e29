import { z } from "zod";
import type { Issue } from "../../components/common/validation";
import { defineSection, fields, type Stage } from "../section";
import { checkDataAccess, dataAccessField } from "./data-access";

/** Deploy buckets by stage, as the model builders know them. */
const bucketByStage: Readonly<Record<Stage, string>> = {
  dev: "algo-model-deploy-dev",
  qa: "algo-model-deploy",
  prod: "algo-model-deploy-prod",
};

/** Names of environment variables that would carry a secret into user data in clear text. */
const secretName = /SECRET|PASSWORD|PASSWD|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIAL/;

const keyArn = () =>
  z
    .string()
    .regex(/^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+$/, { error: "is not a KMS key's ARN" })
    .optional();

/** What a model type may have of its own. */
const typeFields = {
  instanceType: fields.instanceType().meta({ description: "EC2 instance type", allowed: "such as c6i.xlarge" }),
  ami: fields.ami().optional().meta({
    description:
      "AMI id, or the SSM parameter that names one, read when an instance starts; Amazon Linux 2023 for the instance type's processor when absent",
    allowed: "ami-0123456789abcdef0, or resolve:ssm:/name/of/parameter",
  }),
  rootVolumeGiB: z.int().min(8).max(16_384).meta({ description: "Size of the encrypted root volume in GiB" }),
  rootDevice: z
    .string()
    .regex(/^\/dev\/[a-z0-9]+$/, { error: "is not a device name" })
    .meta({ description: "Name of the AMI's root device", allowed: "a device name such as /dev/xvda or /dev/sda1" }),
  image: z
    .string()
    .regex(/^[a-z0-9][\w.:/@-]*$/i, { error: "is not a container image" })
    .meta({
      description: "Container image of the trader; a name without a registry is a repository of this account's ECR",
      allowed: "repository:tag, registry/repository:tag or an image with a @sha256 digest",
    }),
};

/** One instance for each model artifact in the deploy bucket. */
export const fleet = defineSection({
  description: "One EC2 instance for each model artifact found in the deploy bucket.",
  requires: ["network"],
  schema: ({ stage, byStage }) =>
    z.strictObject({
      bucket: fields
        .bucketName()
        .default(bucketByStage[stage])
        .meta({ description: "Deploy bucket that is listed for models" }),
      prefix: z
        .string()
        .regex(/^([\w.-]+\/)+$/, { error: "is not a prefix of object keys" })
        .default("models/")
        .meta({
          description: "What the keys of all models start with",
          allowed: "names with a slash after each, such as models/",
        }),
      source: z.enum(["bucket", "listing"]).default("bucket").meta({
        description: "Where the models are read from at deploy time: the bucket, or the file named by listing",
      }),
      listing: z.string().min(1).optional().meta({
        description:
          "File with one object key a line; read instead of the bucket where source is listing, and by offline plans",
      }),
      allowMissingBucket: z.boolean().default(true).meta({
        description:
          "Starts an empty fleet where the bucket does not exist yet and nothing was deployed before; an error otherwise",
      }),
      shard: z
        .strictObject({
          index: z.int().min(0).meta({ description: "This stack's shard, counted from 0" }),
          count: z.int().min(1).max(1_000).meta({ description: "Number of shards, one stack each" }),
        })
        .optional()
        .meta({ description: "Share of the models that this stack runs, for fleets beyond a few thousand" }),
      maxRemovalPercent: z
        .number()
        .min(0)
        .max(100)
        .default(byStage({ dev: 50, qa: 25, prod: 10 }))
        .meta({ description: "Largest share of the deployed models that one deployment may remove, in percent" }),
      confirmRemovals: z.int().min(1).optional().meta({
        description:
          "Number of models that the next deployment may remove beyond maxRemovalPercent; counts only when exact",
      }),
      tradingMode: z
        .enum(["paper", "live"])
        .default(byStage({ dev: "paper", qa: "paper", prod: "live" }))
        .meta({ description: "Told to the traders: paper or live" }),
      instanceType: typeFields.instanceType.default(byStage({ dev: "t3.small", qa: "t3.medium", prod: "c6i.xlarge" })),
      ami: typeFields.ami,
      rootVolumeGiB: typeFields.rootVolumeGiB.default(byStage({ dev: 16, qa: 16, prod: 32 })),
      rootDevice: typeFields.rootDevice.default("/dev/xvda"),
      image: typeFields.image.default("model-trader:1"),
      modelTypes: z
        .record(z.string().min(1), z.strictObject(typeFields).partial())
        .default({})
        .meta({ description: "Settings by model type, in place of the fleet's own" }),
      environment: z
        .record(
          z.string().regex(/^[A-Z_][A-Z0-9_]*$/, { error: "is not a name of capitals, digits and underscores" }),
          z.string().regex(/^[^\p{Cc}]*$/u, { error: "has a control character" }),
        )
        .default({})
        .meta({ description: "Further environment variables of every trader; never secrets" }),
      dataAccess: dataAccessField(),
      brokerSecretArn: z
        .string()
        .regex(/^arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:[\w/+=.@-]+$/, { error: "is not a secret's ARN" })
        .optional()
        .meta({
          description: "Secret with the broker's keys, which the traders read themselves",
          allowed: "ARN of a Secrets Manager secret",
        }),
      brokerSecretKeyArn: keyArn().meta({ description: "KMS key of that secret", allowed: "ARN of a KMS key" }),
      bucketKeyArn: keyArn().meta({
        description: "KMS key of an external bucket's objects",
        allowed: "ARN of a KMS key",
      }),
      terminationProtection: z
        .boolean()
        .default(byStage({ dev: false, qa: false, prod: true }))
        .meta({ description: "Keeps consoles and scripts from terminating an instance; deployments still can" }),
      logRetentionDays: fields
        .retentionDays()
        .default(byStage({ dev: 14, qa: 30, prod: 365 }))
        .meta({ description: "Retention of the traders' logs in days" }),
    }),
  check: (value, settings) => {
    const { stage } = settings;
    const issues: Issue[] = checkDataAccess(value.dataAccess, settings);
    if (value.source === "listing" && value.listing === undefined) {
      issues.push({
        path: "listing",
        problem: "is missing, and source is listing",
        fix: "Name the file with the object keys, or set fleet.source: bucket.",
      });
    }
    if (value.shard && value.shard.index >= value.shard.count) {
      issues.push({
        path: "shard.index",
        problem: `is not one of the ${value.shard.count} shards`,
        value: value.shard.index,
        allowed: `a whole number from 0 to ${value.shard.count - 1}`,
        fix: "Shards are counted from 0.",
      });
    }
    if (value.tradingMode === "live" && stage !== "prod") {
      issues.push({
        path: "tradingMode",
        problem: `is live in the stage ${stage}`,
        value: value.tradingMode,
        allowed: "paper outside prod",
        fix: "Live trading belongs to the stage prod alone.",
      });
    }
    for (const name of Object.keys(value.environment).filter((one) => secretName.test(one))) {
      issues.push({
        path: `environment.${name}`,
        problem: "looks like a secret, and would stand in user data in clear text",
        fix: "Keep it in Secrets Manager and name it in fleet.brokerSecretArn.",
      });
    }
    return issues;
  },
});
