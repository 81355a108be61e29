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

  /** `helpSaysMore`: the command's help answers the question that it leaves. */
  constructor(
    message: string,
    readonly helpSaysMore = false,
  ) {
    super(message);
  }
}

/** The program, the policy pack or a source of the planner failed; exit status 3. */
export class EvaluationError extends Error {
  override readonly name: string = "EvaluationError";
}

function noCredentials(profile: string | undefined): string {
  if (!profile) return "there are no AWS credentials: log in (aws sso login), or assume the stage's role";
  return `the profile ${profile} gives no AWS credentials: log in (aws sso login --profile ${profile}), or name one that ~/.aws/config has`;
}

/** What a failing call of AWS means for whoever runs a command, and what to do. `profile` is the one that was asked for. */
export function describeAwsError(error: unknown, profile = process.env.AWS_PROFILE): string {
  const known: Error & { code?: string } = error instanceof Error ? error : new Error(String(error));
  const { name, message, code } = known;
  if (/Credentials/.test(name) || /Credentials/.test(code ?? "")) return noCredentials(profile);
  if (name === "BucketError") return message; // has what failed, why, and what to do
  if (/AccessDenied|UnauthorizedOperation|NotAuthorized/.test(name))
    return `access is denied: ${message}. The identity needs the read permissions of the deploy role`;
  return `${name}: ${message || code || "no reason given"}`;
}
