import {
  paginateDescribeInstances,
  paginateDescribeInstanceStatus,
  type EC2Client,
  type Image,
  type Instance,
} from "@aws-sdk/client-ec2";
import { componentsOf, type AmiKind, type AmiProof } from "../components/common/ami-pointer";
import type { StagePointers } from "./pointers";

/** What instances of a stage tell about an image. */
export type Runs =
  | { readonly proven: true; readonly instances: number; readonly hours: number }
  | { readonly proven: false; readonly reason: string };

/** Minutes that an instance has to run before it proves anything. */
export const defaultMinutes = 60;

const plural = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;

/**
 * Judges an image by the stage's running instances: at least one has run it for so long, and none of those that run it fails
 * a status check.
 */
export function judgeRuns(
  ami: string,
  instances: readonly Instance[],
  impaired: ReadonlySet<string>,
  at: { readonly now: Date; readonly minutes: number; readonly stage: string },
): Runs {
  const mine = instances.filter(({ ImageId, State }) => ImageId === ami && State?.Name === "running");
  if (mine.length === 0) return { proven: false, reason: `no running instance of ${at.stage} uses ${ami}` };
  const ill = mine.filter(({ InstanceId }) => impaired.has(InstanceId ?? ""));
  if (ill.length > 0) {
    const ids = ill.map(({ InstanceId }) => InstanceId).join(", ");
    return { proven: false, reason: `${plural(ill.length, "instance")} of it failed a status check: ${ids}` };
  }
  const hoursOf = ({ LaunchTime }: Instance) => (at.now.getTime() - (LaunchTime ?? at.now).getTime()) / 3_600_000;
  const long = mine.filter((instance) => hoursOf(instance) * 60 >= at.minutes);
  if (long.length === 0) {
    return {
      proven: false,
      reason: `none of its ${plural(mine.length, "instance")} has run for ${at.minutes} minutes`,
    };
  }
  return { proven: true, instances: long.length, hours: Math.round(Math.max(...long.map(hoursOf)) * 10) / 10 };
}

async function instancesOf(ec2: EC2Client, project: string, stage: string, kind: AmiKind): Promise<Instance[]> {
  const Filters = [
    { Name: "tag:project", Values: [project] },
    { Name: "tag:stage", Values: [stage] },
    { Name: "tag:component", Values: [...componentsOf[kind]] },
    { Name: "instance-state-name", Values: ["running"] },
  ];
  const found: Instance[] = [];
  for await (const page of paginateDescribeInstances({ client: ec2, pageSize: 1000 }, { Filters })) {
    for (const { Instances = [] } of page.Reservations ?? []) found.push(...Instances);
  }
  return found;
}

async function impairedOf(ec2: EC2Client): Promise<Set<string>> {
  const impaired = new Set<string>();
  for await (const page of paginateDescribeInstanceStatus({ client: ec2, pageSize: 1000 }, {})) {
    for (const { InstanceId, InstanceStatus, SystemStatus } of page.InstanceStatuses ?? []) {
      if (InstanceId && [InstanceStatus, SystemStatus].some((it) => it?.Status === "impaired"))
        impaired.add(InstanceId);
    }
  }
  return impaired;
}

/** Asks the stage's instances about an image. */
export async function askRuns(pointers: StagePointers, kind: AmiKind, ami: string, minutes: number): Promise<Runs> {
  const { project, stage } = pointers.access;
  const instances = await instancesOf(pointers.ec2, project, stage, kind);
  return judgeRuns(ami, instances, await impairedOf(pointers.ec2), { now: new Date(), minutes, stage });
}

/** A proof by runs. */
export async function proofByRuns(
  pointers: StagePointers,
  ami: string,
  runs: Extract<Runs, { proven: true }>,
): Promise<AmiProof> {
  const { instances, hours } = runs;
  return {
    ami,
    ranIn: pointers.stage,
    instances,
    hours,
    by: await pointers.caller(),
    at: new Date().toISOString(),
  };
}

/** Facts of an image that people compare, by name. */
export function imageFacts(image: Image | undefined): Record<string, string> {
  if (!image) return {};
  const volume = image.BlockDeviceMappings?.find(({ DeviceName }) => DeviceName === image.RootDeviceName)?.Ebs;
  const tags = (image.Tags ?? []).filter(({ Key = "" }) => !Key.startsWith("ami-pointer-") && !Key.startsWith("aws:"));
  return Object.fromEntries(
    Object.entries({
      name: image.Name,
      created: image.CreationDate,
      owner: image.ImageOwnerAlias ?? image.OwnerId,
      processor: image.Architecture,
      "root device": image.RootDeviceName,
      "root volume": volume?.VolumeSize === undefined ? undefined : `${volume.VolumeSize} GiB`,
      encrypted: volume?.Encrypted === undefined ? undefined : String(volume.Encrypted),
      ...Object.fromEntries(tags.map(({ Key = "", Value = "" }) => [`tag ${Key}`, Value])),
    }).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** One fact that differs between two images. */
export interface FactChange {
  readonly fact: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What differs between two images. */
export function compareImages(before: Image | undefined, after: Image | undefined): FactChange[] {
  const [old, fresh] = [imageFacts(before), imageFacts(after)];
  return [...new Set([...Object.keys(old), ...Object.keys(fresh)])]
    .filter((fact) => old[fact] !== fresh[fact])
    .map((fact) => ({ fact, before: old[fact], after: fresh[fact] }));
}
