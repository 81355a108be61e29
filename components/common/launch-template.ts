import type * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

type TemplateArgs = aws.ec2.LaunchTemplateArgs;

/** IMDSv2 alone, one hop: a container behind a bridge of its own cannot take the host's credentials. */
export const imdsV2 = { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 };

/** IMDSv2 with the instance's tags, which a boot script reads there without a permission. */
export const imdsV2WithTags = { ...imdsV2, instanceMetadataTags: "enabled" };

interface PrivateInterface {
  readonly securityGroupIds: readonly pulumi.Input<string>[];
  /** Where the template itself says the subnet. @default the group or fleet that launches says it */
  readonly subnetId?: pulumi.Input<string>;
  /** Address inside that subnet. @default one that EC2 picks */
  readonly privateIp?: string | undefined;
}

/** The only interface of a host: without a public address, gone with the host. */
export function privateInterface({
  securityGroupIds,
  subnetId,
  privateIp,
}: PrivateInterface): NonNullable<TemplateArgs["networkInterfaces"]> {
  return [
    {
      deviceIndex: 0,
      ...(subnetId === undefined ? {} : { subnetId }),
      ...(privateIp === undefined ? {} : { privateIpAddress: privateIp }),
      associatePublicIpAddress: "false",
      deleteOnTermination: "true",
      securityGroups: [...securityGroupIds],
    },
  ];
}

interface RootVolume {
  readonly sizeGiB: number;
  readonly kmsKeyArn: pulumi.Input<string>;
  /** @default "gp3" */
  readonly type?: string;
  readonly iops?: number | undefined;
  /** @default "/dev/xvda", Amazon Linux's */
  readonly device?: string | undefined;
}

/** The root volume of a host: encrypted with a key of our own, gone with the host. */
export function rootVolume({ sizeGiB, kmsKeyArn, type = "gp3", iops, device = "/dev/xvda" }: RootVolume) {
  return [
    {
      deviceName: device,
      ebs: {
        volumeType: type,
        volumeSize: sizeGiB,
        ...(iops === undefined ? {} : { iops }),
        encrypted: "true",
        kmsKeyId: kmsKeyArn,
        deleteOnTermination: "true",
      },
    },
  ];
}

/** Tags of all that a launch makes: what a group launches has them from nowhere else. */
export function launchTags(
  tags: Readonly<Record<string, pulumi.Input<string>>>,
  types = ["instance", "volume", "network-interface"],
) {
  return types.map((resourceType) => ({ resourceType, tags }));
}
