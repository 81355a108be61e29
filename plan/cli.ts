/** `npm run plan`: arguments in, plan and exit status out. */
import * as path from "node:path";
import { createColors } from "picocolors";
import { parseArguments, type Arguments } from "./arguments";
import { EvaluationError, exitStatus, UsageError } from "./failure";
import type { Plan } from "./json";
import { lazy } from "./lazy";
import { checkOutput, print, writeWhole } from "./output";
import { Progress } from "./progress";
import { projectRoot, userFolder } from "./settings/project";

function render(plan: Plan, advice: readonly string[], args: Arguments): string {
  if (args.format === "json") return lazy.json().renderJson(plan);
  const { isTTY } = process.stdout as { isTTY?: boolean }; // undefined for a pipe, whatever its type says
  const colors = createColors(args.out === undefined && isTTY === true && !process.env.NO_COLOR);
  return lazy.text().renderText(plan, { colors, advice, full: args.full === true });
}

/** Whether a plan is refused: a mandatory policy is violated. */
function statusOf(plan: Plan): number {
  const refused = plan.policy.violations.some(({ enforcement }) => enforcement === "mandatory");
  return refused ? exitStatus.refused : exitStatus.fine;
}

async function run(args: Arguments): Promise<number> {
  const out = args.out === undefined ? undefined : path.resolve(userFolder(), args.out);
  if (out !== undefined) checkOutput(out, args.out ?? out);
  const progress = new Progress();
  try {
    const { makePlan } = lazy.plan();
    const { plan, advice, exceeded } = await makePlan({
      root: projectRoot(),
      stack: args.stack,
      configFile: args.configFile,
      config: args.config,
      models: args.models,
      usage: args.usage,
      policies: args.policy,
      traces: args.trace === true,
      progress,
    });
    const content = render(plan, advice, args);
    progress.end();
    if (out === undefined) await print(content);
    else writeWhole(out, content);
    return exceeded ? exitStatus.refused : statusOf(plan);
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
    if (error instanceof UsageError) {
      console.error(error.message);
      return exitStatus.badInput;
    }
    if (error instanceof EvaluationError) {
      console.error(`The evaluation failed: ${error.message}`);
      return exitStatus.failed;
    }
    console.error(error);
    return exitStatus.failed;
  }
}

if (require.main === module) {
  // Nothing that the program or a server left open may keep the command from ending.
  void main(process.argv.slice(2)).then((status) => process.exit(status));
}
