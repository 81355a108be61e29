import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { throwIfAny } from "../components/common/validation";
import { describeIssue, type FieldSchema } from "../config/describe-issue";

const text = (description: string) => z.string().min(1).meta({ description });

const stageSchema = z.strictObject({
  /** Name of the stack that the stage deploys. */
  stack: text("Stack of the platform that this stage deploys"),
  environment: text(
    "Environment of GitHub that the jobs of this stage run in; its protection rules ask for approval",
  ).optional(),
  requireBoundary: z.boolean().default(false).meta({
    description:
      "Let the deploying role make roles within the stage's permissions boundary alone; the stack file has to name it",
  }),
  ttl: z.iso.datetime({ error: "is not a time" }).optional().meta({
    description: "Time at which Pulumi Deployments destroys the stack",
    allowed: "a time such as 2027-01-31T20:00:00Z",
  }),
});

export const deliverySchema = z.strictObject({
  repository: z
    .string()
    .regex(/^[\w.-]+\/[\w.-]+$/, { error: "is not a repository of GitHub" })
    .meta({ description: "Repository whose workflows deploy", allowed: "owner/name" }),
  branch: text("Branch that deployments come from").default("main"),
  project: text("Pulumi project of the platform").default("trading-platform"),
  stages: z
    .record(z.string().regex(/^[a-z][a-z0-9-]*$/), stageSchema)
    .prefault({ dev: { stack: "dev" }, qa: { stack: "qa" }, prod: { stack: "prod" } })
    .meta({ description: "Stages that are deployed into this account, by name" }),
  images: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9._/-]*$/, { error: "is not the name of a repository" }))
    .default(["model-trader", "market-data"])
    .meta({ description: "Repositories in ECR that the build on the branch pushes its images to" }),
  gitHubProviderExists: z
    .boolean()
    .default(false)
    .meta({ description: "The account has GitHub's identity provider already: there can be one" }),
  state: z
    .strictObject({
      keepVersionsDays: z
        .int()
        .min(30)
        .max(3650)
        .default(90)
        .meta({ description: "Days that old versions of state are kept" }),
    })
    .optional()
    .meta({ description: "Bucket and key for state, as the alternative to Pulumi Cloud" }),
  pulumiCloud: z
    .strictObject({
      organization: text("Organization of Pulumi Cloud"),
      driftCron: text("When drift is looked for, as a cron expression in UTC").default("0 5 * * 1-5"),
      policyPack: text("Name of the published policy pack").default("trading-platform-policies"),
    })
    .optional()
    .meta({ description: "Settings of Pulumi Deployments, its schedules and the policy group" }),
});

export type DeliverySettings = z.output<typeof deliverySchema>;

/** Validates the delivery's configuration. @throws ValidationError with all mistakes at once */
export function validateDelivery(raw: Readonly<Record<string, unknown>>): DeliverySettings {
  const parsed = deliverySchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const schema = z.toJSONSchema(deliverySchema, { io: "input", unrepresentable: "any" }) as FieldSchema;
  const issues = parsed.error.issues.flatMap((issue) => describeIssue(issue, raw, schema, ""));
  throwIfAny(
    "Configuration of the delivery",
    issues.map((issue) => ({ ...issue, path: issue.path.replace(/^\./, "") })),
  );
  throw parsed.error;
}

function parsedText(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

/** Keys that the policy pack reads. */
export const policyKeys = ["stage", "policies"] as const;

/** The settings of the stack that the engine runs. */
export function deliverySettings(): DeliverySettings {
  const prefix = `${pulumi.getProject()}:`;
  const raw = Object.entries(pulumi.runtime.allConfig()).flatMap(([key, value]): [string, unknown][] =>
    key.startsWith(prefix) ? [[key.slice(prefix.length), parsedText(value)]] : [],
  );
  const own = raw.filter(([key]) => !(policyKeys as readonly string[]).includes(key));
  return validateDelivery(Object.fromEntries(own));
}
