import { addProblem, type Problem, type Problems } from "../common/instances";

export interface Outcome {
  readonly done: number;
  readonly problems: Problems;
}

/** All batches and passes together. */
export function total(outcomes: readonly Outcome[]): Outcome & { readonly failed: number } {
  const problems: Problems = {};
  let done = 0;
  for (const outcome of outcomes) {
    done += outcome.done;
    for (const [problem, ids] of Object.entries(outcome.problems) as [Problem, string[]][]) {
      addProblem(problems, problem, ids);
    }
  }
  return { done, problems, failed: Object.values(problems).reduce((sum, ids) => sum + ids.length, 0) };
}

/** Most ids named in a sentence; the log has them all. */
const namedIds = 5;

/** One sentence for people. */
export function sentence(action: "start" | "stop", outcome: ReturnType<typeof total>): string {
  const verb = action === "start" ? "started" : "stopped";
  const parts = Object.entries(outcome.problems).map(([problem, ids]) => {
    const more = ids.length > namedIds ? `, and ${ids.length - namedIds} more` : "";
    return `${problem}: ${ids.slice(0, namedIds).join(", ")}${more}`;
  });
  return `${outcome.done} ${verb}, ${outcome.failed} not${parts.length > 0 ? ` (${parts.join("; ")})` : ""}`;
}
