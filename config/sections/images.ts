import { z } from "zod";
import { amiKinds } from "../../components/common/ami-pointer";
import { defineSection } from "../section";

/** The AMI pointers that instances start from. */
export const images = defineSection({
  description:
    "AMI pointers of the stage, in SSM: traders, ingest and GPU hosts that name no ami of their own start from them.",
  schema: ({ stage, byStage }) =>
    z.strictObject({
      kinds: z
        .array(z.enum(amiKinds))
        .min(1)
        .default(["trading", "ingest"])
        .meta({ description: "Kinds of images with a pointer; hosts of other kinds start from AWS's own image" }),
      create: z
        .boolean()
        .default(stage === "dev")
        .meta({
          description:
            "Make the pointers, at first to AWS's own images; elsewhere they come by npm run ami -- promote, before the first deployment",
        }),
      requireProof: z
        .boolean()
        .default(byStage({ dev: false, qa: false, prod: true }))
        .meta({ description: "Stop a deployment whose pointers name images that qa has not run" }),
    }),
  check: (value) =>
    value.create && value.requireProof
      ? [
          {
            path: "create",
            problem: "makes pointers to images that nothing proves, and requireProof asks for proof",
            value: true,
            allowed: "false while images.requireProof is true",
            fix: "Leave images.create out and promote images from qa: npm run ami -- promote trading --to prod",
          },
        ]
      : [],
});
