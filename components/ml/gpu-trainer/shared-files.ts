import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument } from "../../common/iam";

/** A file system and the one way into it. */
export interface SharedFiles {
  readonly fileSystem: aws.efs.FileSystem;
  readonly accessPoint: aws.efs.AccessPoint;
}

export interface SharedFilesArgs {
  readonly vpcId: pulumi.Input<string>;
  readonly subnets: readonly { readonly id: pulumi.Input<string> }[];
  readonly keyArn: pulumi.Input<string>;
  /** Group of the clients. */
  readonly clientGroupId: pulumi.Input<string>;
  /** Role of the clients. */
  readonly role: aws.iam.Role;
}

/** Only with TLS, only by the access point, and only for the clients' role. */
export function fileSystemPolicy(fileSystemArn: string, accessPointArn: string, roleArn: string) {
  return policyDocument([
    {
      Sid: "Clients",
      Effect: "Allow",
      Principal: { AWS: roleArn },
      Action: ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
      Resource: fileSystemArn,
      Condition: {
        Bool: { "aws:SecureTransport": "true" },
        StringEquals: { "elasticfilesystem:AccessPointArn": accessPointArn },
      },
    },
    {
      Sid: "TlsOnly",
      Effect: "Deny",
      Principal: "*",
      Action: ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite", "elasticfilesystem:ClientRootAccess"],
      Resource: fileSystemArn,
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    },
  ]);
}

/** An encrypted EFS file system with a target in each subnet, backed up by AWS Backup's own plan for EFS. */
export function createSharedFiles(
  name: string,
  args: SharedFilesArgs,
  opts: pulumi.CustomResourceOptions,
): SharedFiles {
  const fileSystem = new aws.efs.FileSystem(
    name,
    {
      encrypted: true,
      kmsKeyId: args.keyArn,
      throughputMode: "elastic",
      lifecyclePolicies: [{ transitionToIa: "AFTER_30_DAYS" }, { transitionToPrimaryStorageClass: "AFTER_1_ACCESS" }],
      tags: { Name: name },
    },
    opts,
  );
  const group = new aws.ec2.SecurityGroup(
    `${name}-group`,
    { vpcId: args.vpcId, description: "Files of GPU trainers: NFS from trainers only", tags: { Name: name } },
    opts,
  );
  const rule = { description: "NFS of the trainers' files", ipProtocol: "tcp", fromPort: 2049, toPort: 2049 };
  new aws.vpc.SecurityGroupIngressRule(
    `${name}-from-trainers`,
    { ...rule, securityGroupId: group.id, referencedSecurityGroupId: args.clientGroupId },
    opts,
  );
  new aws.vpc.SecurityGroupEgressRule(
    `${name}-to-files`,
    { ...rule, securityGroupId: args.clientGroupId, referencedSecurityGroupId: group.id },
    opts,
  );
  args.subnets.forEach(({ id }, index) => {
    new aws.efs.MountTarget(
      `${name}-${index + 1}`,
      { fileSystemId: fileSystem.id, subnetId: id, securityGroups: [group.id] },
      opts,
    );
  });
  const accessPoint = new aws.efs.AccessPoint(
    `${name}-training`,
    {
      fileSystemId: fileSystem.id,
      posixUser: { uid: 1000, gid: 1000 },
      rootDirectory: { path: "/training", creationInfo: { ownerUid: 1000, ownerGid: 1000, permissions: "0750" } },
    },
    opts,
  );
  new aws.efs.FileSystemPolicy(
    `${name}-policy`,
    {
      fileSystemId: fileSystem.id,
      policy: pulumi.jsonStringify(
        pulumi
          .all([fileSystem.arn, accessPoint.arn, args.role.arn])
          .apply(([files, point, role]) => fileSystemPolicy(files, point, role)),
      ),
    },
    opts,
  );
  new aws.efs.BackupPolicy(
    `${name}-backup`,
    { fileSystemId: fileSystem.id, backupPolicy: { status: "ENABLED" } },
    opts,
  );
  return { fileSystem, accessPoint };
}
