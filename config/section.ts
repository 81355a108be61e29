import { z } from "zod";
import type { Issue } from "../components/common/validation";
import { asDay, isDay } from "./day";

/** The stages: `dev` is development, `qa` paper trading, `prod` live. */
export const stages = ["dev", "qa", "prod"] as const;
export type Stage = (typeof stages)[number];

/** What decides a section's defaults. */
export interface SectionContext {
  readonly stage: Stage;
  readonly region: string;
  /** Picks this stage's value. */
  readonly byStage: <T>(values: Readonly<Record<Stage, T>>) => T;
}

/** One part of a stack that its presence turns on. */
export interface Section<S extends z.ZodType> {
  /** One sentence for `Pulumi.yaml` and the reference. */
  readonly description: string;
  /** Sections that must be on as well; named in the error when they are not. */
  readonly requires?: readonly string[];
  /** The shape, with the stage's defaults. Every field has a description; units stand in names. */
  readonly schema: (context: SectionContext) => S;
  /**
   * What a shape cannot say: relations between fields, or to other sections. Paths are relative to the section; the whole
   * stack's settings are given for comparisons; a section that is off, or whose own shape is wrong, is undefined there.
   */
  readonly check?: (
    value: z.output<S>,
    settings: Readonly<Record<string, unknown>> & { stage: Stage; region: string },
  ) => Issue[];
}

/** Declares a section, so that its type is inferred. */
export function defineSection<S extends z.ZodType>(section: Section<S>): Section<S> {
  return section;
}

/** The values of a stage's defaults. */
export function contextFor(stage: Stage, region: string): SectionContext {
  return { stage, region, byStage: (values) => values[stage] };
}

/** Field shapes that several sections use. */
export const fields = {
  cidr: () =>
    z
      .string()
      .regex(/^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/, { error: "is not an IPv4 CIDR block" })
      .meta({ allowed: "an IPv4 CIDR block such as 10.0.0.0/16" }),
  instanceType: () =>
    z
      .string()
      .regex(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, { error: "is not an EC2 instance type" })
      .meta({ allowed: "an EC2 instance type such as c6in.xlarge" }),
  bucketName: () =>
    z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, { error: "is not an S3 bucket name" })
      .meta({ allowed: "3 to 63 lower-case letters, digits, dots and dashes" }),
  /** An AMI id, or the SSM parameter that names one (`resolve:ssm:` is EC2's own way to write it). */
  ami: () =>
    z
      .string()
      .regex(/^(ami-[0-9a-f]{8,17}|resolve:ssm:\/?[\w./-]+)$/, { error: "is neither an AMI id nor an SSM parameter" })
      .meta({ allowed: "ami-0123456789abcdef0, or resolve:ssm:/name/of/parameter" }),
  /** A day, with quotes or without. */
  day: () =>
    z
      .string()
      .overwrite(asDay)
      .refine(isDay, { error: "is not a date" })
      .meta({ allowed: "a date such as 2027-01-31" }),
  retentionDays: () =>
    z
      .union(logRetentionDays.map((days) => z.literal(days)))
      .meta({ allowed: `one of CloudWatch's retentions in days: ${logRetentionDays.join(", ")}` }),
};

/** Retention periods that CloudWatch Logs knows, in days. */
export const logRetentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;
