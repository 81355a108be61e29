/** Exit statuses of the planner. */
export const exitStatus = {
  fine: 0,
  /** A mandatory policy is violated or a budget is exceeded. */
  refused: 1,
  /** Bad usage or configuration. */
  badInput: 2,
  /** The evaluation failed. */
  failed: 3,
} as const;

/** What the user asked for cannot be done as asked; told by its message alone, with exit status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The program, the policy pack or a source of the planner failed; exit status 3. */
export class EvaluationError extends Error {
  override readonly name = "EvaluationError";
}
