/** `npm run plan`: arguments in, plan and exit status out. */
import * as path from "node:path";
import { createColors } from "picocolors";
import { parseArguments, type Arguments } from "./arguments";
import { start, tellMistake } from "./command-line";
import type { Base } from "./difference";
import { EvaluationError, exitStatus, UsageError } from "./failure";
import type { Plan } from "./json";
import { lazy } from "./lazy";
import { checkOutput, print, writeWhole } from "./output";
import type { Planned, PlanOptions } from "./plan";
import type { PolicyReport } from "./policy/run";
import { Progress } from "./progress";
import { projectRoot, userFolder } from "./settings/project";

/** Colours on a terminal only. */
function colorsFor(args: Arguments) {
  const { isTTY } = process.stdout as { isTTY?: boolean }; // undefined for a pipe, whatever its type says
  return createColors(args.out === undefined && isTTY === true && !process.env.NO_COLOR);
}

/** The policy run of a format that shows nothing else; `checkFormat` sees to it that there is one. */
function reported(policies: Planned["policies"]): PolicyReport {
  if (!policies) throw new EvaluationError("the policies were not run");
  return policies;
}

/** @throws UsageError where what is asked for has no such format */
function checkFormat({ format, policy, diff, reach, without }: Arguments): void {
  const asked = Object.entries({ "--diff": diff, "--reach": reach, "--without": without }).filter(([, one]) => one);
  if (asked.length > 1)
    throw new UsageError(`${asked.map(([option]) => option).join(" and ")}: one question at a time`);
  if (without !== undefined && format !== "text" && format !== "json") {
    throw new UsageError(`--without with --format ${format}: an answer is text or json`);
  }
  if (diff !== undefined && !["text", "markdown", "json"].includes(format)) {
    throw new UsageError(`--diff with --format ${format}: a difference is text, markdown or json`);
  }
  if (format !== "sarif" && format !== "junit") return;
  if (!policy) throw new UsageError(`--format ${format} shows policy results: leave --no-policy out`);
  if (reach) throw new UsageError(`--reach with --format ${format}: an answer is text or json`);
}

async function render({ plan, advice, region, policies, stackFile }: Planned, args: Arguments): Promise<string> {
  switch (args.format) {
    case "sarif":
      return `${JSON.stringify(lazy.sarif().toSarif(reported(policies), stackFile), null, 2)}\n`;
    case "junit":
      return lazy.junit().toJUnit(reported(policies), plan.stack);
    case "json":
      return lazy.json().renderJson(plan);
    case "markdown":
      return lazy.markdown().renderMarkdown(plan, region, advice);
    case "html":
      return lazy.html().renderHtml(plan, region);
    case "text":
      return lazy.text().renderText(plan, { colors: colorsFor(args), advice, full: args.full === true });
  }
}

/** What changes from another plan. */
async function renderDiff(base: Base, after: Plan, args: Arguments): Promise<string> {
  const { compare, renderDifference, renderDifferenceText } = lazy.difference();
  const before = await base(async (options) => (await lazy.plan().makePlan(options)).plan);
  const difference = compare(before, after, args.diff ?? "", `${after.stack} as it is`);
  if (args.format === "json") return `${JSON.stringify(difference, null, 2)}\n`;
  return args.format === "markdown" ? renderDifference(difference) : renderDifferenceText(difference);
}

/** Source, target and port of `--reach from to:port`. */
function reachOf(given: readonly string[]): { from: string; to: string; port: number } {
  const [from = "", target = "", ...rest] = given;
  const [, to = "", port = ""] = /^(.+):(\d+)$/.exec(target) ?? [];
  if (to === "" || rest.length > 0 || Number(port) < 1 || Number(port) > 65_535) {
    throw new UsageError(
      `--reach ${given.join(" ")}: is not <from> <to:port>, such as internet data-postgres-primary:5432`,
    );
  }
  return { from, to, port: Number(port) };
}

/** What is asked of a plan's resources alone, asked at once: a name that is none is refused before the long part. */
function asksFor(reach: ReturnType<typeof reachOf> | undefined, without: string | undefined): PlanOptions["check"] {
  if (reach) return (plan) => new (lazy.reach().Network)(plan).ask(reach.from, reach.to, reach.port);
  return without === undefined ? undefined : (plan) => lazy.without().takeAway(plan, without);
}

function renderAnswer(plan: Plan, { from, to, port }: ReturnType<typeof reachOf>, args: Arguments): string {
  const { Network, renderReach } = lazy.reach();
  const reach = new Network(plan).ask(from, to, port);
  return args.format === "json" ? `${JSON.stringify(reach, null, 2)}\n` : renderReach(reach);
}

/** What is lost without a zone or a resource, and what that means for the recovery targets. */
function renderWithout({ plan, config, region }: Planned, what: string, args: Arguments): string {
  const { judge, lossAsData, promisesOf, renderLoss, takeAway } = lazy.without();
  const loss = takeAway(plan, what);
  const targets = judge(promisesOf(config, plan, region), plan, loss);
  return args.format === "json"
    ? `${JSON.stringify(lossAsData(loss, targets, plan), null, 2)}\n`
    : renderLoss(loss, targets, plan);
}

/** Whether a plan is refused: a mandatory policy is violated. */
function statusOf(plan: Plan): number {
  const refused = plan.policy.violations.some(({ enforcement }) => enforcement === "mandatory");
  return refused ? exitStatus.refused : exitStatus.fine;
}

async function run(args: Arguments): Promise<number> {
  const out = args.out === undefined ? undefined : path.resolve(userFolder(), args.out);
  checkFormat(args);
  const reach = args.reach && reachOf(args.reach);
  if (out !== undefined) checkOutput(out, args.out ?? out);
  const progress = new Progress();
  const check = asksFor(reach, args.without);
  try {
    const options: PlanOptions = {
      root: projectRoot(),
      stack: args.stack,
      configFile: args.configFile,
      config: args.config,
      models: args.models,
      usage: args.usage,
      prices: args.prices,
      policies: args.policy,
      traces: args.trace === true,
      progress,
      ...(check && { check }),
    };
    const base = args.diff === undefined ? undefined : lazy.difference().openBase(args.diff, options);
    const planned = await lazy.plan().makePlan(options);
    const content = reach
      ? renderAnswer(planned.plan, reach, args)
      : args.without !== undefined
        ? renderWithout(planned, args.without, args)
        : await (base ? renderDiff(base, planned.plan, args) : render(planned, args));
    progress.end();
    if (out === undefined) await print(content);
    else writeWhole(out, content);
    return planned.exceeded ? exitStatus.refused : statusOf(planned.plan);
  } finally {
    progress.end();
  }
}

/** Runs the planner with arguments, and gives the exit status; failures are told on stderr. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const args = parseArguments(argv);
    return args ? await run(args) : exitStatus.fine;
  } catch (error) {
    if (error instanceof UsageError) return tellMistake(error, "plan");
    if (error instanceof EvaluationError) {
      console.error(`The evaluation failed: ${error.message}`);
      return exitStatus.failed;
    }
    console.error(error);
    return exitStatus.failed;
  }
}

if (require.main === module) start(main);
