import * as aws from "@pulumi/aws";
import { imdsV2WithTags, rootVolume } from "../../common/launch-template";
import * as pulumi from "@pulumi/pulumi";
import type { Cloud } from "../../common/iam";
import { stableName } from "../../common/naming";
import { amiOf, imageUri, type AmisByProcessor, type TypeSettings } from "./instance-settings";
import { userData } from "./user-data";

/** What all launch templates of a fleet have in common. */
export interface TemplateArgs {
  readonly cloud: Cloud;
  readonly bucket: string;
  readonly tradingMode: "paper" | "live";
  readonly logGroup: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Variables that are known only once what they name is made: where the stores are. @default {} */
  readonly storeEnvironment?: Readonly<Record<string, pulumi.Output<string>>>;
  readonly brokerSecretArn?: string | undefined;
  readonly amis?: AmisByProcessor;
}

/** Host of the account's own container registry. */
export function ecrHost({ accountId, region, partition }: Cloud): string {
  return `${accountId}.dkr.ecr.${region}.amazonaws.com${partition === "aws-cn" ? ".cn" : ""}`;
}

/** User data of a model type's instances. */
export function templateUserData(args: TemplateArgs, settings: Pick<TypeSettings, "image">): string {
  return userData({
    region: args.cloud.region,
    stack: pulumi.getStack(),
    bucket: args.bucket,
    mode: args.tradingMode,
    image: imageUri(settings.image, ecrHost(args.cloud)),
    logGroup: args.logGroup,
    brokerSecretArn: args.brokerSecretArn ?? "",
    environment: args.environment ?? {},
  });
}

/** User data in base64; plain where all of it is known already. */
function encoded(args: TemplateArgs, settings: Pick<TypeSettings, "image">): pulumi.Input<string> {
  const encode = (stores: Readonly<Record<string, string>>) =>
    Buffer.from(
      templateUserData({ ...args, environment: { ...stores, ...args.environment } }, settings),
      "utf8",
    ).toString("base64");
  const stores = args.storeEnvironment ?? {};
  return Object.keys(stores).length === 0 ? encode({}) : pulumi.all(stores).apply(encode);
}

/** The launch template of one model type: all that its instances share. */
export function createTemplate(
  name: string,
  type: string,
  settings: TypeSettings,
  args: TemplateArgs,
  uses: { readonly profileArn: pulumi.Input<string>; readonly keyArn: pulumi.Input<string> },
  opts: pulumi.CustomResourceOptions,
): aws.ec2.LaunchTemplate {
  return new aws.ec2.LaunchTemplate(
    `${name}-type-${stableName(type)}`,
    {
      description: "Instances of one model type; tags say which model",
      imageId: amiOf(settings, args.amis),
      instanceType: settings.instanceType,
      iamInstanceProfile: { arn: uses.profileArn },
      userData: encoded(args, settings),
      updateDefaultVersion: true,
      instanceInitiatedShutdownBehavior: "stop",
      maintenanceOptions: { autoRecovery: "default" },
      metadataOptions: imdsV2WithTags,
      blockDeviceMappings: rootVolume({
        sizeGiB: settings.rootVolumeGiB,
        kmsKeyArn: uses.keyArn,
        device: settings.rootDevice,
      }),
      // No tag specifications: a changed tag would make a new version, and that would replace every trader. Instances and
      // their volumes carry their tags themselves.
    },
    opts,
  );
}
