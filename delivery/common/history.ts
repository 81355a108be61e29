import { readGiven } from "../../plan/settings/given-file";
import { UsageError } from "./command";
import { askPulumi } from "./engine";

/** One operation of a stack's history, newest first, as `pulumi stack history --json` prints it. */
export interface Update {
  /** Number of the update in Pulumi Cloud; 0 where state lies in a bucket or a folder. */
  readonly version: number;
  /** `update`, `refresh`, `destroy`, `import`, ... */
  readonly kind: string;
  readonly startTime: string;
  readonly endTime?: string;
  /** `succeeded`, `failed` or `in-progress`. */
  readonly result: string;
  /** `git.head` is the commit that was deployed. */
  readonly environment?: Readonly<Record<string, string>>;
  /** By full key; a key that is secret, or holds a secret, has no value. */
  readonly config?: Readonly<
    Record<string, { readonly value?: string; readonly objectValue?: unknown; readonly secret?: boolean }>
  >;
}

function isHistory(value: unknown): value is Update[] {
  return (
    Array.isArray(value) &&
    value.every((one: Partial<Update> | null) => typeof one?.kind === "string" && typeof one.result === "string")
  );
}

/**
 * A stack's operations, newest first: from a file, or from the engine.
 * @throws UsageError where the file is none of that form, EvaluationError where the engine fails
 */
export function readHistory(stack: string, file: string | undefined, folder: string): Update[] {
  const text =
    file === undefined
      ? askPulumi(["stack", "history", "--json", "--stack", stack], folder)
      : readGiven("--history", file, folder);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (isHistory(value)) return value;
  throw new UsageError(
    `--history ${file ?? stack}: is no history\n  allowed: what \`pulumi stack history --json --stack ${stack}\` prints`,
  );
}

/** A key's value in an update; undefined where it had none or a secret. */
export function configValue(update: Update, key: string): unknown {
  const entry = update.config?.[key];
  if (entry === undefined || entry.secret === true) return undefined;
  return entry.objectValue ?? entry.value;
}
