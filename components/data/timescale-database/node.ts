import * as aws from "@pulumi/aws";
import { imdsV2 } from "../../common/launch-template";
import * as pulumi from "@pulumi/pulumi";
import type { DataSubnet } from "../database";
import type { TimescaleSettings } from "./settings";
import { compressed, nodeUserData, type NodePlace } from "./user-data";

/** What a node shares with the other one. */
export interface NodeParts {
  readonly settings: TimescaleSettings;
  readonly amiId: pulumi.Output<string>;
  readonly kmsKeyArn: pulumi.Output<string>;
  readonly securityGroupId: pulumi.Output<string>;
  readonly profileName: pulumi.Output<string>;
  /** Where the node finds things, but for what only it knows. */
  readonly place: pulumi.Output<Omit<NodePlace, "node" | "peer" | "volumeId">>;
}

/** The data volume; it outlives the node, and the stack where deletion is refused. */
export function createVolume(
  name: string,
  zone: string,
  settings: TimescaleSettings,
  kmsKeyArn: pulumi.Output<string>,
  parent: pulumi.Resource,
): aws.ebs.Volume {
  return new aws.ebs.Volume(
    `${name}-data`,
    {
      availabilityZone: zone,
      encrypted: true,
      kmsKeyId: kmsKeyArn,
      type: "gp3",
      size: settings.storageGiB,
      iops: settings.iops,
      throughput: settings.throughputMiBps,
      tags: { Name: `${name}-data` },
    },
    {
      parent,
      protect: settings.deletionProtection,
      retainOnDelete: settings.deletionProtection,
      ignoreChanges: ["size"], // the node grows it by itself
    },
  );
}

/** One instance with its volume attached. A new image or program reaches it when it is replaced, never by a restart. */
export function createNode(
  name: string,
  which: Pick<NodePlace, "node" | "peer">,
  subnet: DataSubnet,
  volume: aws.ebs.Volume,
  parts: NodeParts,
  parent: pulumi.Resource,
): aws.ec2.Instance {
  const { settings } = parts;
  const instance = new aws.ec2.Instance(
    `${name}-instance`,
    {
      ami: parts.amiId,
      instanceType: settings.instanceType,
      subnetId: subnet.id,
      vpcSecurityGroupIds: [parts.securityGroupId],
      associatePublicIpAddress: false,
      iamInstanceProfile: parts.profileName,
      ebsOptimized: true,
      monitoring: true,
      disableApiTermination: settings.deletionProtection,
      metadataOptions: imdsV2,
      rootBlockDevice: { volumeType: "gp3", volumeSize: 20, encrypted: true, kmsKeyId: parts.kmsKeyArn },
      userDataBase64: pulumi
        .all([parts.place, volume.id])
        .apply(([place, volumeId]) => compressed(nodeUserData(settings, { ...place, ...which, volumeId }))),
      tags: { Name: name, role: "timescale", node: which.node },
    },
    {
      parent,
      protect: settings.deletionProtection,
      // Both are read at the first boot only; a change would stop the database for nothing.
      ignoreChanges: ["ami", "userDataBase64"],
    },
  );
  new aws.ec2.VolumeAttachment(
    `${name}-attachment`,
    {
      deviceName: "/dev/sdf",
      instanceId: instance.id,
      volumeId: volume.id,
      stopInstanceBeforeDetaching: true,
    },
    { parent },
  );
  return instance;
}
