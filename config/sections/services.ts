import { z } from "zod";
import { taskSizeIssues } from "../../components/services/fargate-service/task-size";
import { defineSection, fields, type SectionContext } from "../section";
import {
  accessField,
  egressField,
  healthCheckField,
  imageField,
  loadBalancerFields,
  variableFields,
} from "./service-fields";

const service = (context: SectionContext) =>
  z.strictObject({
    image: imageField(context).meta({ description: "What it runs" }),
    cpuUnits: z.int().meta({ description: "CPU; 1024 units are one vCPU" }),
    memoryMiB: z.int().meta({ description: "Memory that goes with the CPU in Fargate's table" }),
    architecture: z.enum(["x86_64", "arm64"]).default("x86_64").meta({ description: "Processor" }),
    logGroupName: z.string().min(1).meta({ description: "Log group, such as /ecs/my-service" }),
    logRetentionDays: fields
      .retentionDays()
      .default(context.byStage({ dev: 14, qa: 30, prod: 90 }))
      .meta({ description: "Days that logs are kept" }),
    port: z.int().min(1).max(65535).optional().meta({ description: "Port that the container listens on" }),
    healthCheck: healthCheckField(),
    desiredCount: z.int().min(0).default(1).meta({ description: "Tasks; 0 until its first image is pushed" }),
    scaling: z
      .strictObject({
        min: z.int().min(1).meta({ description: "Fewest tasks" }),
        max: z.int().min(1).meta({ description: "Most tasks" }),
        targetCpuPercent: z.int().min(10).max(90).default(70).meta({ description: "CPU that scaling aims at" }),
      })
      .optional()
      .meta({ description: "Scaling by CPU" }),
    singleton: z
      .boolean()
      .default(false)
      .meta({ description: "At most one task at any time: the old one stops before the new one starts" }),
    deployment: z
      .strictObject({
        strategy: z.enum(["rolling", "blue-green", "canary"]).default("rolling").meta({ description: "How" }),
        bakeMinutes: z.int().min(0).max(1440).default(10).meta({ description: "Minutes that alarms must stay silent" }),
        canaryPercent: z.int().min(1).max(50).default(10).meta({ description: "First share of a canary" }),
      })
      .optional()
      .meta({ description: "How a new release comes in; each way goes back by itself" }),
    stopTimeoutSeconds: z
      .int()
      .min(2)
      .max(120)
      .optional()
      .meta({ description: "Seconds to drain after SIGTERM; 30, and 120 for a singleton" }),
    paths: z
      .array(z.string())
      .min(1)
      .max(5)
      .optional()
      .meta({ description: "Paths that the load balancer sends here" }),
    ...variableFields(),
    access: accessField(),
    command: z.array(z.string()).optional().meta({ description: "Command instead of the image's own" }),
    spot: z.boolean().default(false).meta({ description: "Run on spare capacity, which can be taken away" }),
    executeCommand: z.boolean().default(false).meta({ description: "Let people open a logged shell in the container" }),
  });

/** Containers on Fargate. */
export const services = defineSection({
  description: "Services on ECS Fargate that share a cluster, a security group and one load balancer.",
  requires: ["network"],
  schema: (context) =>
    z.strictObject({
      services: z.record(z.string(), service(context)).meta({
        description: "The services by short name; rules are asked in this order, so keep catch-all paths last",
      }),
      loadBalancer: loadBalancerFields(context).optional().meta({ description: "Load balancer before them" }),
      egress: egressField(),
    }),
  check: (value) =>
    Object.entries(value.services).flatMap(([key, { cpuUnits, memoryMiB }]) =>
      taskSizeIssues(cpuUnits, memoryMiB, `services.${key}`),
    ),
});
