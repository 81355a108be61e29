import { z } from "zod";
import { defineSection, fields } from "../section";

/** One instance for each model artifact in the deploy bucket. */
export const fleet = defineSection({
  description: "One EC2 instance for each model artifact found in the deploy bucket.",
  requires: ["network"],
  schema: () =>
    z.strictObject({ bucket: fields.bucketName().meta({ description: "Deploy bucket that is listed for models." }) }),
});
