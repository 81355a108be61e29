/** What a budget sets aside for databases and caches of which the price table has no figure. */
import type { PriceBook } from "../cost/price-book";

export interface Allowed {
  readonly key: string;
  /** Hours a month, of all nodes. */
  readonly hours: number;
  /** The instance whose price it is measured by. */
  readonly instance: string;
  /** How many times that instance's price is set aside. */
  readonly times: number;
  readonly usd: number;
}

export interface Allowance {
  readonly allowed: readonly Allowed[];
  readonly usd: number;
  /** Figures that nothing can be measured by. */
  readonly open: readonly string[];
}

/** `rds.postgres.db.r6g.large` and `elasticache.cache.r7g.large` run on instances of the same size. */
function instanceOf(key: string): { service: string; instance: string } | undefined {
  const [, service, type] = /^(rds|elasticache)\.(?:\w+\.)?(?:db|cache)\.(\w+\.\w+)$/.exec(key) ?? [];
  return service === undefined || type === undefined ? undefined : { service, instance: `ec2.${type}` };
}

/** The most that a service charges above EC2 for the same size, among all figures of which the table has both. */
function dearest(book: PriceBook, service: string): number | undefined {
  const ratios = book.keys().flatMap((key) => {
    const found = instanceOf(key);
    const own = book.find(key)?.usd;
    const ec2 = found?.service === service ? book.find(found.instance)?.usd : undefined;
    return own === undefined || ec2 === undefined ? [] : [own / ec2];
  });
  return ratios.length === 0 ? undefined : Math.max(...ratios);
}

const cents = (usd: number) => Math.round(usd * 100) / 100;

/** An amount for each missing figure, by its quantity a month; it is no price and never part of an estimate. */
export function allowanceFor(missing: ReadonlyMap<string, number>, book: PriceBook): Allowance {
  const allowed: Allowed[] = [];
  const open: string[] = [];
  for (const [key, hours] of missing) {
    const found = instanceOf(key);
    const usd = found && book.find(found.instance)?.usd;
    const times = found && dearest(book, found.service);
    if (usd === undefined || times === undefined) open.push(key);
    else allowed.push({ key, hours, instance: found?.instance ?? "", times, usd: cents(hours * usd * times) });
  }
  return { allowed, usd: cents(allowed.reduce((sum, one) => sum + one.usd, 0)), open: open.sort() };
}
