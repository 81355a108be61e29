import { z } from "zod";
import { newestKubernetes, versionIssues } from "../../components/services/eks-platform/versions";
import { defineSection, fields, type SectionContext } from "../section";
import { accessField, egressField } from "./service-fields";

const nodeGroup = z.strictObject({
  instanceTypes: z.array(fields.instanceType()).min(1).meta({ description: "One type, several for spot" }),
  capacity: z.enum(["on-demand", "spot"]).default("on-demand").meta({ description: "How the nodes are bought" }),
  nodes: z
    .strictObject({
      min: z.int().min(0).meta({ description: "Fewest nodes" }),
      desired: z.int().min(0).meta({ description: "Nodes at first" }),
      max: z.int().min(1).meta({ description: "Most nodes" }),
    })
    .meta({ description: "Size" }),
  labels: z.record(z.string(), z.string()).default({}).meta({ description: "Labels beside trading/workload" }),
  taints: z
    .array(
      z.strictObject({
        key: z.string().meta({ description: "Key" }),
        value: z.string().meta({ description: "Value" }),
        effect: z.enum(["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"]).meta({ description: "Effect" }),
      }),
    )
    .default([])
    .meta({ description: "Taints that keep other pods away" }),
  diskGiB: z.int().min(20).default(50).meta({ description: "Root volume" }),
  gpu: z.boolean().default(false).meta({ description: "NVIDIA GPUs and their drivers" }),
});

const groupsByStage = ({ byStage }: SectionContext) =>
  byStage({
    dev: { general: { instanceTypes: ["t3.large"], nodes: { min: 1, desired: 2, max: 3 } } },
    qa: { general: { instanceTypes: ["m7i.large"], nodes: { min: 2, desired: 2, max: 4 } } },
    prod: { general: { instanceTypes: ["m7i.large"], nodes: { min: 3, desired: 3, max: 9 } } },
  });

/** Kubernetes on EKS. */
export const kubernetes = defineSection({
  description: "Kubernetes on EKS: private API, node groups by kind of work, add-ons, identities, backups.",
  requires: ["network"],
  schema: (context) =>
    z.strictObject({
      clusterName: z.string().optional().meta({ description: "Name of the cluster; by project and stack when absent" }),
      version: z.string().default(newestKubernetes).meta({ description: "Minor version of Kubernetes" }),
      extendedSupport: z
        .boolean()
        .default(false)
        .meta({ description: "Stay past standard support, at six times the price" }),
      publicAccessCidrs: z
        .array(fields.cidr())
        .default([])
        .meta({ description: "Networks outside that reach the API" }),
      nodeGroups: z
        .record(z.string(), nodeGroup)
        .prefault(groupsByStage(context))
        .meta({ description: "Node groups by kind of work" }),
      administrators: z
        .array(z.string())
        .default([])
        .meta({ description: "ARNs of roles and users that may do everything" }),
      viewers: z.array(z.string()).default([]).meta({ description: "ARNs of roles and users that may look" }),
      workloads: z
        .record(
          z.string(),
          z.strictObject({
            namespace: z.string().meta({ description: "Namespace of the pods" }),
            serviceAccount: z.string().meta({ description: "Service account of the pods" }),
            access: accessField(),
          }),
        )
        .default({})
        .meta({ description: "Workloads that call AWS, each with a role of its own" }),
      tradingNamespace: z.string().default("trading").meta({ description: "Namespace that market hours protect" }),
      marketHours: z
        .strictObject({
          timeZone: z.string().default("America/New_York").meta({ description: "Time zone of the exchange" }),
          open: z.string().default("09:30").meta({ description: "Opening, HH:MM" }),
          close: z.string().default("16:00").meta({ description: "Closing, HH:MM" }),
        })
        .prefault({})
        .meta({ description: "When nothing in the trading namespace may be disrupted" }),
      backup: z
        .strictObject({
          schedule: z.string().default("cron(0 5 * * ? *)").meta({ description: "When, in UTC" }),
          retentionDays: z
            .int()
            .min(1)
            .default(context.byStage({ dev: 7, qa: 7, prod: 30 }))
            .meta({ description: "Days that backups are kept" }),
        })
        .prefault({})
        .meta({ description: "Backups of objects and volumes" }),
      logRetentionDays: fields
        .retentionDays()
        .default(context.byStage({ dev: 14, qa: 30, prod: 365 }))
        .meta({ description: "Days that control-plane logs are kept" }),
      deletionProtection: z
        .boolean()
        .default(context.byStage({ dev: false, qa: false, prod: true }))
        .meta({ description: "Refuse deletion" }),
      egress: egressField(),
    }),
  check: (value, settings) => [
    ...versionIssues(value.version, value.extendedSupport, new Date()),
    ...(settings.stage === "prod" && value.publicAccessCidrs.length > 0
      ? [
          {
            path: "publicAccessCidrs",
            problem: "opens the API of a live cluster to networks outside",
            value: value.publicAccessCidrs,
            allowed: "nothing in prod",
            fix: "Reach it from inside the VPC, through Session Manager.",
          },
        ]
      : []),
  ],
});
