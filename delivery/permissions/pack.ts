import { policyDocument, type Statement } from "../../components/common/iam";

/** IAM's limit of a managed policy, in characters without white space. */
export const policyLimit = 6144;

/** IAM's limit of managed policies on a role, without asking for more. */
export const attachmentLimit = 10;

const lengthOf = (statements: readonly Statement[]) => JSON.stringify(policyDocument(statements)).length;

const listOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === "string" ? [value] : value;

/** A statement as several that each fit a policy: half the actions, and half the resources where one action is too long. */
function split(statement: Statement): Statement[] {
  if (lengthOf([statement]) <= policyLimit) return [statement];
  const actions = listOf(statement.Action);
  const resources = listOf(statement.Resource);
  const halves = <T>(all: readonly T[]) => [
    all.slice(0, Math.ceil(all.length / 2)),
    all.slice(Math.ceil(all.length / 2)),
  ];
  const byActions = actions.length > 1 && JSON.stringify(actions).length >= JSON.stringify(resources).length;
  if (!byActions && resources.length < 2) throw new Error(`Statement ${statement.Sid} fits no policy`);
  const parts = byActions
    ? halves(actions).map((Action) => ({ ...statement, Action }))
    : halves(resources).map((Resource) => ({ ...statement, Resource }));
  return parts.flatMap(split);
}

/** Statements in as few managed policies as first fit finds; ids get a number where one was split. */
export function packStatements(statements: readonly Statement[]): Statement[][] {
  const policies: Statement[][] = [];
  const seen = new Map<string, number>();
  for (const whole of statements) {
    for (const part of split(whole)) {
      const id = part.Sid ?? "";
      const times = (seen.get(id) ?? 0) + 1;
      seen.set(id, times);
      const named = times === 1 ? part : { ...part, Sid: `${id}${times}` };
      const room = policies.find((policy) => lengthOf([...policy, named]) <= policyLimit);
      if (room) room.push(named);
      else policies.push([named]);
    }
  }
  return policies;
}

/** One statement that is not bound to names, and why. */
export interface Wildcard {
  readonly sid: string;
  readonly resource: string;
  readonly actions: readonly string[];
  readonly reason: string;
}

function reasonOf(statement: Statement): string {
  if (statement.Sid === "Look")
    return "lists and describes: AWS knows no resource for these calls, or it is not known before";
  if (statement.Sid === "Account")
    return "settings of the account, or made before there is a name; bound to the Region";
  if (statement.Sid === "Images") return "images that AWS and others publish";
  if (statement.Condition) return "bound to the stack's tags, or to the services that a role is for";
  return "ids are AWS's own, so an ARN says account and Region; another stack's tags are denied";
}

/** Every allowing statement with a resource that names nothing, for people who review the roles. */
export function wildcardReport(statements: readonly Statement[]): Wildcard[] {
  return statements.flatMap((statement) => {
    if (statement.Effect !== "Allow") return [];
    const wide = listOf(statement.Resource).filter(
      (arn) => arn === "*" || /:\*$|::\w+\/\*$|aws-service-role\/\*$/.test(arn),
    );
    const actions = listOf(statement.Action);
    return wide.map((resource) => ({ sid: statement.Sid ?? "", resource, actions, reason: reasonOf(statement) }));
  });
}
