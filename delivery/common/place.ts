import { existsSync } from "node:fs";
import * as path from "node:path";
import { projectRoot, userPath } from "../../plan/settings/project";
import { UsageError } from "./command";

/** Stack and folder of the Pulumi project that a command names. @throws UsageError */
export function placeOf(stack = "", cwd: string | undefined): { stack: string; folder: string } {
  if (!/^[A-Za-z0-9][\w.-]{0,99}$/.test(stack)) throw new UsageError(`"${stack}" cannot be a stack's name`);
  const root = projectRoot();
  const folder = cwd === undefined ? root : userPath(cwd, root);
  if (!existsSync(path.join(folder, "Pulumi.yaml"))) throw new UsageError(`--cwd ${folder}: has no Pulumi.yaml`);
  return { stack, folder };
}
