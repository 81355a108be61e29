/** What a pricer works with: one resource, its neighbours in the plan, and a bill that items are put on. */
import type { RecordedResource } from "../evaluate/monitor";
import { hoursPerMonth, type PriceBook } from "./price-book";
import type { Usage } from "./usage";

type Values = Readonly<Record<string, unknown>>;

/** The resources of a plan by URN. */
export type Resources = ReadonlyMap<string, RecordedResource>;

export const object = (value: unknown): Values =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Values) : {};
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
export const number = (value: unknown, otherwise: number): number =>
  typeof value === "number" ? value : typeof value === "string" && value !== "" ? Number(value) : otherwise;
export const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** Why a resource has no price. */
export class NoPrice extends Error {
  override readonly name = "NoPrice";
}

function show(quantity: number): string {
  return quantity.toLocaleString("en", { maximumFractionDigits: 4 });
}

export interface LocalZoneRates {
  /** The zone's group, such as `us-east-1-chi-2`, under which the table keeps its own prices. */
  readonly group: string;
  /** Share on top of the Region's price, where the table has none of the zone's own. */
  readonly surcharge: number;
}

/** The items of one resource: quantity times unit price, each with its source. */
export class Bill {
  private readonly items: string[] = [];
  private readonly sources = new Set<string>();
  private readonly notes: string[] = [];
  private sum = 0;
  private surcharge = 0;
  /** Items that have no price with a source: their quantity by key. */
  readonly missing = new Map<string, number>();

  constructor(
    private readonly book: PriceBook,
    private readonly localZone?: LocalZoneRates,
  ) {}

  /** Puts an item on the bill; one without a price is named as missing, and the others stand. */
  add(what: string, quantity: number, key: string): this {
    const there = this.localZone && this.book.find(`${this.localZone.group}/${key}`);
    const price = there ?? this.book.find(key);
    if (!price) {
      this.missing.set(key, (this.missing.get(key) ?? 0) + quantity);
      return this;
    }
    const surcharge = there ? 0 : (this.localZone?.surcharge ?? 0);
    this.surcharge = Math.max(this.surcharge, surcharge);
    this.sum += quantity * price.usd * (1 + surcharge);
    this.items.push(`${what}: ${show(quantity)} x $${price.usd} a ${price.unit}`);
    this.sources.add(`${price.source}, ${price.date}`);
    return this;
  }

  hours(what: string, count: number, key: string): this {
    return this.add(what, count * hoursPerMonth, key);
  }

  note(note: string): this {
    this.notes.push(note);
    return this;
  }

  get monthly(): number {
    return this.sum;
  }

  get basis(): string {
    const surcharge =
      this.surcharge > 0 ? [`Local Zone assumed ${Math.round(this.surcharge * 100)} % above its Region`] : [];
    return [
      this.items.join("; "),
      ...surcharge,
      ...this.notes,
      ...(this.missing.size > 0 ? [`not in it, without a price: ${[...this.missing.keys()].join(", ")}`] : []),
      ...(this.sources.size > 0 ? [`source: ${[...this.sources].join(" and ")}`] : []),
    ]
      .filter(Boolean)
      .join(". ");
  }
}

export interface PricerContext {
  readonly resource: RecordedResource;
  readonly inputs: Values;
  readonly resources: Resources;
  readonly usage: Usage;
  /** Hours a month that an instance of this resource runs: fewer where a schedule stops it. */
  readonly runningHours: { readonly hours: number; readonly note: string | undefined };
  /** The resource that an input's value comes from, of this type. */
  source(property: string, type: string): RecordedResource | undefined;
}

/** Puts a resource's items on its bill; an empty bill is a resource that costs nothing as it stands. */
export type Pricer = (context: PricerContext, bill: Bill) => void;
