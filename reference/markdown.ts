/** Text of the sources inside Markdown tables. */

/** A table's cell on one line; code spans stay, and nothing in it ends the cell or opens a tag. */
export function tableCell(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .trim()
    .split(/(`[^`]*`)/)
    .map((part) =>
      part.startsWith("`")
        ? part.replaceAll("|", "\\|")
        : part.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("*", "\\*").replaceAll("_", "\\_"),
    )
    .join("");
}
