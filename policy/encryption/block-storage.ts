import type * as aws from "@pulumi/aws";
import { checkov, cis, fsbp, on, pci, reference, type Policy, type Report } from "../frame/policy";
import { isGiven, isTrue, listOf } from "../frame/values";

/** One block device, in the few ways in which the resources write it. */
interface Device {
  readonly encrypted?: boolean | string;
  readonly kmsKeyId?: string;
}

function checkDevice(device: Device, where: string, report: Report): void {
  if (!isTrue(device.encrypted)) report(`${where} is not encrypted`);
  else if (!isGiven(() => device.kmsKeyId)) report(`${where} has no customer key (kmsKeyId)`);
}

/** Root and further devices that an instance or a launch configuration declares itself. */
function checkInstance(
  props: {
    readonly rootBlockDevice?: Device;
    readonly ebsBlockDevices?: readonly (Device & { deviceName?: string })[];
    readonly launchTemplate?: unknown;
  },
  report: Report,
): void {
  if (props.rootBlockDevice) checkDevice(props.rootBlockDevice, "the root volume", report);
  // A launch template that declares the root device is looked at itself.
  else if (!isGiven(() => props.launchTemplate)) report("the root volume's encryption is left to the image");
  for (const device of listOf(props.ebsBlockDevices)) {
    checkDevice(device, `the volume ${device.deviceName ?? "?"}`, report);
  }
}

const fix = "Set encrypted: true and kmsKeyId to a customer key";

export const ebsVolumeEncrypted: Policy = {
  name: "ebs-volume-encrypted",
  description: "EBS volumes are encrypted with a customer key.",
  severity: "critical",
  level: "mandatory",
  fix,
  url: reference("ebs/volume"),
  frameworks: [cis("2.2.1"), fsbp("EC2.3"), pci("3.5.1")],
  checkov: checkov(3, 189, "2:2"),
  rules: on<aws.ebs.VolumeArgs>("aws:ebs/volume:Volume", (volume, report) => checkDevice(volume, "the volume", report)),
  remedies: [
    {
      type: "aws:ebs/volume:Volume",
      mend: (props) => (isTrue(props.encrypted) ? undefined : { encrypted: true }),
    },
  ],
};

export const launchTemplateVolumesEncrypted: Policy = {
  name: "launch-template-volumes-encrypted",
  description: "Launch templates and launch configurations encrypt every volume with a customer key.",
  severity: "critical",
  level: "mandatory",
  fix: "Declare the root device in blockDeviceMappings and give every EBS device encrypted and a customer's kmsKeyId",
  url: reference("ec2/launchtemplate"),
  frameworks: [cis("2.2.1"), pci("3.5.1")],
  checkov: checkov(8),
  rules: [
    ...on<aws.ec2.LaunchTemplateArgs>("aws:ec2/launchTemplate:LaunchTemplate", (template, report) => {
      const devices = listOf(template.blockDeviceMappings).filter((device) => device.ebs);
      if (devices.length === 0) report("no block device is declared, so the image decides on encryption");
      for (const { deviceName, ebs } of devices) checkDevice(ebs ?? {}, `the volume ${deviceName ?? "?"}`, report);
    }),
    ...on<aws.ec2.LaunchConfigurationArgs>(
      "aws:ec2/launchConfiguration:LaunchConfiguration",
      (configuration, report) => {
        // Launch configurations know no key of their own: the account's default key encrypts.
        const { rootBlockDevice, ebsBlockDevices } = configuration;
        if (!isTrue(rootBlockDevice?.encrypted)) report("the root volume is not encrypted");
        for (const device of listOf(ebsBlockDevices)) {
          if (!isTrue(device.encrypted)) report(`the volume ${device.deviceName} is not encrypted`);
        }
      },
    ),
  ],
  remedies: [
    {
      type: "aws:ec2/launchTemplate:LaunchTemplate",
      mend: (props) => {
        const mappings = listOf(props.blockDeviceMappings as { ebs?: Device }[] | undefined);
        if (mappings.every(({ ebs }) => !ebs || isTrue(ebs.encrypted))) return undefined;
        return {
          // Array.from, as map trips over the proxies that inputs of a remediation are made of.
          blockDeviceMappings: Array.from(mappings, (one) =>
            one.ebs ? { ...one, ebs: { ...one.ebs, encrypted: "true" } } : one,
          ),
        };
      },
    },
  ],
};

