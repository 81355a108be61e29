import { z } from "zod";
import type { SectionContext } from "../../section";

const secret = z.strictObject({
  description: z.string().min(1).meta({ description: "What the secret opens" }),
  fields: z.array(z.string().min(1)).min(1).meta({ description: "JSON fields that must be filled" }),
  readers: z.array(z.string().min(1)).default([]).meta({ description: "Services that may read it" }),
  values: z
    .record(z.string(), z.string())
    .optional()
    .meta({ description: "Values as encrypted configuration (pulumi config set --secret --path); else filled in AWS" }),
  rotation: z
    .strictObject({
      lambdaArn: z.string().meta({ description: "Function that changes the secret" }),
      everyDays: z.int().meta({ description: "Days between rotations" }),
    })
    .optional()
    .meta({ description: "Rotation by a function; by hand when absent" }),
});

/** Named secrets of the applications. */
export const secretsSchema = ({ stage, byStage }: SectionContext) =>
  z.strictObject({
    namePrefix: z.string().meta({ description: "First part of every name, such as clever-better/prod" }),
    entries: z.record(z.string(), secret).meta({ description: "The secrets by the last part of their names" }),
    allowPlaceholders: z
      .boolean()
      .default(stage !== "prod")
      .meta({ description: "Deploy although secrets are not filled yet" }),
    recoveryWindowDays: z
      .int()
      .default(byStage({ dev: 0, qa: 0, prod: 30 }))
      .meta({ description: "Days that a deleted secret can be restored and its name stays blocked; 0 for none" }),
  });
