/** A unit price, with where it is from. */
export interface Price {
  readonly usd: number;
  readonly unit: string;
  readonly source: string;
  /** When the source was read, YYYY-MM-DD. */
  readonly date: string;
}
