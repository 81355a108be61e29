import * as aws from "@pulumi/aws";
import { imdsV2, privateInterface, rootVolume } from "../common/launch-template";
import type * as pulumi from "@pulumi/pulumi";
import { metricAlarm } from "../common/alarm";

/** Amazon Linux 2023 by processor; EC2 looks the parameter up at launch, so a new AMI never replaces a host. */
export const amazonLinux = {
  x86_64: "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
  arm64: "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
} as const;

export interface PrivateHostArgs {
  /** AMI id, or `resolve:ssm:` and a parameter's name; the image is Amazon Linux 2023 or a descendant of it. */
  readonly ami: pulumi.Input<string>;
  readonly instanceType: string;
  readonly subnetId: pulumi.Input<string>;
  readonly securityGroupId: pulumi.Input<string>;
  readonly profileName: pulumi.Input<string>;
  readonly kmsKeyArn: pulumi.Input<string>;
  readonly rootVolumeGiB: number;
  /** From `encodeUserData`; a change replaces the host. @default nothing is run */
  readonly userData?: pulumi.Input<string>;
  /** Address inside the subnet that outlives the host. @default one that EC2 picks */
  readonly privateIp?: string;
  /** What the host is for, as an alarm's sentence: "The monitoring server". */
  readonly what: string;
  /** First thing to do when the host fails. */
  readonly first: string;
  readonly alarmTopicArn?: pulumi.Input<string>;
  /** Spot capacity: the host stops when AWS takes it back, and starts again when there is some. @default false */
  readonly spot?: boolean;
  /** A host that is stopped when nobody uses it: silence is no failure then. @default false */
  readonly mayStop?: boolean;
}

/**
 * One host without a public address, stopped before its successor starts: encrypted gp3 root volume, IMDSv2, automatic
 * recovery and the alarms that go with it.
 */
export function privateHost(name: string, args: PrivateHostArgs, opts: pulumi.CustomResourceOptions): aws.ec2.Instance {
  const template = new aws.ec2.LaunchTemplate(
    `${name}-template`,
    {
      imageId: args.ami, // only a template takes `resolve:ssm:` and a root volume of one's own together
      instanceType: args.instanceType,
      ebsOptimized: "true",
      iamInstanceProfile: { name: args.profileName },
      monitoring: { enabled: true },
      maintenanceOptions: { autoRecovery: "default" },
      metadataOptions: imdsV2,
      ...(args.spot
        ? {
            instanceMarketOptions: {
              marketType: "spot",
              spotOptions: { spotInstanceType: "persistent", instanceInterruptionBehavior: "stop" },
            },
          }
        : {}),
      networkInterfaces: privateInterface({
        securityGroupIds: [args.securityGroupId],
        subnetId: args.subnetId,
        privateIp: args.privateIp,
      }),
      blockDeviceMappings: rootVolume({ sizeGiB: args.rootVolumeGiB, kmsKeyArn: args.kmsKeyArn }),
      userData: args.userData,
    },
    opts,
  );
  const instance = new aws.ec2.Instance(
    name,
    { launchTemplate: { id: template.id, version: template.latestVersion.apply(String) }, tags: { Name: name } },
    // An address and a stream exist once: the old host goes before the new one comes. The provider reads the template's user
    // data back as the instance's own and would take it away again, by a stop and a start.
    { ...opts, deleteBeforeReplace: true, ignoreChanges: ["userData"] },
  );
  metricAlarm(
    `${name}-checks`,
    {
      description: `${args.what} failed a status check. First: ${args.first}`,
      namespace: "AWS/EC2",
      metric: "StatusCheckFailed",
      dimensions: { InstanceId: instance.id },
      statistic: "Maximum",
      threshold: 0,
      periods: 3,
      missing: args.mayStop ? "notBreaching" : "breaching",
      alarmTopicArn: args.alarmTopicArn,
    },
    opts,
  );
  return instance;
}
