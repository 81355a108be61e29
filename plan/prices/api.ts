/** The AWS Price List API: every product that a filter lets through, page by page. */
import { GetProductsCommand, PricingClient } from "@aws-sdk/client-pricing";
import { EvaluationError } from "../failure";
import type { Product } from "./product";
import { readProduct, type Answered } from "./match";

export type GetProducts = (product: Product, region: string) => Promise<Answered[]>;

/** The API answers for every Region from this one. */
const apiRegion = "us-east-1";

const permission = "pricing:GetProducts, which reads public prices and nothing else";

interface Failure {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
}

const unreachable = new Set([
  "ENOTFOUND",
  "ECONNREFUSED",
  "ECONNRESET",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
]);
const noCredentials = new Set(["CredentialsProviderError", "TokenProviderError"]);
const refused = new Set([
  "AccessDeniedException",
  "UnrecognizedClientException",
  "ExpiredTokenException",
  "InvalidSignatureException",
]);

/** What went wrong, in words that say what to do. */
export function explain(error: unknown): string {
  const { name = "", code = "", message = "" } = (error ?? {}) as Failure;
  if (noCredentials.has(name)) {
    return `No AWS credentials were found (${message}). Any of your accounts will do; the one permission needed is ${permission}.`;
  }
  if (refused.has(name)) {
    return `AWS refused the credentials: ${name}: ${message}. The one permission needed is ${permission}.`;
  }
  if (unreachable.has(code) || name === "TimeoutError") {
    return `The AWS Price List API cannot be reached: ${code || name} ${message}. It stands at api.pricing.${apiRegion}.amazonaws.com. Nothing was changed.`;
  }
  return `The AWS Price List API failed: ${[name, message].filter(Boolean).join(": ")}`;
}

function filtersOf({ where = {}, worldwide }: Product, region: string) {
  const fields = worldwide === true ? where : { regionCode: region, ...where };
  return Object.entries(fields).map(([Field, Value]) => ({ Type: "TERM_MATCH" as const, Field, Value }));
}

/** Asks the real API, or what `AWS_ENDPOINT_URL_PRICING` points to. Each distinct question is asked once. */
export function priceListApi(client = new PricingClient({ region: apiRegion })): GetProducts {
  const asked = new Map<string, Promise<Answered[]>>();
  const ask = async (product: Product, region: string) => {
    const products: Answered[] = [];
    let next: string | undefined;
    do {
      const page = await client.send(
        new GetProductsCommand({
          ServiceCode: product.service,
          Filters: filtersOf(product, region),
          FormatVersion: "aws_v1",
          MaxResults: 100,
          NextToken: next,
        }),
      );
      // The SDK marks each entry as JSON to be read later; as text it is what AWS sent.
      const texts = ((page.PriceList ?? []) as unknown[]).map(String);
      products.push(...texts.map(readProduct));
      next = page.NextToken;
    } while (next !== undefined && next !== "");
    return products;
  };
  return async (product, region) => {
    const question = JSON.stringify([product.service, filtersOf(product, region)]);
    const answer = asked.get(question) ?? ask(product, region);
    asked.set(question, answer);
    try {
      return await answer;
    } catch (error) {
      throw new EvaluationError(explain(error));
    }
  };
}
