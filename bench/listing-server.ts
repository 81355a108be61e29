/** A server that answers ListObjectsV2 as S3 does, from keys in memory: what is measured is the reader, not the bucket. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const pageSize = 1_000;

/** Index of the first key at or after `from`. */
function lowerBound(keys: readonly string[], from: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? "") < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** One page as XML. Continuation tokens are the last key of the page before. */
export function listPage(keys: readonly string[], query: URLSearchParams): string {
  const [prefix, delimiter] = [query.get("prefix") ?? "", query.get("delimiter") ?? ""];
  const after = query.get("continuation-token") ?? query.get("start-after") ?? "";
  const contents: string[] = [];
  const prefixes: string[] = [];
  let index = after >= prefix ? lowerBound(keys, `${after}\0`) : lowerBound(keys, prefix);
  let last = "";
  for (; contents.length + prefixes.length < pageSize; index++) {
    const key = keys[index];
    if (key === undefined || !key.startsWith(prefix)) break;
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    if (end < 0) contents.push((last = key));
    else {
      const common = key.slice(0, end + 1);
      prefixes.push(common);
      last = `${common}\uffff`;
      index = lowerBound(keys, last) - 1;
    }
  }
  const more = keys[index]?.startsWith(prefix) === true;
  return [
    `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`,
    `<Name>bench</Name><Prefix>${prefix}</Prefix><MaxKeys>${pageSize}</MaxKeys><EncodingType>url</EncodingType>`,
    `<IsTruncated>${more}</IsTruncated>${more ? `<NextContinuationToken>${last}</NextContinuationToken>` : ""}`,
    ...contents.map(
      (key) =>
        `<Contents><Key>${key}</Key><ETag>"0"</ETag><Size>1</Size><StorageClass>STANDARD</StorageClass></Contents>`,
    ),
    ...prefixes.map((common) => `<CommonPrefixes><Prefix>${common}</Prefix></CommonPrefixes>`),
    "</ListBucketResult>",
  ].join("");
}

/** Serves the keys, which have to be sorted and safe in XML and URLs; each answer waits as a distant bucket's would. */
export async function serveListing(
  keys: readonly string[],
  delayMs = 0,
): Promise<{ endpoint: string; close: () => void }> {
  const server = createServer((request, response) => {
    const query = new URL(request.url ?? "/", "http://bench").searchParams;
    const answer = () => response.writeHead(200, { "content-type": "application/xml" }).end(listPage(keys, query));
    if (delayMs === 0) answer();
    else setTimeout(answer, delayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, close: () => server.close() };
}

if (require.main === module) {
  // A process of its own, so that its work is not counted with the reader's: prints its address, ends with its input.
  const [count = 0, delayMs = 0] = process.argv.slice(2).map(Number);
  const keys = Array.from(
    { length: count },
    (_, index) => `models/${["momentum", "pairs", "reversion"][index % 3]}/S${index}/lstm-outer_${index % 7}_inner_1`,
  ).sort((a, b) => (a < b ? -1 : 1));
  void serveListing(keys, delayMs).then(({ endpoint }) => process.stdout.write(`${endpoint}\n`));
  process.stdin.on("end", () => process.exit(0)).resume();
}
