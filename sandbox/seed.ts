import { HeadBucketCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateHostedZoneCommand, GetHostedZoneCommand, Route53Client } from "@aws-sdk/client-route-53";
import { GetParametersCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { existsSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { amiKinds, pointerName, proofName, type AmiProof } from "../components/common/ami-pointer";
import { validate, type Settings } from "../config";
import { emulatorAccess } from "./emulator-access";
import type { SandboxStack } from "./project";

/** A client for the emulator. */
export function emulatorS3(endpoint: string): S3Client {
  return new S3Client({ ...emulatorAccess(endpoint), forcePathStyle: true });
}

/** The object keys of a listing file: one a line, comments and empty lines left out. */
export function readListing(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** The stack's settings, as the program will read them. */
function settingsOf(place: SandboxStack): Settings {
  const file = path.join(place.folder, `Pulumi.${place.name}.yaml`);
  const { config } = parse(readFileSync(file, "utf8")) as { config: Record<string, unknown> };
  const project = "trading-platform";
  const raw = Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) =>
      key.startsWith(`${project}:`) ? [[key.slice(project.length + 1), value]] : [],
    ),
  );
  return validate({ project, organization: "organization", stack: place.name }, raw, config["aws:region"] as string);
}

/** The stack's fleet as it is configured: its bucket, where models lie in it, and the keys of its listing file. */
export function fleetOf(place: SandboxStack): { bucket: string; prefix: string; keys: readonly string[] } | undefined {
  const { fleet } = settingsOf(place);
  if (fleet?.source !== "bucket") return undefined;
  const listing = fleet.listing === undefined ? "" : path.resolve(place.root, fleet.listing);
  const keys = existsSync(listing) ? readListing(readFileSync(listing, "utf8")) : [];
  return { bucket: fleet.bucket, prefix: fleet.prefix, keys };
}

const amazonLinux = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";

/** The SSM parameters of one's own that settings name images by; AWS's public ones are there. */
export function imageParameters(settings: unknown): string[] {
  if (typeof settings === "string") {
    const name = /^resolve:ssm:(.+)$/.exec(settings)?.[1];
    return name === undefined || name.startsWith("/aws/service/") ? [] : [name];
  }
  if (settings === null || typeof settings !== "object") return [];
  return [...new Set(Object.values(settings).flatMap(imageParameters))];
}

/** The public zones that settings name, each with the name that all its names end with. */
export function hostedZones(settings: unknown): Map<string, string> {
  const names = new Map<string, string[]>();
  const collect = (value: unknown): void => {
    if (value === null || typeof value !== "object") return;
    const { zoneId, domainName } = value as { zoneId?: unknown; domainName?: unknown };
    if (typeof zoneId === "string" && typeof domainName === "string") {
      names.set(zoneId, [...(names.get(zoneId) ?? []), domainName]);
    }
    Object.values(value).forEach(collect);
  };
  collect(settings);
  return new Map(
    [...names].map(([id, all]) => {
      // The labels that the names have in common from the right; the first of them all is never the zone's own.
      const labels = all.map((name) => name.split(".").slice(1).reverse());
      const shared = (labels[0] ?? []).filter((label, at) => labels.every((one) => one[at] === label));
      return [id, shared.reverse().join(".")];
    }),
  );
}

/** Makes the hosted zones that people have before a stack names them. Returns the names of those that were not there yet. */
export async function seedZones(place: SandboxStack, endpoint: string): Promise<string[]> {
  const route53 = new Route53Client(emulatorAccess(endpoint));
  const made: string[] = [];
  for (const [id, name] of hostedZones(settingsOf(place))) {
    const there = await route53.send(new GetHostedZoneCommand({ Id: id })).then(
      () => true,
      () => false,
    );
    if (there) continue;
    await route53.send(new CreateHostedZoneCommand({ Name: name, CallerReference: `zone:${id}` }));
    made.push(name);
  }
  return made;
}

/**
 * Puts an image where people do before a stage's first deployment: into the stage's AMI pointers that the stack only reads,
 * and into the parameters that its settings name. Returns the names of those that were not there yet.
 */
export async function seedPointers(place: SandboxStack, endpoint: string): Promise<string[]> {
  const settings = settingsOf(place);
  const { images, project, stage } = settings;
  const pointers = !images || images.create ? [] : amiKinds.filter((kind) => images.kinds.includes(kind));
  const names = [...pointers.map((kind) => pointerName(project, stage, kind)), ...imageParameters(settings)];
  if (names.length === 0) return [];
  const ssm = new SSMClient(emulatorAccess(endpoint));
  const { Parameters = [], InvalidParameters = [] } = await ssm.send(
    new GetParametersCommand({ Names: [amazonLinux, ...names] }),
  );
  const ami = Parameters.find(({ Name }) => Name === amazonLinux)?.Value ?? "";
  const proof: AmiProof = { ami, override: "the sandbox's own image", by: "sandbox", at: new Date().toISOString() };
  for (const Name of InvalidParameters) {
    await ssm.send(new PutParameterCommand({ Name, Value: ami, Type: "String" }));
    await ssm.send(new PutParameterCommand({ Name: proofName(Name), Value: JSON.stringify(proof), Type: "String" }));
  }
  return InvalidParameters;
}

/**
 * Puts the models of the stack's listing file into its deploy bucket, as a model builder would, once: where the bucket is
 * there and holds no model. Returns how many it put.
 */
export async function seed(place: SandboxStack, endpoint: string): Promise<number> {
  const fleet = fleetOf(place);
  if (!fleet || fleet.keys.length === 0) return 0;
  const s3 = emulatorS3(endpoint);
  const there = await s3.send(new HeadBucketCommand({ Bucket: fleet.bucket })).then(
    () => true,
    () => false,
  );
  if (!there) return 0;
  const { KeyCount = 0 } = await s3.send(
    new ListObjectsV2Command({ Bucket: fleet.bucket, Prefix: fleet.prefix, MaxKeys: 1 }),
  );
  if (KeyCount > 0) return 0;
  for (const Key of fleet.keys)
    await s3.send(new PutObjectCommand({ Bucket: fleet.bucket, Key, Body: "sample model" }));
  return fleet.keys.length;
}
