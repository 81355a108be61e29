import { z } from "zod";
import { defineSection, fields } from "../section";

const text = (description: string) => z.string().trim().min(1).meta({ description });

const waiver = z.strictObject({
  policy: text("Name of the policy, as docs/policies.md lists it."),
  resource: text("Logical name or URN of the resource; * stands for any characters.").meta({
    allowed: "a name, URN or glob",
  }),
  reason: text("Why the violation may stand."),
  owner: text("Who answers for it."),
  expires: fields.day().meta({ description: "Last day on which the waiver holds." }),
});

/** What the policy pack is told about this stack. It makes no resources: `policy/` reads it from the configuration. */
export const policies = defineSection({
  description: "What the policy pack is told about this stack: waivers, declared entries, allowed instance types.",
  schema: () =>
    z.strictObject({
      waivers: z
        .array(waiver)
        .default([])
        .meta({ description: "Violations that are let stand, each with a reason, an owner and a last day." }),
      publicEntries: z.array(text("Logical name or URN; * stands for any characters.")).default([]).meta({
        description:
          "Load balancers and security groups that the internet may reach on port 443; each has to have a web firewall.",
      }),
      instanceTypes: z
        .array(text("Glob of instance types, such as g5.*."))
        .default([])
        .meta({ description: "Instance types that this stack may use beside those of its stage." }),
      provenAmis: z
        .array(text("AMI id or name of an SSM parameter; * stands for any characters."))
        .default([])
        .meta({ description: "Images that qa has run: what a live trader may start from." }),
      tradingMode: z.enum(["live", "paper"]).optional().meta({
        description: "What the stack trades, where the stage does not say it (prod is live, all else paper).",
      }),
      accountBaselineStack: z.string().min(1).optional().meta({
        description:
          "Stack that holds this account's singletons (default EBS encryption, trail, detector), where it is not this one.",
      }),
    }),
});
