/**
 * AMI pointers: one SSM parameter for each stage and kind of image, `/<project>/ami/<stage>/<kind>`, whose value is an AMI id.
 * EC2 follows it when an instance starts (`resolve:ssm:`). A new image gets into dev's pointer, and from there by
 * `npm run ami -- promote` to qa and prod. Beside a pointer lies its proof, `<pointer>/proof`: who ran the image, or who let
 * it through and why.
 */
import { z } from "zod";

/** What an image is for. */
export const amiKinds = ["trading", "trading-arm64", "ingest", "gpu"] as const;
export type AmiKind = (typeof amiKinds)[number];

/** The stages in the order in which an image walks through them. */
export const amiStages = ["dev", "qa", "prod"] as const;
export type AmiStage = (typeof amiStages)[number];

/** Values of the tag `component` of the instances that start from a kind's pointer. */
export const componentsOf: Readonly<Record<AmiKind, readonly string[]>> = {
  trading: ["fleet", "trader"],
  "trading-arm64": ["fleet", "trader"],
  ingest: ["ingest"],
  gpu: ["gpu"],
};

/** Tag on images that says their kind; images without it are never reaped. */
export const imageKindTag = "image-kind";

/** Tag on an image that a stage's pointer names, so that another account's pointer protects it too. */
export const pointedTag = (stage: AmiStage): string => `ami-pointer-${stage}`;

/** Name of a stage's pointer to a kind of image. */
export const pointerName = (project: string, stage: AmiStage, kind: AmiKind): string =>
  `/${project}/ami/${stage}/${kind}`;

/** Name of the parameter that proves what a pointer names. */
export const proofName = (pointer: string): string => `${pointer}/proof`;

/** The pointer as EC2 takes it in place of an AMI id. */
export const pointerImage = (project: string, stage: AmiStage, kind: AmiKind): string =>
  `resolve:ssm:${pointerName(project, stage, kind)}`;

/** An AMI id. */
export const amiId = /^ami-([0-9a-f]{8}|[0-9a-f]{17})$/;

const proofSchema = z.object({
  ami: z.string().regex(amiId),
  /** Stage whose instances ran it. */
  ranIn: z.enum(amiStages).optional(),
  /** Instances that ran it long enough and well, and the longest of their runs in hours. */
  instances: z.number().int().optional(),
  hours: z.number().optional(),
  /** Why it was let through without having run. */
  override: z.string().min(1).optional(),
  /** ARN of who says so, and when. */
  by: z.string().min(1),
  at: z.iso.datetime(),
});

/** What is written beside a pointer. */
export type AmiProof = z.output<typeof proofSchema>;

/** Reads a proof; undefined for what is none. */
export function readProof(text: string | undefined): AmiProof | undefined {
  if (text === undefined) return undefined;
  try {
    return proofSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Why a proof does not cover an AMI; undefined where it does. */
export function proofProblem(ami: string, proof: AmiProof | undefined): string | undefined {
  if (!proof) return "nothing says that qa has run it";
  if (proof.ami !== ami) return `its proof is for ${proof.ami}`;
  if (proof.override === undefined && proof.ranIn !== "qa") return "it ran in no qa stack, and nobody let it through";
  return undefined;
}
