import * as aws from "@pulumi/aws";
import { rootVolume } from "../../common/launch-template";
import * as pulumi from "@pulumi/pulumi";
import { imageKindTag, pointerName, type AmiStage } from "../../common/ami-pointer";
import { httpsOnlyGroup } from "../../common/https-only-group";
import { serviceRole, type Cloud, type Statement } from "../../common/iam";
import { EncryptionKey } from "../../security/encryption-key";
import { installDocument, testDocument, versionOf, type GpuSoftware } from "./documents";
import { createImageLambdas } from "./lambdas";

export type { GpuSoftware } from "./documents";

export interface GpuImageArgs extends GpuSoftware {
  readonly cloud: Cloud;
  readonly project: string;
  readonly stack: string;
  readonly stage: AmiStage;
  readonly vpcId: pulumi.Input<string>;
  /** Private subnet with a way to the internet: packages come from Amazon's and NVIDIA's repositories. */
  readonly subnetId: pulumi.Input<string>;
  /** Types that the build may run on; each needs a GPU, as the test runs on one of them. */
  readonly instanceTypes: readonly string[];
  readonly rootVolumeGiB: number;
  /** When the image is built anew, in UTC and EventBridge's notation; only where its base has changed. */
  readonly rebuild: string;
  /** Newest images that stay whatever their age. */
  readonly keepNewest: number;
  /** Days before an image can be reaped. */
  readonly minimumAgeDays: number;
  /** Accounts of other stages, which may start the image. @default [] */
  readonly shareWithAccounts?: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly logRetentionDays: number;
  readonly alarmTopicArn?: pulumi.Input<string>;
}

/** What other accounts may do with the key of an image that is shared with them. */
export function sharingStatements(cloud: Cloud, accounts: readonly string[]): Statement[] {
  if (accounts.length === 0) return [];
  const AWS = accounts.map((account) => `arn:${cloud.partition}:iam::${account}:root`);
  return [
    {
      Sid: "StartSharedImages",
      Effect: "Allow",
      Principal: { AWS },
      Action: ["kms:Decrypt", "kms:DescribeKey", "kms:ReEncryptFrom", "kms:GenerateDataKeyWithoutPlaintext"],
      Resource: "*", // in a key policy: this key
    },
    {
      Sid: "GrantForVolumes",
      Effect: "Allow",
      Principal: { AWS },
      Action: "kms:CreateGrant",
      Resource: "*", // in a key policy: this key
      Condition: { Bool: { "kms:GrantIsForAWSResource": "true" } },
    },
  ];
}

/**
 * The GPU image: an EC2 Image Builder pipeline on Amazon Linux 2023 with NVIDIA's driver, CUDA and the container toolkit.
 *
 * Makes: key, build role and profile, security group (HTTPS out), an install component and a test component, recipe,
 * infrastructure, distribution, pipeline with a log group; a function that writes each image that passed its test into the
 * stage's pointer, one that reaps old images and snapshots every day, and alarms for both and for failed builds.
 *
 * Recipes and components cannot be changed: their versions carry a hash of what they hold, so that a change is a new version.
 * The test runs on an instance started from the new image and fails the build where the GPU is not usable.
 *
 * Cost: an hour of the build's instance twice a build, and 0.05 USD a GiB and month of each image's snapshot.
 */
export class GpuImage extends pulumi.ComponentResource {
  readonly pipelineArn: pulumi.Output<string>;
  /** Pointer that each good build is written into. */
  readonly pointer: string;

  constructor(name: string, args: GpuImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:ml:GpuImage", name, {}, opts);
    const parent = { parent: this };
    const { cloud } = args;
    const recipeName = `${args.project}-${args.stack}-${name}`;
    this.pointer = pointerName(args.project, args.stage, "gpu");
    const key = new EncryptionKey(
      `${name}-key`,
      {
        cloud,
        description: "GPU images, their logs and functions",
        usedBy: ["logs"],
        statements: sharingStatements(cloud, args.shareWithAccounts ?? []),
      },
      parent,
    );
    const logs = new aws.cloudwatch.LogGroup(
      `${name}-logs`,
      { name: `/aws/imagebuilder/${recipeName}`, retentionInDays: args.logRetentionDays, kmsKeyId: key.arn },
      parent,
    );
    const recipe = createRecipe(name, recipeName, args, key.arn, parent);
    const pipeline = new aws.imagebuilder.ImagePipeline(
      `${name}-pipeline`,
      {
        name: recipeName,
        description: "Builds, tests and publishes the GPU image",
        imageRecipeArn: recipe.arn,
        infrastructureConfigurationArn: createInfrastructure(name, recipeName, args, parent).arn,
        distributionConfigurationArn: createDistribution(name, recipeName, args, key.arn, parent).arn,
        imageTestsConfiguration: { imageTestsEnabled: true, timeoutMinutes: 60 },
        enhancedImageMetadataEnabled: true,
        schedule: {
          scheduleExpression: args.rebuild,
          timezone: "Etc/UTC",
          pipelineExecutionStartCondition: "EXPRESSION_MATCH_AND_DEPENDENCY_UPDATES_AVAILABLE",
        },
        status: "ENABLED",
      },
      { ...parent, dependsOn: [logs] },
    );
    createImageLambdas(name, { ...args, recipeName, pointer: this.pointer, keyArn: key.arn }, parent);
    this.pipelineArn = pipeline.arn;
    this.registerOutputs({ pipelineArn: this.pipelineArn, pointer: this.pointer });
  }
}

