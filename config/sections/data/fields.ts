import { z } from "zod";
import { tuningProfiles, type TuningProfile } from "../../../components/data/tuning";

/** Field shapes that the data stores share. */
export const windowField = (what: string, fallback: string) =>
  z
    .string()
    .default(fallback)
    .meta({ description: `${what}, in UTC`, allowed: `a window such as ${fallback}` });

export const portField = (fallback: number) =>
  z.int().min(1024).max(65_535).default(fallback).meta({ description: "TCP port" });

export const secretNameField = () =>
  z
    .string()
    .regex(/^[\w/+=.@-]{1,512}$/, { error: "is not a name of a secret" })
    .optional()
    .meta({ description: "Name of the secret, where one is fixed", allowed: "letters, digits and / _ + = . @ -" });

export const rotationField = () =>
  z.int().min(0).max(1000).default(30).meta({ description: "Days between rotations of the password; 0 for none" });

export const tuningField = (fallback: TuningProfile) =>
  z
    .strictObject({
      profile: z.enum(tuningProfiles).default(fallback).meta({
        description: "Kind of load: web (short transactions), analytics (long reads), timeseries (steady inserts)",
      }),
      parameters: z
        .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
        .default({})
        .meta({
          description:
            "PostgreSQL parameters that win over the profile's, with PostgreSQL's units (shared_buffers: 4GB)",
        }),
    })
    .prefault({})
    .meta({ description: "Parameters of the server" });
