/** A Price List API that answers as AWS does: JSON 1.1 over HTTP, products as JSON texts, page by page, filtered. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface StubProduct {
  readonly service: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly unit: string;
  /** USD by where the tier begins. */
  readonly tiers: Readonly<Record<string, number>>;
  readonly sku?: string;
}

/** The form of a `PriceList` entry, as AWS documents it for format `aws_v1`. */
function entryOf({ service, attributes, unit, tiers, sku = "TESTSKU000000001" }: StubProduct): string {
  const { productFamily, ...own } = attributes;
  const term = `${sku}.JRTCKXETXF`;
  const dimensions = Object.entries(tiers).map(([beginRange, usd], index) => {
    const rateCode = `${term}.6YS6EN2CT${index}`;
    const pricePerUnit = { USD: usd.toFixed(10) };
    return [rateCode, { unit, endRange: "Inf", description: "", appliesTo: [], rateCode, beginRange, pricePerUnit }];
  });
  const priceDimensions = Object.fromEntries(dimensions) as Record<string, unknown>;
  const offer = { priceDimensions, sku, effectiveDate: "2026-11-01T00:00:00Z", offerTermCode: "JRTCKXETXF" };
  return JSON.stringify({
    product: { ...(productFamily !== undefined && { productFamily }), attributes: own, sku },
    serviceCode: service,
    terms: { OnDemand: { [term]: { ...offer, termAttributes: {} } } },
    version: "20261118201312",
    publicationDate: "2026-11-18T20:13:12Z",
  });
}

interface Asked {
  readonly ServiceCode: string;
  readonly Filters: readonly { readonly Type: string; readonly Field: string; readonly Value: string }[];
  readonly MaxResults: number;
  readonly NextToken?: string;
}

async function bodyOf(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as Asked;
}

export interface Refusal {
  readonly status: number;
  readonly type: string;
  readonly message: string;
}

export class PriceListStub {
  readonly asked: (Asked & { readonly target: string })[] = [];
  products: readonly StubProduct[] = [];
  pageSize = 2;
  /** Answers with this from the given question on. */
  refusal: (Refusal & { readonly from: number }) | undefined;
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      void bodyOf(request).then((asked) => {
        this.asked.push({ ...asked, target: String(request.headers["x-amz-target"]) });
        const refused = this.refusal && this.asked.length >= this.refusal.from ? this.refusal : undefined;
        response.statusCode = refused?.status ?? 200;
        response.setHeader("content-type", "application/x-amz-json-1.1");
        const body = refused ? { __type: refused.type, message: refused.message } : this.page(asked);
        response.end(JSON.stringify(body));
      });
    });
  }

  private page({ ServiceCode, Filters, MaxResults, NextToken }: Asked) {
    const matching = this.products.filter(
      ({ service, attributes }) =>
        service === ServiceCode &&
        Filters.every(({ Type, Field, Value }) => Type === "TERM_MATCH" && attributes[Field] === Value),
    );
    const from = Number(NextToken ?? 0);
    const to = from + Math.min(MaxResults, this.pageSize);
    const next = to < matching.length ? { NextToken: String(to) } : {};
    return { FormatVersion: "aws_v1", PriceList: matching.slice(from, to).map(entryOf), ...next };
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}