function createRecipe(
  name: string,
  recipeName: string,
  args: GpuImageArgs,
  keyArn: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): aws.imagebuilder.ImageRecipe {
  const { cloud } = args;
  const [install, test] = [installDocument(args), testDocument(args)];
  const component = (role: string, data: string) =>
    new aws.imagebuilder.Component(
      `${name}-${role}`,
      {
        name: `${recipeName}-${role}`,
        version: versionOf(data),
        platform: "Linux",
        supportedOsVersions: ["Amazon Linux 2023"],
        data,
        kmsKeyId: keyArn,
      },
      opts,
    );
  const components = [component("install", install), component("test", test)];
  const parentImage = `arn:${cloud.partition}:imagebuilder:${cloud.region}:aws:image/amazon-linux-2023-x86/x.x.x`;
  return new aws.imagebuilder.ImageRecipe(
    `${name}-recipe`,
    {
      name: recipeName,
      version: versionOf(parentImage, install, test, String(args.rootVolumeGiB)),
      parentImage,
      components: components.map(({ arn }) => ({ componentArn: arn })),
      blockDeviceMappings: rootVolume({ sizeGiB: args.rootVolumeGiB, kmsKeyArn: keyArn }),
    },
    opts,
  );
}

function createInfrastructure(
  name: string,
  recipeName: string,
  args: GpuImageArgs,
  opts: pulumi.CustomResourceOptions,
): aws.imagebuilder.InfrastructureConfiguration {
  const role = serviceRole(
    `${name}-role`,
    {
      services: ["ec2.amazonaws.com"],
      description: "Instances that build and test the GPU image",
      managedPolicyArns: ["AmazonSSMManagedInstanceCore", "EC2InstanceProfileForImageBuilder"].map(
        (policy) => `arn:${args.cloud.partition}:iam::aws:policy/${policy}`,
      ),
    },
    opts,
  );
  const profile = new aws.iam.InstanceProfile(`${name}-profile`, { role: role.name }, opts);
  const group = httpsOnlyGroup(
    name,
    {
      vpcId: args.vpcId,
      description: "GPU image builds: nothing comes in",
      speaksTo: "AWS APIs, package repositories and image registries",
    },
    opts,
  );
  return new aws.imagebuilder.InfrastructureConfiguration(
    `${name}-infrastructure`,
    {
      name: recipeName,
      instanceTypes: [...args.instanceTypes],
      instanceProfileName: profile.name,
      subnetId: args.subnetId,
      securityGroupIds: [group.id],
      instanceMetadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
      terminateInstanceOnFailure: true,
      resourceTags: { ...args.tags },
    },
    opts,
  );
}

function createDistribution(
  name: string,
  recipeName: string,
  args: GpuImageArgs,
  keyArn: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): aws.imagebuilder.DistributionConfiguration {
  const shared = args.shareWithAccounts ?? [];
  return new aws.imagebuilder.DistributionConfiguration(
    `${name}-distribution`,
    {
      name: recipeName,
      distributions: [
        {
          region: args.cloud.region,
          amiDistributionConfiguration: {
            name: `${recipeName}-{{ imagebuilder:buildDate }}`,
            kmsKeyId: keyArn,
            amiTags: {
              ...args.tags,
              [imageKindTag]: "gpu",
              "driver-branch": args.driverBranch,
              "cuda-release": args.cudaRelease,
            },
            ...(shared.length > 0 ? { launchPermission: { userIds: [...shared] } } : {}),
          },
        },
      ],
    },
    opts,
  );
}
