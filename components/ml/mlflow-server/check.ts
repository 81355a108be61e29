import type { Issue } from "../../common/validation";

/** What can be wrong with a server's names. */
export interface CheckedMlflow {
  readonly domain: string;
  readonly users: readonly string[];
  readonly publish?: { readonly alias: string } | undefined;
}

/** Users that the server makes by itself. */
const ownUsers = ["admin", "publisher"];

/** Mistakes in a server's settings; paths are those of the section. */
export function checkMlflow({ domain, users, publish }: CheckedMlflow): Issue[] {
  const issues: Issue[] = [];
  if (!/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/.test(domain)) {
    issues.push({
      path: "domain",
      problem: "is not a domain",
      value: domain,
      allowed: "lower-case labels with dots between, such as mlflow.trading.internal",
    });
  }
  users.forEach((user, index) => {
    const path = `users[${index}]`;
    if (ownUsers.includes(user)) {
      issues.push({ path, problem: "is a user that the server makes by itself", value: user });
    } else if (!/^[a-z][a-z0-9-]{0,29}$/.test(user)) {
      issues.push({
        path,
        problem: "is not a name for a user",
        value: user,
        allowed: "a lower-case letter, then at most 29 letters, digits and dashes",
      });
    } else if (users.indexOf(user) !== index) {
      issues.push({ path, problem: "stands there twice", value: user });
    }
  });
  // MLflow's own rules: v1, v2 ... are versions, and `latest` is reserved.
  if (
    publish &&
    (!/^[\w-]{1,255}$/.test(publish.alias) || /^v\d+$/i.test(publish.alias) || publish.alias === "latest")
  ) {
    issues.push({
      path: "publish.alias",
      problem: "is not an alias that MLflow takes",
      value: publish.alias,
      allowed: "letters, digits, _ and -; neither latest nor v and a number",
    });
  }
  return issues;
}
