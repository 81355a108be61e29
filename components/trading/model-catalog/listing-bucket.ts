import { CatalogBuilder, type Catalog } from "./catalog";
import { decodeKey, type DeployBucket } from "./deploy-bucket";

/** Requests under way at a time; S3 serves 5,500 a second for each prefix. */
const defaultConcurrency = 8;

/** Halvings allowed, beside one for this many pages: each costs about one request more than a bare listing has. */
const freeSplits = 4;
const pagesForSplit = 40;

/** First characters of a symbol at which a large type is split; the split is by order, so that no symbol is left out. */
const splitCharacters = "123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

/** A stretch of the bucket, in S3's order of keys: after `from`, up to and with `to`. */
interface Range {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** S3's order of keys. JavaScript's own differs beyond the Basic Multilingual Plane. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, "utf8"), Buffer.from(b, "utf8"));
}

/**
 * Lists a prefix with several requests at a time. It begins as one stretch over everything; whenever a page comes back
 * full and a request is free, the rest of its stretch is halved at a type or a symbol's first character. So a small bucket
 * costs one request, a large one as many as a bare listing and a few more, and no page is waited for in a row.
 */
class ConcurrentListing {
  private readonly abort = new AbortController();
  private readonly running = new Set<Promise<void>>();
  private boundaries: Promise<readonly string[]> | undefined;
  private failure: unknown;
  private pages = 0;
  private splits = 0;

  constructor(
    private readonly bucket: DeployBucket,
    private readonly prefix: string,
    private readonly onKey: (key: string) => void,
    private readonly concurrency: number,
  ) {}

  /** Resolves when every key was handed out; rejects at the first failure, with no key handed out after it. */
  async run(): Promise<void> {
    this.start({ from: undefined, to: undefined });
    while (this.running.size > 0) await Promise.race(this.running);
    if (this.failure !== undefined) throw this.failure as Error;
  }

  private start(range: Range): void {
    const task: Promise<void> = this.list(range)
      .catch((error: unknown) => {
        this.failure ??= error;
        this.abort.abort();
      })
      .finally(() => this.running.delete(task));
    this.running.add(task);
  }

  private async list({ from, to }: Range): Promise<void> {
    let end = to;
    let token: string | undefined;
    do {
      const page = await this.bucket.page({ prefix: this.prefix, startAfter: from, token }, this.abort.signal);
      if (this.failure !== undefined) return;
      this.pages++;
      const contents = page.Contents ?? [];
      const lastKey = contents.at(-1)?.Key;
      const last = lastKey === undefined ? undefined : decodeKey(lastKey);
      const limit = end !== undefined && last !== undefined && byBytes(last, end) > 0 ? end : undefined;
      for (const { Key } of contents) {
        if (Key === undefined) continue;
        const key = decodeKey(Key);
        if (limit !== undefined && byBytes(key, limit) > 0) return; // the rest is another stretch's
        this.onKey(key);
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
      if (token !== undefined && last !== undefined) end = await this.split(last, end);
    } while (token !== undefined);
  }

  /** Where a request is free, starts the second half of what is left as a stretch of its own; returns the first one's end. */
  private async split(after: string, end: string | undefined): Promise<string | undefined> {
    if (!this.maySplit()) return end;
    this.boundaries ??= this.findBoundaries();
    const boundaries = await this.boundaries;
    const inside = boundaries.filter((at) => byBytes(at, after) > 0 && (end === undefined || byBytes(at, end) < 0));
    const middle = inside[Math.floor(inside.length / 2)];
    if (middle === undefined || !this.maySplit()) return end;
    this.splits++;
    this.start({ from: middle, to: end });
    return middle;
  }

  private maySplit(): boolean {
    const budget = freeSplits + this.pages / pagesForSplit;
    return this.running.size < this.concurrency && this.splits < budget && this.failure === undefined;
  }

  private async findBoundaries(): Promise<readonly string[]> {
    const page = await this.bucket.page({ prefix: this.prefix, delimiter: "/" }, this.abort.signal);
    const types = (page.CommonPrefixes ?? []).flatMap(({ Prefix }) =>
      Prefix === undefined ? [] : [decodeKey(Prefix)],
    );
    return types.flatMap((type) => [type, ...Array.from(splitCharacters, (first) => type + first)]).sort(byBytes);
  }
}

/**
 * Reads every key under a prefix of the bucket into a catalog. All or nothing: a listing that is throttled to the end of
 * its retries, denied in the middle or cut off rejects, and no catalog comes of it.
 * @throws BucketError
 */
export async function readBucket(
  bucket: DeployBucket,
  prefix: string,
  concurrency = defaultConcurrency,
): Promise<Catalog> {
  const builder = new CatalogBuilder(prefix);
  await new ConcurrentListing(bucket, prefix, (key) => builder.add(key), concurrency).run();
  return builder.build(`s3://${bucket.name}/${prefix}`);
}
