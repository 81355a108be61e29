import { z } from "zod";
import { defineSection, fields } from "../section";

/** The VPC that everything else of a stack lives in. */
export const network = defineSection({
  description: "The VPC: zones, subnets by tier, NAT, network ACLs, flow logs and endpoints.",
  schema: () =>
    z.strictObject({ cidr: fields.cidr().default("10.0.0.0/16").meta({ description: "Address block of the VPC." }) }),
});
