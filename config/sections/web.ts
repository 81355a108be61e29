import { z } from "zod";
import { isArm } from "../../components/services/eks-platform/node-groups";
import { defineSection, fields, type SectionContext } from "../section";
import {
  accessField,
  egressField,
  healthCheckField,
  imageField,
  loadBalancerFields,
  variableFields,
} from "./service-fields";

const group = (context: SectionContext) =>
  z.strictObject({
    image: imageField(context).meta({ description: "What its hosts run" }),
    ami: fields
      .ami()
      .optional()
      .meta({ description: "Amazon Linux 2023 or a descendant; AWS's newest for the processor when absent" }),
    instances: z
      .strictObject({
        min: z.int().min(0).meta({ description: "Fewest hosts" }),
        desired: z.int().min(0).meta({ description: "Hosts at first" }),
        max: z.int().min(1).meta({ description: "Most hosts" }),
      })
      .prefault(
        context.byStage({
          dev: { min: 1, desired: 1, max: 2 },
          qa: { min: 2, desired: 2, max: 4 },
          prod: { min: 2, desired: 2, max: 6 },
        }),
      )
      .meta({ description: "Size" }),
    weight: z.int().min(0).max(100).default(100).meta({ description: "Share of the requests in percent" }),
  });

/** AWS's parameter with the newest Amazon Linux 2023 for a processor. */
export function amazonLinux(instanceType: string): string {
  const architecture = isArm(instanceType) ? "arm64" : "x86_64";
  return `resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${architecture}`;
}

/** What the instance metadata service hands out as the name of a tag; EC2 refuses a host with another. */
const tagKey = /^(?!aws:)[\w+\-=.,:@]{1,128}$/;

/** Hosts behind a load balancer. */
export const web = defineSection({
  description: "Web tier: an auto-scaling group of hosts with one container each, behind a load balancer.",
  requires: ["network"],
  schema: (context) =>
    z.strictObject({
      instanceType: fields.instanceType().default("t3.medium").meta({ description: "Type of the hosts" }),
      port: z.int().min(1).max(65535).default(8000).meta({ description: "Port that the application listens on" }),
      healthCheck: healthCheckField(),
      groups: z
        .strictObject({
          blue: group(context).meta({ description: "The release that runs" }),
          green: group(context).optional().meta({ description: "A second one beside it, for blue/green" }),
        })
        .meta({ description: "Releases with their sizes and weights" }),
      scaling: z
        .strictObject({
          targetCpuPercent: z.int().min(10).max(90).default(60).meta({ description: "CPU that scaling aims at" }),
          requestsPerTarget: z.int().min(1).optional().meta({ description: "Requests of one host a minute to aim at" }),
        })
        .prefault({})
        .meta({ description: "Scaling" }),
      loadBalancer: loadBalancerFields(context).meta({ description: "Load balancer before them" }),
      ...variableFields(),
      access: accessField(),
      hostTags: z
        .record(z.string(), z.string().max(256))
        .refine((tags) => Object.keys(tags).every((key) => tagKey.test(key)), {
          error: "has a name that a host cannot read of itself",
        })
        .default({})
        .meta({
          description: "Further tags of the hosts, such as a Name that something outside looks for",
          allowed: "names of 1 to 128 letters, digits and + - = . , _ : @, not beginning with aws:",
        }),
      keyName: z.string().optional().meta({ description: "Key pair, where Session Manager cannot be used" }),
      rootVolumeGiB: z.int().min(8).default(20).meta({ description: "Root volume" }),
      refreshWaitMinutes: z
        .int()
        .min(0)
        .max(120)
        .default(28)
        .meta({ description: "Minutes that a deployment waits for its hosts to be replaced; 0 leaves it to others" }),
      hostWaitMinutes: z
        .int()
        .min(0)
        .max(60)
        .default(15)
        .meta({ description: "Minutes that a first deployment waits for healthy hosts; 0 does not wait" }),
      logRetentionDays: fields
        .retentionDays()
        .default(context.byStage({ dev: 14, qa: 30, prod: 90 }))
        .meta({ description: "Days that logs are kept" }),
      egress: egressField(),
    }),
});
