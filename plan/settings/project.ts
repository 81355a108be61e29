import { existsSync, readdirSync, statSync } from "node:fs";
import * as path from "node:path";

/** The folder that `Pulumi.yaml` is in. */
export function projectRoot(): string {
  let folder = __dirname;
  while (!existsSync(path.join(folder, "Pulumi.yaml")) && path.dirname(folder) !== folder) {
    folder = path.dirname(folder);
  }
  return folder;
}

/** Names of the stacks that have a file in the project. */
export function stackNames(root: string): string[] {
  return readdirSync(root)
    .map((file) => /^Pulumi\.(.+)\.ya?ml$/.exec(file)?.[1])
    .filter((name) => name !== undefined)
    .filter((name) => !name.endsWith(".deploy")) // settings of Pulumi Deployments
    .sort();
}

/** npm scripts that take paths from whoever types them. */
const commands: ReadonlySet<string> = new Set([
  "plan",
  "budget",
  "watched",
  "verify",
  "promote",
  "pin",
  "rollback",
  "freeze",
  "from-terraform",
]);

/** The folder that the user typed the command in: npm moves to the project's own before it runs a script. */
export function userFolder(): string {
  const { npm_lifecycle_event: script, INIT_CWD: typedIn } = process.env;
  return script !== undefined && commands.has(script) && typedIn ? typedIn : process.cwd();
}

/** The path that a user means: seen from where the command was typed, or else from the project. */
export function userPath(given: string, root: string): string {
  const seen = path.resolve(userFolder(), given);
  const inProject = path.resolve(root, given);
  return !existsSync(seen) && existsSync(inProject) ? inProject : seen;
}

/** True for a path of a file that can be read as one: not a folder, and there. */
export function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() === false;
}
