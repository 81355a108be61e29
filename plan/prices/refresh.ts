/** Asks for every figure of the price table, and makes the new table of the answers. */
import type { Price } from "../cost/price";
import type { GetProducts } from "./api";
import { families, localZoneFamilies, localZoneFigures } from "./families";
import { figures } from "./figures";
import { quoteOf, quotesOf, type Found, type Quote } from "./match";
import type { Family, Figure } from "./product";
import type { Table } from "./table";

export interface Refreshed {
  readonly table: Table;
  /** Figures that stay as they are, or stay missing, each with the reason. */
  readonly left: ReadonlyMap<string, string>;
}

export interface RefreshOptions {
  readonly region: string;
  /** Local Zone groups such as `us-east-1-chi-2`, whose own prices are asked for as well. */
  readonly localZones: readonly string[];
  /** The day of the answers, YYYY-MM-DD. */
  readonly today: string;
  readonly getProducts: GetProducts;
  readonly progress?: (what: string) => void;
}

/** Figures of one service: a family's members share a source, so that they can stand in one file. */
function priceOf({ service, unit }: Figure, { usd, sku, published }: Quote, today: string, ofFamily: boolean): Price {
  const product = ofFamily ? "" : `, SKU ${sku}${published === undefined ? "" : `, published ${published}`}`;
  return { usd, unit, source: `AWS Price List API (GetProducts), ${service}${product}`, date: today };
}

class Answers {
  readonly prices = new Map<string, Price>();
  readonly left = new Map<string, string>();

  constructor(private readonly today: string) {}

  put(key: string, figure: Figure, found: Found, ofFamily = false): void {
    if ("problem" in found) this.left.set(key, found.problem);
    else this.prices.set(key, priceOf(figure, found.quote, this.today, ofFamily));
  }

  putFamily(before: Table, at: string, family: Family, found: ReadonlyMap<string, Found>): void {
    const prefix = `${at}${family.prefix}`;
    for (const [member, one] of found) this.put(`${prefix}${member}`, family, one, true);
    for (const key of before.keys()) {
      if (!key.startsWith(prefix) || this.prices.has(key) || this.left.has(key)) continue;
      // `rds.io1.iops` begins like a database, yet is a figure of its own.
      if (!(key in figures)) this.left.set(key, `product not found (${family.service})`);
    }
  }
}

/** Asks everything; an answer that never comes is thrown on, and no table comes of it. */
export async function refresh(before: Table, options: RefreshOptions): Promise<Refreshed> {
  const { getProducts, region, localZones, today, progress = () => undefined } = options;
  const answers = new Answers(today);
  const figuresAt = async (at: string, where: string, wanted: Readonly<Record<string, Figure>>) => {
    for (const [key, figure] of Object.entries(wanted)) {
      progress(`${figure.service}, ${where}`);
      answers.put(`${at}${key}`, figure, quoteOf(figure, await getProducts(figure, where)));
    }
  };
  const familiesAt = async (at: string, where: string, wanted: readonly Family[]) => {
    for (const family of wanted) {
      progress(`${family.service}, ${where}`);
      answers.putFamily(before, at, family, quotesOf(family, await getProducts(family, where)));
    }
  };
  await figuresAt("", region, figures);
  await familiesAt("", region, families);
  for (const group of localZones) {
    await figuresAt(`${group}/`, group, localZoneFigures);
    await familiesAt(`${group}/`, group, localZoneFamilies);
  }
  return { table: new Map([...before, ...answers.prices]), left: answers.left };
}
