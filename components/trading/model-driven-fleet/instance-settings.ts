import type * as pulumi from "@pulumi/pulumi";

/** What instances of one model type are. */
export interface TypeSettings {
  readonly instanceType: string;
  /** AMI id, or `resolve:ssm:` and a parameter's name. @default Amazon Linux 2023 for the instance type's processor */
  readonly ami?: string | undefined;
  readonly rootVolumeGiB: number;
  /** Name of the AMI's root device, whose volume is encrypted. */
  readonly rootDevice: string;
  /** Container image of the trader; without a registry, a repository of the account's own ECR. */
  readonly image: string;
}

/** Settings of a model type: the fleet's, and in their place what the type has of its own. */
export function settingsFor(
  type: string,
  fleet: TypeSettings,
  own: Readonly<Record<string, Partial<TypeSettings>>>,
): TypeSettings {
  const override = Object.hasOwn(own, type) ? own[type] : undefined;
  // Another processor needs another image of the system: the fleet's AMI fits the fleet's own instance type only.
  const ami =
    override?.ami ??
    (override?.instanceType === undefined || isArm(override.instanceType) === isArm(fleet.instanceType)
      ? fleet.ami
      : undefined);
  const instanceType = override?.instanceType ?? fleet.instanceType;
  return {
    instanceType,
    ami,
    rootVolumeGiB: override?.rootVolumeGiB ?? fleet.rootVolumeGiB,
    rootDevice: override?.rootDevice ?? fleet.rootDevice,
    image: override?.image ?? fleet.image,
  };
}

/** True for the Graviton families: a `g` after the generation's digit (`c7gn`, `t4g`, `g5g`), and `a1`. */
export function isArm(instanceType: string): boolean {
  const family = instanceType.split(".")[0] ?? "";
  return family === "a1" || /\d[a-z]*g[a-z]*$/.test(family);
}

/** AMIs for types that name none, by processor. @default Amazon Linux 2023 */
export type AmisByProcessor = Readonly<Partial<Record<"x86_64" | "arm64", pulumi.Input<string> | undefined>>>;

/**
 * The AMI as a launch template takes it. EC2 reads an SSM parameter when an instance starts: a new AMI behind the pointer
 * serves new and replaced instances, and does not replace those that trade.
 */
export function amiOf(
  { ami, instanceType }: Pick<TypeSettings, "ami" | "instanceType">,
  byProcessor: AmisByProcessor = {},
): pulumi.Input<string> {
  const processor = isArm(instanceType) ? "arm64" : "x86_64";
  return (
    ami ??
    byProcessor[processor] ??
    `resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${processor}`
  );
}

/** True where the name begins with a registry's host, as Docker tells them apart. */
function hasRegistry(image: string): boolean {
  const [host, rest] = image.split("/", 2);
  return rest !== undefined && /[.:]|^localhost$/.test(host ?? "");
}

/** An image's full name; one without a registry is a repository of the account's ECR. */
export function imageUri(image: string, ecrHost: string): string {
  return hasRegistry(image) ? image : `${ecrHost}/${image}`;
}

/** Registry, repository and account of an ECR image; undefined for another registry's. */
export function ecrRepository(image: string): { accountId: string; region: string; repository: string } | undefined {
  const match = /^(\d{12})\.dkr\.ecr\.([\w-]+)\.amazonaws\.com(?:\.cn)?\/([^:@]+)/.exec(image);
  if (!match) return undefined;
  const [, accountId = "", region = "", repository = ""] = match;
  return { accountId, region, repository };
}
