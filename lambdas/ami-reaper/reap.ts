import {
  DeleteSnapshotCommand,
  DeregisterImageCommand,
  paginateDescribeImages,
  paginateDescribeInstances,
  paginateDescribeLaunchTemplateVersions,
  type EC2Client,
  type Image,
} from "@aws-sdk/client-ec2";
import { paginateGetParametersByPath, type SSMClient } from "@aws-sdk/client-ssm";
import { codeOf } from "../common/instances";
import { judgeImages, type InUse, type ReapRules, type Verdict } from "./core";

/** Whose images are judged. */
export interface ReapScope {
  readonly project: string;
  /** Tag that says an image's kind. */
  readonly kindTag: string;
}

async function imagesOf(ec2: EC2Client, { project, kindTag }: ReapScope): Promise<Image[]> {
  const Filters = [
    { Name: "tag:project", Values: [project] },
    { Name: "tag-key", Values: [kindTag] },
  ];
  const images: Image[] = [];
  for await (const page of paginateDescribeImages({ client: ec2, pageSize: 500 }, { Owners: ["self"], Filters }))
    images.push(...(page.Images ?? []));
  return images;
}

async function pointedBy(ssm: SSMClient, project: string): Promise<Set<string>> {
  const pointed = new Set<string>();
  const request = { Path: `/${project}/ami/`, Recursive: true };
  for await (const page of paginateGetParametersByPath({ client: ssm, pageSize: 10 }, request)) {
    // A proof names the image too; the worst that it does is to keep one.
    for (const { Value = "" } of page.Parameters ?? [])
      for (const [ami] of Value.matchAll(/ami-[0-9a-f]{8,17}/g)) pointed.add(ami);
  }
  return pointed;
}

async function launchedFrom(ec2: EC2Client): Promise<Set<string>> {
  const launched = new Set<string>();
  const states = ["pending", "running", "stopping", "stopped"];
  const Filters = [{ Name: "instance-state-name", Values: states }];
  for await (const page of paginateDescribeInstances({ client: ec2, pageSize: 1000 }, { Filters })) {
    for (const { Instances = [] } of page.Reservations ?? [])
      for (const { ImageId } of Instances) if (ImageId) launched.add(ImageId);
  }
  const latest = { Versions: ["$Latest", "$Default"] };
  for await (const page of paginateDescribeLaunchTemplateVersions({ client: ec2, pageSize: 200 }, latest)) {
    for (const { LaunchTemplateData } of page.LaunchTemplateVersions ?? [])
      if (LaunchTemplateData?.ImageId) launched.add(LaunchTemplateData.ImageId);
  }
  return launched;
}

/** Judges the account's images of a project. */
export async function judgeAccount(ec2: EC2Client, ssm: SSMClient, scope: ReapScope, rules: ReapRules, now: Date) {
  const [images, pointed, launched] = await Promise.all([
    imagesOf(ec2, scope),
    pointedBy(ssm, scope.project),
    launchedFrom(ec2),
  ]);
  const inUse: InUse = { pointed, launched };
  return judgeImages(images, scope.kindTag, inUse, rules, now);
}

/** An image or a snapshot that AWS would not let go, and its error's code. */
export interface NotReaped {
  readonly id: string;
  readonly code: string;
}

/** Deregisters the images that may go and deletes their snapshots; one that fails leaves the others. */
export async function reap(ec2: EC2Client, verdicts: readonly Verdict[]): Promise<NotReaped[]> {
  const failed: NotReaped[] = [];
  for (const { ami, snapshots } of verdicts.filter((verdict) => verdict.reap)) {
    const attempt = async (id: string, call: () => Promise<unknown>): Promise<boolean> => {
      try {
        await call();
        return true;
      } catch (error) {
        failed.push({ id, code: codeOf(error) });
        return false;
      }
    };
    const gone = await attempt(ami, () => ec2.send(new DeregisterImageCommand({ ImageId: ami })));
    if (!gone) continue;
    for (const SnapshotId of snapshots)
      await attempt(SnapshotId, () => ec2.send(new DeleteSnapshotCommand({ SnapshotId })));
  }
  return failed;
}
