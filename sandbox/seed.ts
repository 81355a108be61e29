import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import type { SandboxStack } from "./project";

/** Model artifacts of a deploy bucket that nobody has filled: one symbol, one futures contract, one word that is neither. */
export const sampleModels = ["models/stocks/AAPL/model1_1.1.tar.gz"] as const;

/** A client for the emulator. */
export function emulatorS3(endpoint: string): S3Client {
  return new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" },
  });
}

/** Makes what a stack expects to find in its account: the fleet's deploy bucket with a few models. */
export async function seed(place: SandboxStack, endpoint: string, say: (line: string) => void): Promise<void> {
  const file = path.join(place.folder, `Pulumi.${place.name}.yaml`);
  const { config } = parse(readFileSync(file, "utf8")) as { config: Record<string, { bucket?: string } | undefined> };
  const bucket = Object.entries(config).find(([key]) => key.endsWith(":fleet"))?.[1]?.bucket;
  if (!bucket) return;
  const s3 = emulatorS3(endpoint);
  await s3.send(new CreateBucketCommand({ Bucket: bucket })).catch((error: unknown) => {
    if (!/BucketAlready/.test((error as Error).name)) throw error;
  });
  for (const key of sampleModels) await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: "sample" }));
  say(`${sampleModels.length} sample models in ${bucket}`);
}
