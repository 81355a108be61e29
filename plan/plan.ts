/** One run of the planner: configuration, evaluation, policies and cost in; one plan out, that every format shows. */
import type { CostReport } from "./cost/cost";
import type { Evaluation } from "./evaluate/program";
import type { Plan, PlannedResource } from "./json";
import { lazy } from "./lazy";
import type { PolicyReport } from "./policy/run";
import type { Progress } from "./progress";
import { withModels } from "./settings/model-source";
import { userPath } from "./settings/project";
import { readStackConfig } from "./settings/stack-config";

export interface PlanOptions {
  readonly root: string;
  readonly stack?: string | undefined;
  readonly configFile?: string | undefined;
  /** `key=value`, nested keys with dots. */
  readonly config?: readonly string[];
  /** File with one object key a line, or `s3://bucket/prefix`. */
  readonly models?: string | undefined;
  /** YAML with a stack's own usage, in place of `plan/cost/usage.yaml`'s assumptions. */
  readonly usage?: string | undefined;
  /** YAML with prices of the user's own, before the checked-in table's. */
  readonly prices?: string | undefined;
  /** @default true */
  readonly policies?: boolean;
  /** Keeps stack traces for whoever debugs the program. @default false */
  readonly traces?: boolean;
  readonly progress?: Progress;
  /** Looks at the resources before policies and prices are run, which take longest; what it throws ends the plan. */
  readonly check?: (plan: Plan) => unknown;
}

export interface Planned {
  readonly plan: Plan;
  readonly region: string;
  /** The stack's configuration: namespaced keys, JSON text for objects. */
  readonly config: Readonly<Record<string, string>>;
  /** The stack's file, seen from the project's folder. */
  readonly stackFile: string;
  /** The policy run whole, for the formats that show nothing else; undefined where the policies were left out. */
  readonly policies: PolicyReport | undefined;
  /** Ways to pay less. */
  readonly advice: readonly string[];
  /** Quantity a month of each figure that has no price with a source. */
  readonly missing: ReadonlyMap<string, number>;
  /** True where a monthly budget of the stack is exceeded. */
  readonly exceeded: boolean;
}

function planned(evaluation: Evaluation): PlannedResource[] {
  const { redactor } = evaluation;
  return evaluation.resources.map((resource) => ({
    urn: resource.urn,
    type: resource.type,
    name: resource.name,
    parent: resource.parent,
    custom: resource.custom,
    remote: resource.remote,
    protect: resource.protect,
    retainOnDelete: resource.retainOnDelete,
    inputs: redactor.value(resource.inputs) as Record<string, unknown>,
    dependencies: [...resource.dependencies],
    propertyDependencies: Object.fromEntries(
      Object.keys(resource.propertyDependencies)
        .sort()
        .map((property) => [property, [...(resource.propertyDependencies[property] ?? [])]]),
    ),
  }));
}

function assemble(evaluation: Evaluation, policy: Plan["policy"], priced: CostReport): Plan {
  const { cost, exceeded } = priced;
  const { project, stack, stage, redactor, models } = evaluation;
  return {
    schemaVersion: 1,
    project,
    stack,
    stage: stage as Plan["stage"],
    resources: planned(evaluation),
    outputs: redactor.value(evaluation.outputs) as Record<string, unknown>,
    models: {
      accepted: models.accepted.map(({ key, type, symbol, model, outer, inner }) => ({
        key,
        type,
        symbol,
        model,
        outer,
        inner,
      })),
      rejected: models.rejected.map(({ key, reason }) => ({ key, reason })),
    },
    policy,
    cost,
    warnings: [
      ...evaluation.warnings,
      ...priced.warnings,
      ...(policy.evaluated === 0 ? ["No policy was run"] : []),
      ...(evaluation.resources.length === 0
        ? ["No section is on, so nothing is deployed: docs/configuration.md has them all"]
        : []),
      ...(exceeded
        ? [`Budget exceeded: ${cost.monthly.toFixed(2)} USD a month, budget ${exceeded.name} is ${exceeded.limit}`]
        : []),
    ],
  };
}

const noPrices: CostReport = {
  cost: { currency: "USD", monthly: 0, lines: [], unpriced: [] },
  warnings: [],
  advice: [],
  missing: new Map(),
  exceeded: undefined,
};

/**
 * Plans a stack.
 * @throws UsageError where the request or the configuration is wrong, EvaluationError where the evaluation fails.
 */
export async function makePlan(options: PlanOptions): Promise<Planned> {
  const { root, progress } = options;
  progress?.stage("reading the configuration");
  const read = readStackConfig({
    root,
    stack: options.stack,
    configFile: options.configFile,
    overrides: options.config ?? [],
  });
  const settings = withModels(read, options.models, root);
  const usage = lazy
    .usage()
    .loadUsage(options.usage === undefined ? undefined : { file: userPath(options.usage, root), shown: options.usage });
  const own =
    options.prices === undefined
      ? undefined
      : lazy.ownPrices().loadOwnPrices(userPath(options.prices, root), options.prices);
  progress?.stage("loading the program");
  const judge = options.policies === false ? undefined : new (lazy.judge().Judge)();
  try {
    const { evaluate } = lazy.evaluate();
    progress?.stage("evaluating the program, resources");
    const evaluation = await evaluate({
      root,
      settings,
      ...(progress && { onRegister: progress.tick }),
      ...(options.traces && { traces: true }),
    });
    options.check?.(assemble(evaluation, { violations: [], evaluated: 0 }, noPrices));
    const report = await judge?.judge(evaluation, settings, progress);
    const policy = report ? lazy.judge().policyResults(report) : { violations: [], evaluated: 0 };
    progress?.stage("pricing");
    const priced = lazy.cost().priceAll(evaluation, settings.config, usage, own);
    return {
      region: evaluation.region,
      config: settings.config,
      stackFile: settings.file,
      plan: assemble(evaluation, policy, priced),
      policies: report,
      advice: priced.advice,
      missing: priced.missing,
      exceeded: priced.exceeded !== undefined,
    };
  } finally {
    await judge?.close();
  }
}
