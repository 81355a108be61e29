/** `npm run doctor`: what this machine lacks for each use of the project, and the command that mends it. */
import { readdirSync } from "node:fs";
import * as path from "node:path";
import { guardOutput } from "../plan/output";
import { thisMachine, uses, type Use } from "./checks";
import { examine, isReady, renderReport } from "./report";

const usage = `Usage: npm run doctor [-- <use>...]

Looks at what each use of the project needs of this machine: ${uses.join(", ")}; all of them by default.

Exit status: 0 the named uses are ready, or without one the planner; 1 something that they need is missing; 2 bad usage.
`;

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // no such folder: nothing is in it
  }
}

/** Runs the command and gives its exit status. */
export function main(argv: readonly string[]): number {
  guardOutput();
  if (argv.includes("--help")) {
    process.stdout.write(usage);
    return 0;
  }
  const unknown = argv.filter((word) => !uses.some((use) => use === word));
  if (unknown.length > 0) {
    console.error(`${unknown.join(" ")}: is no use of the project; there are: ${uses.join(", ")}`);
    return 2;
  }
  const named = uses.filter((use) => argv.includes(use));
  const wanted: readonly Use[] = named.length > 0 ? named : uses;
  const looked = examine(thisMachine(path.join(__dirname, ".."), list), wanted);
  process.stdout.write(renderReport(looked, wanted));
  // Without a use named, the planner alone has to be ready: nobody needs everything.
  const required: readonly Use[] = named.length > 0 ? named : ["plan"];
  return required.every((use) => isReady(looked, use)) ? 0 : 1;
}
