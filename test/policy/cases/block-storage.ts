import { a, table } from "../support/tables";
import { secret, unknown } from "../support/pack";

const template = "aws:ec2/launchTemplate:LaunchTemplate";
const key = "arn:aws:kms:us-east-1:123456789012:key/k";
const device = (ebs: Record<string, unknown>) => ({ blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs }] });

export const blockStorage = [
  table(
    "ebs-volume-encrypted",
    "aws:ebs/volume:Volume",
    ["pass", { encrypted: true, kmsKeyId: key }],
    ["fail", { encrypted: false, kmsKeyId: key }, /it: the volume is not encrypted/],
    ["fail", { encrypted: true }, /no customer key/],
    ["undefined", {}, /not encrypted/],
    ["unknown", { encrypted: unknown, kmsKeyId: key }, "cannot tell"],
    ["unknown", { encrypted: true, kmsKeyId: unknown }],
    ["secret", { encrypted: true, kmsKeyId: secret(key) }],
    ["secret", { encrypted: secret(false) }, /not encrypted/],
  ),
  table(
    "launch-template-volumes-encrypted",
    template,
    ["pass", device({ encrypted: "true", kmsKeyId: key })],
    [
      "pass",
      {
        blockDeviceMappings: [
          device({ encrypted: "true", kmsKeyId: key }).blockDeviceMappings[0],
          { virtualName: "ephemeral0" },
        ],
      },
    ],
    ["fail", device({ encrypted: "false" }), /\/dev\/xvda is not encrypted/],
    ["fail", device({ encrypted: "true" }), /no customer key/],
    [
      "fail",
      a("aws:ec2/launchConfiguration:LaunchConfiguration", {
        rootBlockDevice: { encrypted: true },
        ebsBlockDevices: [{ deviceName: "/dev/sdb" }],
      }),
      /\/dev\/sdb is not encrypted/,
    ],
    ["pass", a("aws:ec2/launchConfiguration:LaunchConfiguration", { rootBlockDevice: { encrypted: true } })],
    ["undefined", {}, /image decides/],
    ["undefined", device({}), /not encrypted/],
    ["undefined", a("aws:ec2/launchConfiguration:LaunchConfiguration"), /root volume is not encrypted/],
    ["unknown", device({ encrypted: unknown }), "cannot tell"],
    ["unknown", device({ encrypted: "true", kmsKeyId: unknown })],
    ["secret", device({ encrypted: secret("true"), kmsKeyId: secret(key) })],
  ),
  table(
    "instance-volumes-encrypted",
    "aws:ec2/instance:Instance",
    ["pass", { rootBlockDevice: { encrypted: true, kmsKeyId: key } }],
    ["pass", { launchTemplate: { id: "lt-1" } }],
    [
      "pass",
      a("aws:ec2/spotFleetRequest:SpotFleetRequest", {
        launchSpecifications: [{ rootBlockDevices: [{ encrypted: true, kmsKeyId: key }] }],
      }),
    ],
    ["fail", { rootBlockDevice: { encrypted: false } }, /root volume is not encrypted/],
    [
      "fail",
      { rootBlockDevice: { encrypted: true, kmsKeyId: key }, ebsBlockDevices: [{ deviceName: "/dev/sdf" }] },
      /\/dev\/sdf is not encrypted/,
    ],
    ["fail", a("aws:ec2/spotInstanceRequest:SpotInstanceRequest", { rootBlockDevice: {} }), /not encrypted/],
    ["fail", a("aws:ec2/spotFleetRequest:SpotFleetRequest", { launchSpecifications: [{}] }), /left to the image/],
    ["undefined", {}, /left to the image/],
    ["unknown", { rootBlockDevice: { encrypted: unknown } }, "cannot tell"],
    ["unknown", { launchTemplate: { id: unknown } }],
    ["secret", { rootBlockDevice: secret({ encrypted: true, kmsKeyId: key }) }],
  ),
  table(
    "ami-and-snapshot-copies-encrypted",
    "aws:ec2/amiCopy:AmiCopy",
    ["pass", { encrypted: true, kmsKeyId: key }],
    ["pass", a("aws:ec2/ami:Ami", { ebsBlockDevices: [{ deviceName: "/dev/sda", snapshotId: "snap-1" }] })],
    [
      "pass",
      a("aws:imagebuilder/distributionConfiguration:DistributionConfiguration", {
        distributions: [{ region: "us-east-1", amiDistributionConfiguration: { kmsKeyId: key } }],
      }),
    ],
    ["fail", a("aws:ebs/snapshotCopy:SnapshotCopy", { encrypted: false }), /snapshot is not encrypted/],
    ["fail", a("aws:ebs/snapshotImport:SnapshotImport", {}), /snapshot is not encrypted/],
    ["fail", a("aws:ec2/ami:Ami", { ebsBlockDevices: [{ deviceName: "/dev/sda" }] }), /\/dev\/sda is not encrypted/],
    ["fail", a("aws:imagebuilder/imageRecipe:ImageRecipe", device({})), /not encrypted/],
    ["fail", a("aws:imagebuilder/imageRecipe:ImageRecipe"), /parent image decides/],
    [
      "fail",
      a("aws:imagebuilder/distributionConfiguration:DistributionConfiguration", {
        distributions: [{ region: "us-east-1", amiDistributionConfiguration: {} }],
      }),
      /us-east-1 has no customer key/,
    ],
    ["undefined", {}, /copy is not encrypted/],
    ["unknown", { encrypted: unknown }, "cannot tell"],
    ["secret", { encrypted: true, kmsKeyId: secret(key) }],
  ),
  table(
    "ebs-default-encryption",
    "aws:ebs/encryptionByDefault:EncryptionByDefault",
    ["pass", [a("aws:ebs/encryptionByDefault:EncryptionByDefault", { enabled: true })]],
    ["pass", [a("aws:ec2/instance:Instance")], "nothing", { settings: { accountBaselineStack: "prod" } }],
    ["pass", [a("aws:sns/topic:Topic")]],
    ["fail", [a("aws:ebs/encryptionByDefault:EncryptionByDefault", { enabled: false })], /switched off/],
    ["fail", [a(template)], /nothing encrypts them by default/],
    ["fail", [a(template)], { advisory: /nothing encrypts/ }, { stage: "dev" }],
    ["undefined", [a("aws:ebs/encryptionByDefault:EncryptionByDefault"), a(template, {}, { name: "t" })]],
    ["unknown", [a("aws:ebs/encryptionByDefault:EncryptionByDefault", { enabled: unknown })], "cannot tell"],
    ["secret", [a("aws:ebs/encryptionByDefault:EncryptionByDefault", { enabled: secret(false) })], /switched off/],
  ),
];
