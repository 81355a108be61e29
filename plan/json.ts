/** The plan as JSON: its shape is the planner's contract, published as `docs/plan-schema.json`. */
import { z } from "zod";

const urn = z.string().meta({ description: "URN of a resource" });

const resource = z
  .strictObject({
    urn,
    type: z.string().meta({ description: "Pulumi type token, such as aws:ec2/instance:Instance" }),
    name: z.string().meta({ description: "Logical name" }),
    parent: urn.nullable().meta({ description: "URN of the component it belongs to; null at the top of the stack" }),
    custom: z.boolean().meta({ description: "True for a resource of a provider, false for a component" }),
    remote: z.boolean().meta({ description: "True for a component that its provider builds, without children here" }),
    protect: z.boolean(),
    retainOnDelete: z.boolean(),
    inputs: z
      .record(z.string(), z.unknown())
      .meta({ description: "Inputs; [secret] for what is secret, [unknown] for what only a deployment knows" }),
    dependencies: z.array(urn).meta({ description: "Every resource that this one waits for" }),
    propertyDependencies: z
      .record(z.string(), z.array(urn))
      .meta({ description: "Resources that an input's value comes from, by input" }),
  })
  .meta({ description: "A registered resource" });

const model = z.strictObject({
  key: z.string().meta({ description: "Object key, models/<type>/<symbol>/<model>-outer_X_inner_Y" }),
  type: z.string(),
  symbol: z.string(),
  model: z.string(),
  outer: z.int().nonnegative(),
  inner: z.int().nonnegative(),
});

const violation = z.strictObject({
  policy: z.string(),
  enforcement: z.enum(["mandatory", "advisory"]),
  severity: z.enum(["low", "medium", "high", "critical"]),
  urn: urn.meta({ description: "URN of the resource, or of the stack for what concerns it as a whole" }),
  message: z.string(),
});

const costLine = z.strictObject({
  urn,
  component: z.string().meta({ description: "Name of the component below the stack that it belongs to" }),
  monthly: z.number().meta({ description: "USD a month of 730 hours" }),
  basis: z.string().meta({ description: "How it was computed: quantities, unit prices, source and date" }),
});

/** What `--format json` prints. */
export const planSchema = z
  .strictObject({
    schemaVersion: z.literal(1),
    project: z.string(),
    stack: z.string(),
    stage: z.enum(["dev", "qa", "prod"]),
    resources: z.array(resource).meta({ description: "Sorted by URN" }),
    outputs: z.record(z.string(), z.unknown()).meta({ description: "Stack outputs" }),
    models: z
      .strictObject({
        accepted: z.array(model),
        rejected: z.array(z.strictObject({ key: z.string(), reason: z.string() })),
      })
      .meta({ description: "Every key of the listing, accepted or rejected with its reason" }),
    policy: z.strictObject({
      violations: z.array(violation),
      evaluated: z.int().nonnegative().meta({ description: "Number of policies that were run" }),
    }),
    cost: z.strictObject({
      currency: z.literal("USD"),
      monthly: z.number().meta({ description: "Sum of the lines" }),
      lines: z.array(costLine),
      unpriced: z
        .array(z.string())
        .meta({ description: "Types that cost money, of which no price with a source is known" }),
      reasons: z
        .record(z.string(), z.string())
        .optional()
        .meta({ description: "Why, by unpriced type, and how its price is got; absent in plans of before" }),
    }),
    warnings: z.array(z.string()),
  })
  .meta({ title: "A plan of the trading platform", description: "Output of npm run plan -- <stack> --format json" });

export type Plan = z.infer<typeof planSchema>;
export type PlannedResource = Plan["resources"][number];
export type Violation = Plan["policy"]["violations"][number];
export type Cost = Plan["cost"];

/** JSON Schema of a plan, as it is published. */
export function publishedSchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(planSchema, { target: "draft-2020-12" });
  return `${JSON.stringify({ $schema, ...schema }, null, 2)}\n`;
}

/** The plan as JSON text. Keys keep the contract's order; inputs are sorted already. */
export function renderJson(plan: Plan): string {
  return `${JSON.stringify(plan, null, 2)}\n`;
}
