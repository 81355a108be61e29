import { CommanderError, type Command } from "commander";
import type { ValidationError } from "../components/common/validation";
import { EvaluationError, exitStatus, UsageError } from "./failure";
import { guardOutput } from "./output";

/** What a command does once its arguments are read; returns its exit status. */
export type Work = () => Promise<number> | number;

/** Where the help of a command is. */
const helpOf = (name: string) => `More: npm run ${name} -- --help`;

/** By its name: the class itself brings Pulumi's SDK along, which help and mistakes are answered without. */
const isValidationError = (error: unknown): error is ValidationError =>
  error instanceof Error && error.name === "ValidationError";

/** Tells a mistake of whoever typed a command: its message alone, and the way to the help where that says more. */
export function tellMistake({ message, helpSaysMore }: UsageError, name: string): number {
  console.error(helpSaysMore ? `${message}\n${helpOf(name)}` : message);
  return exitStatus.badInput;
}

/**
 * Reads the arguments of a command line into its parser, which must not end the process by itself. False where help was
 * asked for and shown.
 * @throws UsageError with the parser's own sentence where they make no sense.
 */
export function readArguments(parser: Command, argv: readonly string[]): boolean {
  guardOutput();
  const said: string[] = [];
  for (const command of [parser, ...parser.commands]) {
    command
      .configureOutput({ writeErr: (text) => void said.push(text) })
      .allowExcessArguments(false)
      .showHelpAfterError(helpOf(parser.name()))
      .exitOverride();
  }
  try {
    parser.parse([...argv], { from: "user" });
    return true;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return false;
    const text = said.join("").trimEnd();
    throw new UsageError(text.replace(/^error: /, ""));
  }
}

/**
 * Reads a command's arguments and runs it: mistakes of whoever typed are told by their message alone with status 2, what
 * failed for other reasons with status 3. Help ends with status 0.
 */
export async function runCommand(program: Command, argv: readonly string[], work: Work): Promise<number> {
  try {
    return readArguments(program, argv) ? await work() : exitStatus.fine;
  } catch (error) {
    if (error instanceof UsageError) return tellMistake(error, program.name());
    if (isValidationError(error)) {
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
  void main(process.argv.slice(2)).then(async (status) => {
    await new Promise((resolve) => setImmediate(resolve)); // what was written may still fail
    process.exit(status); // nothing that a client left open may keep the command from ending
  });
}
