/** A difference for a terminal. */
import { money } from "../report/markdown-text";
import type { Change, Difference } from "./difference";
import { counts, longInputs, longList, signed } from "./markdown";

const oneLine = (text: string) => text.replace(/\s+/g, " ").trim();

/** The first of a long list, and how many more there are. */
function listed<T>(items: readonly T[], line: (item: T) => string): string[] {
  const more = items.length - longList;
  return [
    ...items.slice(0, longList).map((item) => `  ${line(item)}`),
    ...(more > 0 ? [`  and ${more.toLocaleString("en")} more`] : []),
  ];
}

function changeLines(changes: readonly Change[]): string[] {
  const shown = changes.slice(0, longList);
  const width = (pick: (change: Change) => string) => Math.max(0, ...shown.map((change) => pick(change).length));
  const [kinds, names] = [width(({ kind }) => kind), width(({ name }) => name)];
  return listed(changes, ({ kind, name, type, inputs }) => {
    const more = inputs.length > longInputs ? ` and ${inputs.length - longInputs} more` : "";
    const what = inputs.length > 0 ? `: ${inputs.slice(0, longInputs).join(", ")}${more}` : "";
    return `${kind.padEnd(kinds)}  ${name.padEnd(names)}  ${type}${what}`;
  });
}

/** A part with its heading; nothing where it is empty. */
const part = (heading: string, lines: readonly string[]): string[] => (lines.length > 0 ? ["", heading, ...lines] : []);

/** The difference as text. */
export function renderDifferenceText(difference: Difference): string {
  const { changes, cost, policy, models, from, to, unchanged } = difference;
  const dangers = changes.filter(({ danger }) => danger !== undefined);
  const violations = (list: typeof policy.added) =>
    listed(
      list,
      (one) => `${one.enforcement} ${one.policy} ${one.urn.split("::").at(-1) ?? ""}: ${oneLine(one.message)}`,
    );
  return `${[
    `Plan: ${from} → ${to}`,
    "",
    `${counts(changes)}, ${unchanged.toLocaleString("en")} unchanged. Cost: ${money(cost.before)} → ${money(cost.after)} a month (${signed(cost.change)}).`,
    ...part(
      dangers.length === 1 ? "One change loses state:" : `${dangers.length} changes lose state:`,
      listed(dangers, ({ name, kind, danger }) => `${name} is ${kind}: ${danger ?? ""}`),
    ),
    ...part("Changes:", changeLines(changes)),
    ...part(`New violations: ${policy.added.length}`, violations(policy.added)),
    ...part(`Resolved violations: ${policy.resolved.length}`, violations(policy.resolved)),
    ...part(`Models added: ${models.added.length}`, listed(models.added, oneLine)),
    ...part(`Models removed: ${models.removed.length}`, listed(models.removed, oneLine)),
  ].join("\n")}\n`;
}
