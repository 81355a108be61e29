import type { Image } from "@aws-sdk/client-ec2";

/** Which images stay. */
export interface ReapRules {
  /** Newest of each kind that stay whatever their age. */
  readonly keepNewest: number;
  /** Days before an image can go. */
  readonly minimumAgeDays: number;
}

/** What still needs an image. */
export interface InUse {
  /** AMIs that a pointer of any stage names. */
  readonly pointed: ReadonlySet<string>;
  /** AMIs of instances that are not terminated, and of launch templates. */
  readonly launched: ReadonlySet<string>;
}

/** What happens to one image, and why. */
export interface Verdict {
  readonly ami: string;
  readonly kind: string;
  readonly name: string;
  readonly reap: boolean;
  readonly why: string;
  readonly snapshots: readonly string[];
}

const dayMs = 86_400_000;
const tagsOf = (image: Image) => image.Tags ?? [];

/** Judges every image of a kind's; images without the tag are nobody's business here. */
export function judgeImages(
  images: readonly Image[],
  kindTag: string,
  inUse: InUse,
  rules: ReapRules,
  now: Date,
): Verdict[] {
  const kindOf = (image: Image) => tagsOf(image).find(({ Key }) => Key === kindTag)?.Value ?? "";
  const created = (image: Image) => Date.parse(image.CreationDate ?? "") || now.getTime();
  const seen = new Map<string, number>();
  const newestFirst = images.filter((image) => kindOf(image) !== "").sort((a, b) => created(b) - created(a));
  return newestFirst.map((image) => {
    const kind = kindOf(image);
    const rank = (seen.get(kind) ?? 0) + 1;
    seen.set(kind, rank);
    const ami = image.ImageId ?? "";
    const ageDays = Math.floor((now.getTime() - created(image)) / dayMs);
    const mark = tagsOf(image).find(({ Key }) => Key?.startsWith("ami-pointer-"))?.Key;
    const kept = keptBecause();
    const snapshots = (image.BlockDeviceMappings ?? []).flatMap(({ Ebs }) => (Ebs?.SnapshotId ? [Ebs.SnapshotId] : []));
    return {
      ami,
      kind,
      name: image.Name ?? "",
      reap: kept === undefined,
      why: kept ?? `${ageDays} days old`,
      snapshots,
    };

    function keptBecause(): string | undefined {
      if (inUse.pointed.has(ami)) return "a pointer names it";
      if (mark !== undefined) return `the pointer of ${mark.replace("ami-pointer-", "")} names it`;
      if (inUse.launched.has(ami)) return "an instance or a launch template uses it";
      if (rank <= rules.keepNewest) return `one of the newest ${rules.keepNewest}`;
      if (ageDays < rules.minimumAgeDays) return `${ageDays} days old, and it may go after ${rules.minimumAgeDays}`;
      return undefined;
    }
  });
}
