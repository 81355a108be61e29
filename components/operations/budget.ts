import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { throwIfAny, type Issue } from "../common/validation";

export interface BudgetArgs {
  readonly project: string;
  readonly stack: string;
  /** Most that the stack should cost a month, in USD; the planner refuses a plan that it estimates above. */
  readonly monthlyUsd: number;
  /** Percent of the limit that were spent when people are told before it is reached. */
  readonly warnAtPercent: number;
  /** Topic for the forecast and for the first warning. */
  readonly warningTopicArn: pulumi.Input<string>;
  /** Topic for a limit that is passed. */
  readonly criticalTopicArn: pulumi.Input<string>;
}

/** What AWS would refuse. Paths are relative to the section. */
export function checkBudget({ monthlyUsd, warnAtPercent }: Pick<BudgetArgs, "monthlyUsd" | "warnAtPercent">): Issue[] {
  const issues: Issue[] = [];
  if (!(monthlyUsd > 0))
    issues.push({
      path: "monthlyUsd",
      problem: "is no limit",
      value: monthlyUsd,
      allowed: "more than 0",
      fix: "npm run budget -- <stack> takes it from the estimate.",
    });
  if (!(warnAtPercent > 0 && warnAtPercent < 100))
    issues.push({
      path: "warnAtPercent",
      problem: "does not warn before the limit is reached",
      value: warnAtPercent,
      allowed: "1 to 99",
    });
  return issues;
}

/**
 * The monthly budget of one stack, by the tags `project` and `stack` that everything in it carries. The account has to know
 * both as cost allocation tags (Billing, once an account); AWS counts from then on.
 *
 * Makes: `aws.budgets.Budget` with notifications: a forecast above the limit and a share of it spent to `warning`, the limit
 * passed to `critical`.
 * Errors: `ValidationError` for a limit or a share that cannot warn.
 * Cost: none; AWS charges for budget actions only.
 */
export class Budget extends pulumi.ComponentResource {
  readonly name: pulumi.Output<string>;

  constructor(name: string, args: BudgetArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:operations:Budget", name, {}, opts);
    throwIfAny(`Budget ${name}`, checkBudget(args));
    const notify = (notificationType: "ACTUAL" | "FORECASTED", threshold: number, topic: pulumi.Input<string>) => ({
      notificationType,
      threshold,
      thresholdType: "PERCENTAGE",
      comparisonOperator: "GREATER_THAN",
      subscriberSnsTopicArns: [topic],
    });
    const budget = new aws.budgets.Budget(
      `${name}-monthly`,
      {
        name: `${args.project}-${args.stack}-monthly`,
        budgetType: "COST",
        timeUnit: "MONTHLY",
        limitAmount: String(args.monthlyUsd),
        limitUnit: "USD",
        metrics: "UnblendedCost",
        filterExpression: {
          ands: [
            { tags: { key: "project", values: [args.project] } },
            { tags: { key: "stack", values: [args.stack] } },
          ],
        },
        notifications: [
          notify("FORECASTED", 100, args.warningTopicArn),
          notify("ACTUAL", args.warnAtPercent, args.warningTopicArn),
          notify("ACTUAL", 100, args.criticalTopicArn),
        ],
      },
      { parent: this },
    );
    this.name = budget.name;
    this.registerOutputs({ name: this.name });
  }
}
