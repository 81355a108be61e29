import {
  CopyObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  NoSuchKey,
  paginateListObjectsV2,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { PublishRecord } from "./core";

/** Objects below a prefix: their keys after it, and their sizes. */
async function objectsUnder(s3: S3Client, Bucket: string, Prefix: string): Promise<Map<string, number>> {
  const objects = new Map<string, number>();
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix })) {
    for (const { Key = "", Size = 0 } of page.Contents ?? [])
      if (Key !== Prefix && !Key.endsWith("/")) objects.set(Key.slice(Prefix.length), Size);
  }
  return objects;
}

/** S3 copies no larger object in one call. */
const largestCopy = 5 * 1024 ** 3;

/** The deploy bucket as the publisher sees it. */
export class DeployBucket {
  constructor(
    private readonly s3: S3Client,
    private readonly bucket: string,
    private readonly recordKey: string,
  ) {}

  /** Makes the folder of a model exactly what lies at its artifacts. New files first, then what is not among them goes. */
  async fill(key: string, from: { readonly bucket: string; readonly prefix: string }): Promise<number> {
    const folder = `${key}/`;
    const files = await objectsUnder(this.s3, from.bucket, from.prefix);
    if (files.size === 0) throw new Error(`No artifact lies at s3://${from.bucket}/${from.prefix}`);
    for (const [name, size] of files)
      if (size > largestCopy)
        throw new Error(`${from.prefix}${name} is larger than the 5 GiB that S3 copies in one call`);
    const before = await objectsUnder(this.s3, this.bucket, folder);
    for (const name of files.keys()) {
      await this.s3.send(
        new CopyObjectCommand({
          Bucket: this.bucket,
          Key: folder + name,
          CopySource: `${from.bucket}/${encodeURIComponent(from.prefix + name).replaceAll("%2F", "/")}`,
          ChecksumAlgorithm: "SHA256",
        }),
      );
    }
    await this.remove([...before.keys()].filter((name) => !files.has(name)).map((name) => folder + name));
    return files.size;
  }

  /** Removes a model's folder. */
  async empty(key: string): Promise<void> {
    const folder = `${key}/`;
    await this.remove([...(await objectsUnder(this.s3, this.bucket, folder)).keys()].map((name) => folder + name));
  }

  async readRecord(): Promise<PublishRecord> {
    try {
      const { Body } = await this.s3.send(new GetObjectCommand({ Bucket: this.bucket, Key: this.recordKey }));
      return JSON.parse((await Body?.transformToString()) ?? "{}") as PublishRecord;
    } catch (error) {
      if (error instanceof NoSuchKey) return {};
      throw error;
    }
  }

  async writeRecord(record: PublishRecord): Promise<void> {
    const sorted = Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
    const Body = `${JSON.stringify(sorted, null, 2)}\n`;
    await this.s3.send(
      new PutObjectCommand({ Bucket: this.bucket, Key: this.recordKey, Body, ContentType: "application/json" }),
    );
  }

  private async remove(keys: readonly string[]): Promise<void> {
    for (let start = 0; start < keys.length; start += 1000) {
      const Objects = keys.slice(start, start + 1000).map((Key) => ({ Key }));
      const { Errors = [] } = await this.s3.send(
        new DeleteObjectsCommand({ Bucket: this.bucket, Delete: { Objects, Quiet: true } }),
      );
      if (Errors.length > 0) throw new Error(`S3 would not delete ${Errors.map(({ Key }) => Key).join(", ")}`);
    }
  }
}
