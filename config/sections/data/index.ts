import { z } from "zod";
import type { Issue } from "../../../components/common/validation";
import { checkDataPlatform } from "../../../components/data/data-platform/settings";
import { defineSection } from "../../section";
import { bucketsSchema } from "./buckets";
import { postgresSchema } from "./postgres";
import { redisSchema } from "./redis";
import { secretsSchema } from "./secrets";
import { timescaleSchema } from "./timescale";

/** What the nodes of TimescaleDB call, and the data tier has no other way to. */
const nodeEndpoints = ["secretsmanager", "ssm", "ssmmessages", "ec2", "monitoring", "logs"] as const;

interface NetworkOfNodes {
  readonly dataTierReachesS3?: boolean;
  readonly endpoints?: { readonly interface?: readonly string[] };
}

/** The data tier has no way to the internet: what the nodes need must be inside of the network. */
function checkTimescaleNetwork(packages: string, network: NetworkOfNodes | undefined): Issue[] {
  const issues: Issue[] = [];
  if (packages === "internet") {
    issues.push({
      path: "timescale.packages",
      problem: "needs package archives, which the data tier does not reach",
      value: packages,
      allowed: "image",
      fix: "Make an image with `timescale-node install` and name it in ami.",
    });
  }
  if (!network?.dataTierReachesS3) {
    issues.push({
      path: "timescale",
      problem: "archives to S3, which the data tier does not reach",
      fix: "Set network.dataTierReachesS3: true.",
    });
  }
  const missing = nodeEndpoints.filter((service) => !network?.endpoints?.interface?.includes(service));
  if (missing.length > 0) {
    issues.push({
      path: "timescale",
      problem: `calls AWS services that the data tier does not reach: ${missing.join(", ")}`,
      fix: "Add them to network.endpoints.interface.",
    });
  }
  return issues;
}

/** Databases, cache, buckets and secrets. */
export const data = defineSection({
  description: "Databases, cache, buckets and secrets; each part is turned on by its presence.",
  requires: ["network"],
  schema: (context) =>
    z.strictObject({
      postgres: postgresSchema(context).optional().meta({ description: "PostgreSQL on RDS" }),
      timescale: timescaleSchema(context).optional().meta({ description: "TimescaleDB on EC2; RDS does not offer it" }),
      redis: redisSchema(context).optional().meta({ description: "Redis on ElastiCache" }),
      buckets: bucketsSchema(context).optional().meta({ description: "S3 buckets" }),
      secrets: secretsSchema(context).optional().meta({ description: "Named secrets of applications" }),
    }),
  check: (value, settings) => [
    ...checkDataPlatform(value, settings.region),
    ...(value.timescale
      ? checkTimescaleNetwork(value.timescale.packages, settings.network as NetworkOfNodes | undefined)
      : []),
  ],
});
