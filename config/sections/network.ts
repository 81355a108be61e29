import { z } from "zod";
import { gatewayServices, interfaceServices } from "../../components/network/endpoints";
import { checkSubnetPlan } from "../../components/network/subnet-plan";
import { defineSection, fields } from "../section";

/** Interface endpoints by stage: none where a NAT gateway is cheaper, all that instances call where traffic must stay inside. */
const endpointsByStage = {
  dev: [],
  qa: ["ssm", "ssmmessages", "secretsmanager", "kms", "logs"],
  prod: [
    "ssm",
    "ssmmessages",
    "ec2messages",
    "secretsmanager",
    "kms",
    "logs",
    "monitoring",
    "sts",
    "ecr.api",
    "ecr.dkr",
  ],
} satisfies Record<string, (typeof interfaceServices)[number][]>;

const blocks = (tier: string) =>
  z
    .array(fields.cidr())
    .optional()
    .meta({
      description: `Exact blocks of the ${tier} subnets, one a zone in the order of the zones; computed when absent, no such subnets when empty`,
    });

const localZone = z.strictObject({
  zone: z
    .string()
    .meta({ description: "The Local Zone", allowed: "a Local Zone of the stack's Region, such as us-east-1-chi-2a" }),
  cidr: fields.cidr().optional().meta({ description: "Exact block of the hosts' subnet; computed when absent" }),
  natCidr: fields
    .cidr()
    .optional()
    .meta({ description: "Exact block of the NAT gateway's subnet with egress local-nat; computed when absent" }),
  egress: z.enum(["nat", "local-nat", "elastic-ip", "none"]).default("nat").meta({
    description:
      "Way out: the Region's NAT gateway (a detour in latency), one in the Local Zone, an elastic IP (dev only), or none",
  }),
  optIn: z.boolean().default(true).meta({ description: "Opt the account into the zone group; AWS does not undo it" }),
});

/** The VPC that everything else of a stack lives in. */
export const network = defineSection({
  description: "The VPC: zones, subnets by tier, Local Zones, NAT, network ACLs, flow logs and endpoints.",
  schema: ({ byStage }) =>
    z.strictObject({
      cidr: fields.cidr().default("10.0.0.0/16").meta({ description: "Address block of the VPC" }),
      zones: z
        .union([z.int().min(1).max(8), z.array(z.string()).min(1)])
        .default(byStage({ dev: 2, qa: 2, prod: 3 }))
        .meta({
          description: "How many of the Region's zones to use, or their names; append to the names, never insert",
          allowed: "a whole number from 1 to 8, or a list of zone names such as [us-east-1a, us-east-1b]",
        }),
      subnets: z
        .strictObject({ public: blocks("public"), app: blocks("app"), data: blocks("data") })
        .default({})
        .meta({ description: "Exact address blocks by tier" }),
      localZones: z.array(localZone).default([]).meta({ description: "Local Zones with a subnet for hosts" }),
      nat: z
        .enum(["none", "single", "per-zone"])
        .default(byStage({ dev: "single", qa: "single", prod: "per-zone" }))
        .meta({
          description:
            "NAT gateways: none, one for all zones, or one a zone so that a zone's loss takes nothing else with it",
        }),
      endpoints: z
        .strictObject({
          gateway: z
            .array(z.enum(gatewayServices))
            .default(["s3"])
            .meta({ description: "Gateway endpoints; free of charge" }),
          interface: z
            .array(z.enum(interfaceServices))
            .default(byStage<(typeof interfaceServices)[number][]>(endpointsByStage))
            .meta({ description: "Interface endpoints; charged by zone and hour" }),
        })
        .prefault({})
        .meta({ description: "VPC endpoints" }),
      flowLogs: z
        .strictObject({
          retentionDays: fields
            .retentionDays()
            .default(byStage({ dev: 7, qa: 30, prod: 365 }))
            .meta({
              description: "Days that flow logs are kept",
            }),
          aggregationSeconds: z
            .union([z.literal(60), z.literal(600)])
            .default(byStage<60 | 600>({ dev: 600, qa: 600, prod: 60 }))
            .meta({ description: "Seconds over which flows are put together" }),
        })
        .prefault({})
        .meta({ description: "VPC flow logs" }),
      dataTierReachesS3: z.boolean().default(false).meta({
        description: "Let the data tier reach S3 by the gateway endpoint (self-managed databases archive there)",
      }),
      allowSubnetReplacement: z.boolean().default(false).meta({
        description: "Allow, for one deployment, a change of blocks that replaces subnets and everything in them",
      }),
    }),
  check: (value, { region, stage }) => {
    const zones = typeof value.zones === "number" ? placeholderZones(value.zones, region) : value.zones;
    const issues = checkSubnetPlan({ ...value, zones }, region);
    value.localZones.forEach(({ egress, zone }, index) => {
      if (egress !== "elastic-ip" || stage === "dev") return;
      issues.push({
        path: `localZones[${index}].egress`,
        problem: `gives the hosts in ${zone} public addresses, which only dev allows`,
        value: egress,
        allowed: "nat, local-nat or none",
        fix: "Use local-nat: the same short way out without a public address on the host.",
      });
    });
    return issues;
  },
});

/** Stand-ins for zones that are only counted here and looked up later. */
function placeholderZones(count: number, region: string): string[] {
  return Array.from({ length: count }, (_, index) => `${region}${String.fromCharCode("a".charCodeAt(0) + index)}`);
}