export const instanceVolumesEncrypted: Policy = {
  name: "instance-volumes-encrypted",
  description: "Instances encrypt their root and every further volume with a customer key.",
  severity: "critical",
  level: "mandatory",
  fix: "Set encrypted and a customer's kmsKeyId on rootBlockDevice and ebsBlockDevices, or use a launch template that does",
  url: reference("ec2/instance"),
  frameworks: [cis("2.2.1"), fsbp("EC2.3"), pci("3.5.1")],
  checkov: checkov(8),
  rules: [
    ...on<aws.ec2.InstanceArgs>(
      ["aws:ec2/instance:Instance", "aws:ec2/spotInstanceRequest:SpotInstanceRequest"],
      checkInstance,
    ),
    ...on<aws.ec2.SpotFleetRequestArgs>("aws:ec2/spotFleetRequest:SpotFleetRequest", (fleet, report) => {
      for (const launch of listOf(fleet.launchSpecifications)) {
        const [rootBlockDevice] = listOf(launch.rootBlockDevices);
        checkInstance({ rootBlockDevice, ebsBlockDevices: launch.ebsBlockDevices }, report);
      }
    }),
  ],
  remedies: [
    {
      type: "aws:ec2/instance:Instance",
      mend: (props) => {
        const root = props.rootBlockDevice as Device | undefined;
        if (!root || isTrue(root.encrypted)) return undefined;
        return { rootBlockDevice: { ...root, encrypted: true } };
      },
    },
  ],
};

export const amiAndSnapshotCopiesEncrypted: Policy = {
  name: "ami-and-snapshot-copies-encrypted",
  description: "Images, snapshots and their copies are encrypted with a customer key.",
  severity: "high",
  level: "mandatory",
  fix: "Set encrypted and a customer's kmsKeyId on the copy, and kmsKeyId on Image Builder's devices and distributions",
  url: reference("ec2/amicopy"),
  checkov: checkov(183, 204, 235, 236, 199, 200),
  rules: [
    ...on<aws.ec2.AmiCopyArgs>("aws:ec2/amiCopy:AmiCopy", (copy, report) => checkDevice(copy, "the copy", report)),
    ...on<aws.ebs.SnapshotCopyArgs>(
      ["aws:ebs/snapshotCopy:SnapshotCopy", "aws:ebs/snapshotImport:SnapshotImport"],
      (copy, report) => checkDevice(copy, "the snapshot", report),
    ),
    ...on<aws.ec2.AmiArgs>("aws:ec2/ami:Ami", (image, report) => {
      for (const device of listOf(image.ebsBlockDevices)) {
        // A device made from a snapshot takes that snapshot's encryption.
        if (!isTrue(device.encrypted) && !isGiven(() => device.snapshotId)) {
          report(`the device ${device.deviceName} is not encrypted`);
        }
      }
    }),
    ...on<aws.imagebuilder.ImageRecipeArgs>("aws:imagebuilder/imageRecipe:ImageRecipe", (recipe, report) => {
      const devices = listOf(recipe.blockDeviceMappings).filter((device) => device.ebs);
      if (devices.length === 0) report("no block device is declared, so the parent image decides on encryption");
      for (const { deviceName, ebs } of devices) checkDevice(ebs ?? {}, `the device ${deviceName ?? "?"}`, report);
    }),
    ...on<aws.imagebuilder.DistributionConfigurationArgs>(
      "aws:imagebuilder/distributionConfiguration:DistributionConfiguration",
      (configuration, report) => {
        for (const { region, amiDistributionConfiguration: image } of listOf(configuration.distributions)) {
          if (image && !isGiven(() => image.kmsKeyId)) report(`the image in ${region} has no customer key (kmsKeyId)`);
        }
      },
    ),
  ],
};

/** Resource types whose volumes the account's default encryption stands behind. */
const volumeTypes = [
  "aws:ec2/instance:Instance",
  "aws:ec2/launchTemplate:LaunchTemplate",
  "aws:ebs/volume:Volume",
] as const;

export const ebsDefaultEncryption: Policy = {
  name: "ebs-default-encryption",
  description: "The account encrypts new EBS volumes by default.",
  severity: "high",
  level: "mandatory",
  fix: "Turn the security section's account settings on, or name the stack that holds them in policies.accountBaselineStack",
  url: reference("ebs/encryptionbydefault"),
  frameworks: [cis("2.2.1"), fsbp("EC2.7")],
  checkov: checkov(106),
  stackRule: (stack, report, { settings }) => {
    const defaults = stack.ofType<aws.ebs.EncryptionByDefaultArgs>("aws:ebs/encryptionByDefault:EncryptionByDefault");
    for (const one of defaults) if (one.props.enabled === false) report("default encryption is switched off", one);
    if (defaults.length > 0 || settings.accountBaselineStack) return;
    if (stack.ofType(...volumeTypes).length > 0) report("this stack has volumes, and nothing encrypts them by default");
  },
};

export const blockStorage: readonly Policy[] = [
  ebsVolumeEncrypted,
  launchTemplateVolumesEncrypted,
  instanceVolumesEncrypted,
  amiAndSnapshotCopiesEncrypted,
  ebsDefaultEncryption,
];
