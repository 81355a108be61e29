/**
 * Decides requests by IAM policy documents, for the operators and forms that this platform's policies use. An operator that
 * it does not know is an error: a test must not pass because a condition was skipped.
 */
import type { Statement } from "../../components/common/iam";

export interface Request {
  readonly action: string;
  readonly resource: string;
  /** Context keys, such as `aws:ResourceTag/stack`; a key that is absent is absent in the request. */
  readonly context?: Readonly<Record<string, string>>;
}

const list = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === "string" ? [value] : value;

const matchesWildcard = (pattern: string, text: string) =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replace(/\*/g, ".*")
      .replace(/\?/g, ".")}$`,
  ).test(text);

type Operator = (value: string | undefined, wanted: readonly string[]) => boolean;
const operators: Readonly<Record<string, Operator>> = {
  StringEquals: (value, wanted) => value !== undefined && wanted.includes(value),
  // Negated operators hold where the key is absent.
  StringNotEquals: (value, wanted) => value === undefined || !wanted.includes(value),
  Bool: (value, wanted) => value !== undefined && wanted.includes(value),
};

function applies(statement: Statement, request: Request): boolean {
  const { Action, Resource, Condition = {} } = statement;
  if (!list(Action).some((pattern) => matchesWildcard(pattern.toLowerCase(), request.action.toLowerCase())))
    return false;
  if (!list(Resource).some((pattern) => matchesWildcard(pattern, request.resource))) return false;
  return Object.entries(Condition).every(([operator, keys]) => {
    const holds = operators[operator];
    if (!holds) throw new Error(`the test does not know the condition operator ${operator}`);
    return Object.entries(keys).every(([key, wanted]) => holds(request.context?.[key], list(wanted)));
  });
}

/** Whether a role may do something: its own statements allow it, and its boundary does as well. */
export const allowsWithin = (own: readonly Statement[], boundary: readonly Statement[], request: Request): boolean =>
  allows(own, request) && allows(boundary, request);

/** Whether the statements allow a request: some Allow applies and no Deny does. */
export function allows(statements: readonly Statement[], request: Request): boolean {
  const applying = statements.filter((statement) => applies(statement, request));
  return applying.some(({ Effect }) => Effect === "Allow") && !applying.some(({ Effect }) => Effect === "Deny");
}
