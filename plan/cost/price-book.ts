/** Unit prices with their sources. A price that is not in the book is none: it is never guessed. */
import ec2 from "./prices/ec2-us-east-1.json";
import services from "./prices/services-us-east-1.json";

export interface Price {
  readonly usd: number;
  readonly unit: string;
  readonly source: string;
  /** When the source was read, YYYY-MM-DD. */
  readonly date: string;
}

/** Hours of the month that prices are quoted for. */
export const hoursPerMonth = 730;

/** The prices of one Region. */
export class PriceBook {
  private constructor(private readonly prices: ReadonlyMap<string, Price>) {}

  /** The book of a Region; empty where no price of it has been read. */
  static of(region: string): PriceBook {
    const prices = new Map<string, Price>();
    if (region === services.region) {
      for (const [key, price] of Object.entries<Price>(services.prices)) prices.set(key, price);
      for (const [type, usd] of Object.entries(ec2.prices)) {
        prices.set(`ec2.${type}`, { usd, unit: "hour", source: ec2.source, date: ec2.generatedAt });
      }
    }
    return new PriceBook(prices);
  }

  /** The price of a key such as `ec2.c6i.xlarge`. */
  find(key: string): Price | undefined {
    return this.prices.get(key);
  }

  /** All keys, for tests and the reference. */
  keys(): string[] {
    return [...this.prices.keys()].sort();
  }
}
