/** Reading a bucket of models, beside a bare paged listing of the same bucket. One line of JSON. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as path from "node:path";
import { awsClients } from "../components/common/aws-clients";
import { DeployBucket, readBucket } from "../components/trading/model-catalog";

export interface ListingMeasured {
  readonly keys: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

async function bare(endpoint: string): Promise<number> {
  const { paginateListObjectsV2, S3Client } = awsClients.s3(); // the reader loads it when it reads, too
  const client = new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: "bench", secretAccessKey: "bench" },
  });
  let keys = 0;
  for await (const page of paginateListObjectsV2({ client }, { Bucket: "bench", Prefix: "models/" })) {
    keys += page.Contents?.length ?? 0;
  }
  return keys;
}

async function platform(endpoint: string): Promise<number> {
  const catalog = await readBucket(new DeployBucket("bench", { region: "us-east-1", endpoint }), "models/");
  return catalog.accepted.length;
}

async function main(what: string, count: number, delayMs: number): Promise<ListingMeasured> {
  process.env.AWS_ACCESS_KEY_ID = process.env.AWS_SECRET_ACCESS_KEY = "bench";
  const file = path.join(__dirname, "listing-server.ts");
  const server = spawn(process.execPath, ["--require", "tsx/cjs", file, String(count), String(delayMs)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = (await once(server.stdout, "data")) as [Buffer];
  const endpoint = line.toString().trim();
  const read = what === "bare" ? bare : platform;
  const cpu = process.cpuUsage();
  const start = performance.now();
  const keys = await read(endpoint);
  const { user, system } = process.cpuUsage(cpu);
  server.stdin.end();
  return {
    keys,
    seconds: (performance.now() - start) / 1e3,
    cpuSeconds: (user + system) / 1e6,
    peakMiB: process.resourceUsage().maxRSS / 1024,
  };
}

void main(process.argv[2] ?? "", Number(process.argv[3]), Number(process.argv[4] ?? 0)).then((measured) => {
  process.stdout.write(`${JSON.stringify(measured)}\n`);
});
