/** One product of the Price List API's answer, and which price of it is ours. */
import { z } from "zod";
import type { Product } from "./product";

const dimension = z.object({
  unit: z.string(),
  beginRange: z.string().optional(),
  pricePerUnit: z.record(z.string(), z.string()),
});

const answered = z.object({
  product: z.object({
    sku: z.string(),
    productFamily: z.string().optional(),
    attributes: z.record(z.string(), z.string()),
  }),
  serviceCode: z.string(),
  terms: z.object({
    OnDemand: z.record(z.string(), z.object({ priceDimensions: z.record(z.string(), dimension) })).optional(),
  }),
  publicationDate: z.string().optional(),
});

/** A product as `GetProducts` answers it. */
export type Answered = z.infer<typeof answered>;

export interface Quote {
  readonly usd: number;
  readonly sku: string;
  /** YYYY-MM-DD; undefined where AWS does not say. */
  readonly published: string | undefined;
}

/** A quote, or why there is none. */
export type Found = { readonly quote: Quote } | { readonly problem: string };

/**
 * Reads one string of a `PriceList`.
 * @throws Error where it has another form than a product's
 */
export function readProduct(text: string): Answered {
  return answered.parse(JSON.parse(text));
}

/** `USE1-NatGateway-Hours` is `NatGateway-Hours`; usage types of the first Regions have no prefix. */
const regionPrefix = /^(?:[A-Z]{2,4}\d+|EU|Global)-/;

function isUsage(product: Answered, usage: string): boolean {
  const { usagetype = "" } = product.product.attributes;
  return usagetype === usage || usagetype.replace(regionPrefix, "") === usage;
}

/** Digits that survive the multiplication of a price, such as an hour's to a month's. */
const digits = 10;

/** The first tier that is not free of charge. */
function paidTier(product: Answered) {
  const dimensions = Object.values(product.terms.OnDemand ?? {}).flatMap((term) => Object.values(term.priceDimensions));
  return dimensions
    .map(({ unit, beginRange = "0", pricePerUnit }) => ({
      unit,
      from: Number(beginRange),
      usd: Number(pricePerUnit.USD),
    }))
    .filter(({ usd }) => usd > 0)
    .sort((a, b) => a.from - b.from)[0];
}

/** What several prices of one figure are told apart by, for whoever has to choose. */
function shown(product: Answered, usd: number): string {
  const { usagetype = "", operation = "" } = product.product.attributes;
  return `${product.product.sku} (${[usagetype, operation].filter(Boolean).join(", ")}) at ${usd}`;
}

/** The one price that these products have for a figure. */
export function quoteOf(wanted: Product, products: readonly Answered[]): Found {
  const { usage, quoted, times = 1 } = wanted;
  const matching = usage === undefined ? products : products.filter((product) => isUsage(product, usage));
  const priced = matching.flatMap((product) => {
    const tier = paidTier(product);
    return tier ? [{ product, tier }] : [];
  });
  const [first] = priced;
  if (!first) {
    const none = matching.length > 0 ? "its products have no on-demand price" : "product not found";
    return { problem: `${none} (${wanted.service}${usage === undefined ? "" : `, ${usage}`})` };
  }
  const strange = priced.find(({ tier }) => !quoted.test(tier.unit));
  if (strange) {
    return { problem: `AWS quotes it by "${strange.tier.unit}", which is not the unit expected (${String(quoted)})` };
  }
  const prices = new Set(priced.map(({ tier }) => tier.usd));
  if (prices.size > 1) {
    const choices = priced.map(({ product, tier }) => shown(product, tier.usd)).sort();
    return {
      problem: `${prices.size} prices match: ${choices.slice(0, 4).join("; ")}${choices.length > 4 ? "; ..." : ""}`,
    };
  }
  const usd = Number((first.tier.usd * times).toPrecision(digits));
  return { quote: { usd, sku: first.product.product.sku, published: first.product.publicationDate?.slice(0, 10) } };
}

/** The prices of a family, by member. */
export function quotesOf(
  wanted: Product & { readonly member: string },
  products: readonly Answered[],
): Map<string, Found> {
  const byMember = new Map<string, Answered[]>();
  for (const product of products) {
    const member = product.product.attributes[wanted.member];
    if (member === undefined || !paidTier(product)) continue;
    byMember.set(member, [...(byMember.get(member) ?? []), product]);
  }
  return new Map([...byMember].map(([member, own]) => [member, quoteOf(wanted, own)]));
}
