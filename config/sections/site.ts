import { z } from "zod";
import { defineSection } from "../section";
import { domainFields, firewallFields } from "./service-fields";

/** Static files at the edge. */
export const site = defineSection({
  description: "Static site: S3 behind CloudFront, in releases that switch as a whole.",
  schema: ({ byStage }) =>
    z.strictObject({
      folder: z.string().optional().meta({ description: "Built site that is uploaded" }),
      release: z.string().optional().meta({
        description: "Release that is live; an earlier one goes back to it",
        allowed: "12 hexadecimal digits",
      }),
      singlePage: z.boolean().default(true).meta({ description: "Answer routes without a file by index.html" }),
      domain: domainFields().optional().meta({ description: "Name to make a certificate and DNS records for" }),
      minimumTls: z.enum(["1.2", "1.3"]).default("1.2").meta({ description: "Oldest TLS version of viewers" }),
      api: z
        .strictObject({
          domainName: z
            .string()
            .optional()
            .meta({ description: "Server of these paths; the domain of the web tier's load balancer when absent" }),
          paths: z.array(z.string()).min(1).meta({ description: "Paths that go there" }),
        })
        .optional()
        .meta({ description: "Paths that a server answers" }),
      allowedOrigins: z.array(z.string()).default([]).meta({ description: "Other origins whose pages may read files" }),
      contentSecurityPolicy: z.string().optional().meta({ description: "What pages may load and run" }),
      firewall: firewallFields().prefault({}).meta({ description: "Firewall of the edge, in us-east-1" }),
      edges: z
        .enum(["all", "north-america-and-europe"])
        .default(byStage({ dev: "north-america-and-europe", qa: "north-america-and-europe", prod: "all" }))
        .meta({ description: "Edge locations" }),
      accessLogRetentionDays: z
        .int()
        .min(1)
        .default(byStage({ dev: 14, qa: 90, prod: 365 }))
        .meta({ description: "Days that access logs are kept" }),
    }),
  check: (value, settings) => {
    const web = settings.web as { loadBalancer?: { domain?: unknown } } | undefined;
    if (!value.api || value.api.domainName !== undefined || web?.loadBalancer?.domain) return [];
    return [
      {
        path: "api.domainName",
        problem: "is missing, and there is no web tier with a domain to take its place",
        fix: "Set api.domainName to a name on the server's certificate, or web.loadBalancer.domain.",
      },
    ];
  },
});
