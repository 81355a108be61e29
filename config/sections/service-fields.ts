/** Shapes that the sections of services share. */
import { z } from "zod";
import { defaultRuleSets, managedRuleSets, windowsSeconds } from "../../components/security/web-firewall-rules";
import { fields, type SectionContext } from "../section";

const ruleSet = z.enum(Object.keys(managedRuleSets) as [keyof typeof managedRuleSets]);

/** The firewall before a load balancer or a site. */
export const firewallFields = () =>
  z.strictObject({
    ruleSets: z
      .array(ruleSet)
      .default([...defaultRuleSets])
      .meta({ description: "AWS-managed rule sets, in order" }),
    countOnly: z
      .array(ruleSet)
      .default([])
      .meta({ description: "Rule sets that count instead of blocking, to see first what they would block" }),
    rateLimits: z
      .array(
        z.strictObject({
          name: z.string().meta({ description: "Short name, such as a tier's or an endpoint's" }),
          requests: z.int().min(10).meta({ description: "Requests of one client in a window" }),
          windowSeconds: z
            .union(windowsSeconds.map((seconds) => z.literal(seconds)))
            .default(300)
            .meta({ description: "Window", allowed: windowsSeconds.join(", ") }),
          pathPrefix: z.string().optional().meta({ description: "Only paths that start so: the limit of an endpoint" }),
          apiKeyPrefix: z
            .string()
            .optional()
            .meta({ description: "Only API keys that start so: the limit of a tier, counted by key" }),
        }),
      )
      .default([{ name: "address", requests: 2000, windowSeconds: 300 }])
      .meta({ description: "Requests that one client may make, by tier and by endpoint; the rest gets 429" }),
    logRetentionDays: fields.retentionDays().default(90).meta({ description: "Days that the firewall's log is kept" }),
  });

/** A name in a public zone. */
export const domainFields = () =>
  z.strictObject({
    domainName: z.string().min(1).meta({ description: "Fully qualified name, such as app.example.com" }),
    zoneId: z
      .string()
      .regex(/^Z[A-Z0-9]+$/, { error: "is not the id of a hosted zone" })
      .meta({ description: "Hosted zone that answers for the name", allowed: "Z and upper-case letters and digits" }),
  });

/** A load balancer in front of services. */
export const loadBalancerFields = ({ byStage }: SectionContext) =>
  z.strictObject({
    exposure: z
      .enum(["internet", "internal"])
      .default("internal")
      .meta({ description: "Whether it faces the internet (port 443, behind the firewall) or stays in the VPC" }),
    domain: domainFields().optional().meta({ description: "Name to make a certificate and a DNS record for" }),
    certificateArn: z.string().optional().meta({ description: "Certificate that exists already, instead of domain" }),
    minimumTls: z.enum(["1.2", "1.3"]).default("1.2").meta({ description: "Oldest TLS version that is spoken" }),
    allowedCidrs: z
      .array(fields.cidr())
      .optional()
      .meta({ description: "Who may connect; everybody when it faces the internet, else the VPC" }),
    onlyFromCloudFront: z
      .boolean()
      .default(false)
      .meta({ description: "Let CloudFront in and nobody else, so that a client's address can be believed" }),
    firewall: firewallFields().optional().meta({ description: "Firewall before it; needed facing the internet" }),
    idleTimeoutSeconds: z
      .int()
      .min(1)
      .max(4000)
      .default(60)
      .meta({ description: "Seconds that idle connections stay" }),
    accessLogRetentionDays: z
      .int()
      .min(1)
      .default(byStage({ dev: 14, qa: 90, prod: 365 }))
      .meta({ description: "Days that access logs are kept" }),
    deletionProtection: z
      .boolean()
      .default(byStage({ dev: false, qa: false, prod: true }))
      .meta({ description: "Refuse deletion" }),
  });

/** Where tasks and hosts may connect to. */
export const egressField = () =>
  z.enum(["https", "all"]).default("https").meta({
    description: "Way out of the application tier: HTTPS and the data ports of the VPC, or everything",
  });

const digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, { error: "does not pin an image" })
  .meta({ allowed: "sha256: and 64 hexadecimal digits" });

/** An image: pinned by digest in another registry, or in a repository of the stack's. */
export const imageField = ({ byStage }: SectionContext) =>
  z
    .union([
      z.string().regex(/@sha256:[0-9a-f]{64}$/, { error: "is not pinned by digest" }),
      z.strictObject({
        repositoryName: z.string().meta({ description: "Name of the repository in ECR" }),
        digest: digest.optional().meta({ description: "Digest of the image to run; a pipeline sets it" }),
        build: z
          .strictObject({
            context: z.string().meta({ description: "Folder that Docker builds" }),
            dockerfile: z.string().optional().meta({ description: "Dockerfile in it" }),
            target: z.string().optional().meta({ description: "Stage of the Dockerfile" }),
            args: z.record(z.string(), z.string()).optional().meta({ description: "Build arguments" }),
          })
          .optional()
          .meta({ description: "Build and push during the deployment, instead of digest" }),
        keepImages: z.int().min(1).default(10).meta({ description: "Images that the repository keeps" }),
        forceDelete: z
          .boolean()
          .default(byStage({ dev: true, qa: false, prod: false }))
          .meta({ description: "Delete the repository with its images" }),
      }),
    ])
    .meta({ allowed: "<repository>@sha256:<64 hexadecimal digits>, or repositoryName with digest or build" });

/** Plain variables, and secrets by variable. */
export const variableFields = () => ({
  environment: z.record(z.string(), z.string()).default({}).meta({ description: "Plain variables of the application" }),
  secrets: z.record(z.string(), z.string()).default({}).meta({
    description:
      "Secrets by variable: an ARN or a key of data.secrets.entries (`database` is the database's); #field takes one field",
  }),
});

/** What the application does with the stack's secrets and buckets. */
export const accessField = () =>
  z
    .strictObject({
      secrets: z.array(z.string()).default([]).meta({ description: "Keys of data.secrets.entries that it reads" }),
      buckets: z
        .record(z.string(), z.enum(["read", "read-write"]))
        .default({})
        .meta({ description: "Buckets of data.buckets that it uses" }),
      log: z.boolean().default(false).meta({ description: "Write into its log group by itself" }),
    })
    .optional()
    .meta({ description: "What the application does with AWS by itself" });

/** Health check of what a load balancer speaks to. */
export const healthCheckField = () =>
  z
    .strictObject({
      path: z.string().default("/health").meta({ description: "Path that answers 200 while it is well" }),
      intervalSeconds: z.int().min(5).max(300).default(30).meta({ description: "Seconds between two checks" }),
      command: z.array(z.string()).optional().meta({ description: "Command in the container, without load balancer" }),
    })
    .prefault({})
    .meta({ description: "Health check" });
