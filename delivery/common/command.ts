import { InvalidArgumentError } from "commander";
import { runCommand, start } from "../../plan/command-line";
import { EvaluationError, exitStatus, UsageError } from "../../plan/failure";

export { EvaluationError, exitStatus, runCommand, start, UsageError };

/** For options that take a text which may not be empty. */
export function notEmpty(value: string): string {
  if (value === "") throw new InvalidArgumentError("It is empty.");
  return value;
}

/** For options that take a whole number from 0 up. */
export function wholeNumber(value: string): number {
  if (!/^\d{1,6}$/.test(value)) throw new InvalidArgumentError("It is not a whole number from 0 to 999999.");
  return Number(value);
}
