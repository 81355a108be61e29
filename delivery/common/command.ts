import { InvalidArgumentError, type Command } from "commander";
import { ValidationError } from "../../components/common/validation";
import { readArguments } from "../../plan/command-line";
import { EvaluationError, exitStatus, UsageError } from "../../plan/failure";

export { EvaluationError, exitStatus, UsageError };

/** What a command does once its arguments are read; returns its exit status. */
export type Work = () => Promise<number> | number;

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

/**
 * Reads a command's arguments and runs it: mistakes of whoever typed are told by their message alone with status 2, what
 * failed for other reasons with status 3. Help ends with status 0.
 */
export async function runCommand(program: Command, argv: readonly string[], work: Work): Promise<number> {
  program.allowExcessArguments(false).showHelpAfterError(`More: npm run ${program.name()} -- --help`);
  try {
    return readArguments(program, argv) ? await work() : exitStatus.fine;
  } catch (error) {
    if (error instanceof UsageError || error instanceof ValidationError) {
      console.error(error.message);
      return exitStatus.badInput;
    }
    if (error instanceof EvaluationError) {
      console.error(error.message);
      return exitStatus.failed;
    }
    console.error(error);
    return exitStatus.failed;
  }
}

/** The end of a command's file: runs it when the file is what was started. */
export function start(main: (argv: readonly string[]) => Promise<number>): void {
  // Nothing that a client left open may keep the command from ending.
  void main(process.argv.slice(2)).then((status) => process.exit(status));
}
