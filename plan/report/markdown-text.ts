/** Text that means the same inside Markdown, whatever a user put into it. */

/** A figure in dollars and cents. */
export const money = (amount: number) =>
  `$${amount.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;

/** Text for a paragraph or a table's cell: no markup, no link, no mention, on one line. */
export function cell(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .trim()
    .replace(/[\\`*_{}[\]<>|#~$]/g, (character) => `\\${character}`)
    .replace(/@/g, "@\u200b");
}

/** Text shown as code, on one line; its own back quotes do not end it, and no bar ends a table's cell. */
export function codeSpan(text: string): string {
  const shown = text.replace(/\s+/g, " ").replaceAll("|", "\\|");
  const longest = Math.max(0, ...(shown.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = shown.startsWith("`") || shown.endsWith("`") ? " " : "";
  return `${fence}${pad}${shown}${pad}${fence}`;
}
