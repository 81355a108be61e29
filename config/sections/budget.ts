import { z } from "zod";
import { checkBudget } from "../../components/operations/budget";
import { defineSection } from "../section";

/** What a stack may cost. */
export const budget = defineSection({
  description:
    "Monthly budget of the stack; the planner refuses a plan that costs more, AWS tells of a forecast above.",
  requires: ["monitoring"],
  schema: () =>
    z.strictObject({
      monthlyUsd: z.number().meta({
        description: "Limit in USD a month; npm run budget takes it from the planner's estimate",
        allowed: "an amount such as 450",
      }),
      warnAtPercent: z
        .number()
        .default(80)
        .meta({ description: "Percent of the limit that were spent when people are told" }),
    }),
  check: (value) => checkBudget(value),
});
