import { z } from "zod";
import { evictionPolicies } from "../../../components/data/redis-cache/settings";
import { fields, type SectionContext } from "../../section";
import { portField, rotationField, secretNameField, windowField } from "./fields";

/** Redis 7 on ElastiCache. */
export const redisSchema = ({ byStage, stage }: SectionContext) =>
  z.strictObject({
    engineVersion: z.enum(["7.0", "7.1"]).default("7.1").meta({ description: "Version of Redis" }),
    nodeType: z
      .string()
      .default(byStage({ dev: "cache.t4g.micro", qa: "cache.t4g.small", prod: "cache.r7g.large" }))
      .meta({ description: "Node type", allowed: "a node type such as cache.r7g.large" }),
    clusterMode: z
      .boolean()
      .default(stage === "prod")
      .meta({ description: "Spread keys over shards; clients must speak the cluster protocol" }),
    shards: z.int().default(1).meta({ description: "Shards; one without cluster mode" }),
    replicasPerShard: z
      .int()
      .default(byStage({ dev: 0, qa: 1, prod: 2 }))
      .meta({ description: "Replicas beside each primary" }),
    multiAz: z
      .boolean()
      .default(stage !== "dev")
      .meta({ description: "Primary and replicas in different zones" }),
    automaticFailover: z
      .boolean()
      .default(stage !== "dev")
      .meta({ description: "A replica takes over from a lost primary" }),
    port: portField(6379),
    evictionPolicy: z.enum(evictionPolicies).default("allkeys-lru").meta({
      description: "What happens when the memory is full",
    }),
    reservedMemoryPercent: z
      .int()
      .default(25)
      .meta({ description: "Share of the memory kept from data for snapshots and replication" }),
    parameters: z
      .record(z.string(), z.union([z.string(), z.number()]))
      .default({})
      .meta({ description: "Further parameters by Redis's names" }),
    snapshots: z
      .strictObject({
        retentionDays: z
          .int()
          .default(byStage({ dev: 0, qa: 1, prod: 7 }))
          .meta({ description: "Days that daily snapshots are kept; 0 for none" }),
        window: windowField("Daily snapshot window", "05:00-06:00"),
      })
      .prefault({})
      .meta({ description: "Snapshots" }),
    maintenanceWindow: windowField("Weekly maintenance window", "sun:06:30-sun:07:30"),
    finalSnapshot: z
      .boolean()
      .default(stage === "prod")
      .meta({ description: "Take a snapshot when the cache is deleted" }),
    protected: z
      .boolean()
      .default(stage === "prod")
      .meta({ description: "Refuse to delete the cache" }),
    applyImmediately: z
      .boolean()
      .default(stage === "dev")
      .meta({ description: "Apply changes at once instead of in the maintenance window" }),
    logRetentionDays: fields
      .retentionDays()
      .default(byStage({ dev: 7, qa: 30, prod: 90 }))
      .meta({ description: "Days that logs are kept" }),
    secretName: secretNameField(),
    rotationDays: rotationField(),
  });
