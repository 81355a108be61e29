import { z } from "zod";
import { checkDataPlatform } from "../../../components/data/data-platform/settings";
import { defineSection } from "../../section";
import { bucketsSchema } from "./buckets";
import { postgresSchema } from "./postgres";
import { redisSchema } from "./redis";
import { secretsSchema } from "./secrets";

/** Databases, cache, buckets and secrets. */
export const data = defineSection({
  description: "Databases, cache, buckets and secrets; each part is turned on by its presence.",
  requires: ["network"],
  schema: (context) =>
    z.strictObject({
      postgres: postgresSchema(context).optional().meta({ description: "PostgreSQL on RDS" }),
      redis: redisSchema(context).optional().meta({ description: "Redis on ElastiCache" }),
      buckets: bucketsSchema(context).optional().meta({ description: "S3 buckets" }),
      secrets: secretsSchema(context).optional().meta({ description: "Named secrets of applications" }),
    }),
  check: (value, { region }) => checkDataPlatform(value, region),
});
