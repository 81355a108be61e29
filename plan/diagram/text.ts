/** Texts and numbers as SVG and HTML take them. */
export function escape(text: string): string {
  return text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;")
    .replace(/'/g, "&#39;");
}

/** A coordinate to a tenth of a pixel. */
export const figure = (value: number) => String(Math.round(value * 10) / 10);
