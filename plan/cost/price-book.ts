/** Unit prices with their sources. A price that is not in the book is none: it is never guessed. */
import * as path from "node:path";
import { readTable } from "../prices/table";
import type { OwnPrices } from "./own-prices";
import type { Price } from "./price";

/** Hours of the month that prices are quoted for. */
export const hoursPerMonth = 730;

/** The checked-in tables, which `npm run prices` refreshes. */
export const tablesFolder = path.join(__dirname, "prices");

/** Said of a Region whose prices nobody has read yet. */
export function noTableFor(region: string): string {
  return `No price table for ${region}: what a month costs is unknown, and a budget is held only to what has a price. Make one: npm run prices -- --region ${region}`;
}

/** The prices of one Region. */
export class PriceBook {
  private readonly used = new Set<string>();

  private constructor(
    private readonly prices: ReadonlyMap<string, Price>,
    private readonly own: OwnPrices,
    /** Whether the Region has a table, apart from own prices. */
    readonly hasTable: boolean,
  ) {}

  /** The book of a Region, a user's own prices before its table's; empty where no price of the Region has been read. */
  static of(region: string, own: OwnPrices = new Map()): PriceBook {
    const table = readTable(tablesFolder, region);
    return new PriceBook(new Map([...table, ...own]), own, table.size > 0);
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
