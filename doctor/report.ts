import { checks, useText, uses, type Check, type Finding, type Machine, type Use } from "./checks";

/** What one check found on a machine. */
export interface Looked extends Finding {
  readonly check: Check;
}

/** Looks at everything that these uses need, each once. */
export function examine(machine: Machine, wanted: readonly Use[]): Looked[] {
  return checks
    .filter((check) => check.uses.some((use) => wanted.includes(use)))
    .map((check) => ({ check, ...check.look(machine) }));
}

/** True where nothing that a use cannot do without is missing. */
export function isReady(looked: readonly Looked[], use: Use): boolean {
  return looked.every(({ ok, check }) => ok || check.optional === true || !check.uses.includes(use));
}

/** The findings for people: each use with what it lacks, and the command that mends it. */
export function renderReport(looked: readonly Looked[], wanted: readonly Use[]): string {
  const lines = looked.map(
    ({ ok, check, found }) => `${ok ? "ok     " : check.optional ? "maybe  " : "MISSING"}  ${check.name}: ${found}`,
  );
  for (const use of uses.filter((one) => wanted.includes(one))) {
    lines.push("", `${use}: ${isReady(looked, use) ? "ready" : "not ready"} (${useText[use]})`);
    for (const { check, mend } of looked.filter(({ ok, check }) => !ok && check.uses.includes(use))) {
      lines.push(`  ${check.optional ? "perhaps" : "mend"}: ${mend ?? check.mend}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
