/** What the table shows of a symbol, kept apart from the page so that it can be tested without one. */
export interface ShownQuote {
  readonly symbol: string;
  readonly bid: number;
  readonly bidSize: number;
  readonly ask: number;
  readonly askSize: number;
  readonly at: string;
}

export type Direction = "up" | "down" | "";

/** The newer of two quotes of a symbol, and which way the bid went. */
export function moved(before: ShownQuote | undefined, next: ShownQuote): { quote: ShownQuote; direction: Direction } {
  if (before === undefined) return { quote: next, direction: "" };
  if (Date.parse(next.at) < Date.parse(before.at)) return { quote: before, direction: "" };
  return { quote: next, direction: next.bid > before.bid ? "up" : next.bid < before.bid ? "down" : "" };
}

/** Two decimals, four below one; a spread with as many as its prices. */
export const price = (value: number, scale = value) => value.toFixed(scale < 1 ? 4 : 2);

/** Milliseconds until the next try to connect: doubling to half a minute, with jitter, so that clients spread. */
export const reconnectPause = (failures: number, random = Math.random()) =>
  Math.min(30_000, 500 * 2 ** Math.min(failures, 6)) * (0.5 + random / 2);
