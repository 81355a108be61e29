import { CommanderError } from "commander";
import { EvaluationError, exitStatus, UsageError } from "./failure";

/** Exit status of a command that ended with an error, told on stderr; commander has told its own. Others are thrown on. */
export function statusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.fine : exitStatus.badInput;
  if (error instanceof UsageError || error instanceof EvaluationError) {
    console.error(error.message);
    return error instanceof UsageError ? exitStatus.badInput : exitStatus.failed;
  }
  throw error;
}
