import { CommanderError, type Command } from "commander";
import { UsageError } from "./failure";

/**
 * Reads the arguments of a command line into its parser, which must not end the process by itself. False where help was
 * asked for and shown.
 * @throws UsageError with the parser's own sentence where they make no sense.
 */
export function readArguments(parser: Command, argv: readonly string[]): boolean {
  const said: string[] = [];
  for (const command of [parser, ...parser.commands])
    command.configureOutput({ writeErr: (text) => void said.push(text) }).exitOverride();
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
