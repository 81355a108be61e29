/** Unit prices with their sources. A price that is not in the book is none: it is never guessed. */
import * as path from "node:path";
import { readTable } from "../prices/table";
import type { OwnPrices } from "./own-prices";
import type { Price } from "./price";

/** Hours of the month that prices are quoted for. */
export const hoursPerMonth = 730;

/** The checked-in tables, which `npm run prices` refreshes. */
export const tablesFolder = path.join(__dirname, "prices");

/** The prices of one Region. */
export class PriceBook {
  private readonly used = new Set<string>();

  private constructor(
    private readonly prices: ReadonlyMap<string, Price>,
    private readonly own: OwnPrices,
  ) {}

  /** The book of a Region, a user's own prices before its table's; empty where no price of the Region has been read. */
  static of(region: string, own: OwnPrices = new Map()): PriceBook {
    return new PriceBook(new Map([...readTable(tablesFolder, region), ...own]), own);
  }

  /** The price of a key such as `ec2.c6i.xlarge`; of another Region by `us-west-2/rds.backup`. */
  find(key: string): Price | undefined {
    this.used.add(key);
    const known = this.prices.get(key);
    const [, region, there = ""] = /^([a-z]{2}(?:-[a-z]+)+-\d)\/(.+)$/.exec(key) ?? [];
    return known ?? (region === undefined ? undefined : readTable(tablesFolder, region).get(there));
  }

  /** All keys, for tests and the reference. */
  keys(): string[] {
    return [...this.prices.keys()].sort();
  }

  /** Own prices that nothing was priced by: most often a key that is written wrongly. */
  idle(): string[] {
    return [...this.own.keys()].filter((key) => !this.used.has(key)).sort();
  }
}
