import { request as overHttp } from "node:http";
import { request as overHttps } from "node:https";
import type { AliasedVersion } from "./core";

/** How the server is reached. */
export interface MlflowAccess {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Certificate that is trusted, and nothing else. */
  readonly certificate?: string | undefined;
}

interface Tag {
  readonly key: string;
  readonly value: string;
}
interface RegisteredModel {
  readonly name: string;
  readonly tags?: readonly Tag[];
  readonly aliases?: readonly { readonly alias: string; readonly version: string }[];
}

const tagsOf = (tags: readonly Tag[] = []) => Object.fromEntries(tags.map(({ key, value }) => [key, value]));
const timeoutMs = 30_000;

/** The calls of MLflow's REST API that the publisher makes. */
export class MlflowRegistry {
  constructor(private readonly access: MlflowAccess) {}

  /** Every version that carries the alias, with its tags. */
  async versionsWith(alias: string): Promise<AliasedVersion[]> {
    const found: AliasedVersion[] = [];
    for await (const { name, tags, aliases = [] } of this.models()) {
      const version = aliases.find((one) => one.alias === alias)?.version;
      if (version === undefined) continue;
      const { model_version } = await this.get<{ model_version: { tags?: Tag[] } }>("model-versions/get", {
        name,
        version,
      });
      found.push({ name, version, tags: { ...tagsOf(tags), ...tagsOf(model_version.tags) } });
    }
    return found;
  }

  /** Address of a version's artifacts. */
  async artifactsOf(name: string, version: string): Promise<string> {
    const query = { name, version };
    return (await this.get<{ artifact_uri: string }>("model-versions/get-download-uri", query)).artifact_uri;
  }

  private async *models(): AsyncGenerator<RegisteredModel> {
    let token: string | undefined;
    do {
      const query = { max_results: "1000", ...(token ? { page_token: token } : {}) };
      const page = await this.get<{ registered_models?: RegisteredModel[]; next_page_token?: string }>(
        "registered-models/search",
        query,
      );
      yield* page.registered_models ?? [];
      token = page.next_page_token;
    } while (token);
  }

  private get<T>(path: string, query: Readonly<Record<string, string>>): Promise<T> {
    const { url, user, password, certificate } = this.access;
    const address = new URL(`api/2.0/mlflow/${path}?${new URLSearchParams(query).toString()}`, `${url}/`);
    const request = address.protocol === "https:" ? overHttps : overHttp;
    const headers = { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
    return new Promise((resolve, reject) => {
      const call = request(address, { ca: certificate, headers, timeout: timeoutMs }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          if (response.statusCode === 200) resolve(JSON.parse(text) as T);
          else
            reject(
              new Error(`MLflow answered ${path} with ${response.statusCode ?? "nothing"}: ${text.slice(0, 300)}`),
            );
        });
      });
      call.on("timeout", () => call.destroy(new Error(`MLflow did not answer ${path} within ${timeoutMs / 1000} s`)));
      call.on("error", reject);
      call.end();
    });
  }
}
