/** IAM policy documents in one shape, whichever way they were written. */

export interface Allowed {
  readonly sid: string;
  readonly effect: "Allow" | "Deny";
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly resources: readonly string[];
  readonly notResources: readonly string[];
  /** Kind (`AWS`, `Service`, `Federated`, `*`) and value of each principal. */
  readonly principals: readonly (readonly [kind: string, value: string])[];
  readonly notPrincipal: boolean;
  /** Operator, key and values of each condition; keys in lower case. */
  readonly conditions: readonly {
    readonly operator: string;
    readonly key: string;
    readonly values: readonly string[];
  }[];
}

const strings = (value: unknown): string[] => {
  if (value === undefined || value === null) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((one) => (typeof one === "string" ? one : JSON.stringify(one)));
};

function principalsOf(value: unknown): (readonly [string, string])[] {
  if (value === undefined || value === null) return [];
  if (typeof value === "string") return [["*", value]];
  return Object.entries(value).flatMap(([kind, values]) => strings(values).map((one) => [kind, one] as const));
}

function conditionsOf(value: unknown): Allowed["conditions"] {
  return Object.entries((value ?? {}) as Record<string, Record<string, unknown>>).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => ({ operator, key: key.toLowerCase(), values: strings(values) })),
  );
}

/** The statements of a document, given as text or as an object. Text that is no JSON throws: it proves nothing. */
export function statementsOf(document: unknown): readonly Allowed[] {
  if (document === undefined || document === null || document === "") return [];
  const parsed = (typeof document === "string" ? JSON.parse(document) : document) as { Statement?: unknown };
  const list = Array.isArray(parsed.Statement) ? (parsed.Statement as unknown[]) : [parsed.Statement ?? []].flat();
  return (list as Record<string, unknown>[]).map((one) => ({
    sid: typeof one.Sid === "string" ? one.Sid : "",
    effect: one.Effect === "Deny" ? "Deny" : "Allow",
    actions: strings(one.Action),
    notActions: strings(one.NotAction),
    resources: strings(one.Resource),
    notResources: strings(one.NotResource),
    principals: principalsOf(one.Principal),
    notPrincipal: one.NotPrincipal !== undefined,
    conditions: conditionsOf(one.Condition),
  }));
}

/** How a statement is named in messages. */
export const nameOf = (statement: Allowed, index: number): string =>
  statement.sid ? `statement ${statement.sid}` : `statement ${index + 1}`;

/** Condition keys that bind a wildcard principal to an account, an organization, a source or a network. */
const binding =
  /^(aws:(principalaccount|principalorgid|principalorgpaths|principalarn|sourceaccount|sourcearn|sourceowner|sourceorgid|sourcevpc|sourcevpce|vpcsourceip)|kms:(calleraccount|viaservice)|s3:(dataaccesspointaccount)|lambda:functionurlauthtype)$/;

/** True for a condition that lets only a known party in; `Null` tests, negations and bare wildcards do not. */
function binds({ operator, key, values }: Allowed["conditions"][number]): boolean {
  if (/not/i.test(operator) || /^null$/i.test(operator) || /ifexists$/i.test(operator)) return false;
  return binding.test(key) && values.length > 0 && values.every((value) => !/^\*+$/.test(value));
}

/** True for a statement that allows anybody: a wildcard principal that no condition binds. */
export function allowsAnybody(statement: Allowed): boolean {
  if (statement.effect !== "Allow") return false;
  const anyone =
    statement.notPrincipal ||
    statement.principals.some(
      ([kind, value]) => value === "*" && (kind === "AWS" || kind === "*" || kind === "CanonicalUser"),
    );
  return anyone && !statement.conditions.some(binds);
}

/** True where an action pattern such as `kms:De*` or `*` covers an action. */
export function covers(pattern: string, action: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*/g, ".*")
    .replace(/\?/g, ".");
  return new RegExp(`^${source}$`, "i").test(action);
}

/** True where a statement allows an action, whatever the resource. */
export function allowsAction(statement: Allowed, action: string): boolean {
  if (statement.effect !== "Allow") return false;
  if (statement.notActions.length > 0) return !statement.notActions.some((pattern) => covers(pattern, action));
  return statement.actions.some((pattern) => covers(pattern, action));
}
