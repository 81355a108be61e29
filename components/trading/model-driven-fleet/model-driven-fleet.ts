import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Cloud } from "../../common/iam";
import { stableName } from "../../common/naming";
import { userDataLimitBytes } from "../../common/user-data";
import { throwIfAny, type Issue } from "../../common/validation";
import { EncryptionKey } from "../../security/encryption-key";
import { createFleetAlarms } from "./fleet-alarms";
import { FleetInstance } from "./fleet-instance";
import type { FleetPlan } from "./fleet-plan";
import { createFleetRole } from "./instance-role";
import { imageUri, settingsFor, type AmisByProcessor, type TypeSettings } from "./instance-settings";
import { modelTags } from "./instance-tags";
import { createTemplate, ecrHost, templateUserData } from "./launch-template";
import type { FleetRecord } from "./manifest";
import { placeModels, usableAddresses, type FleetSubnet } from "./placement";

export interface ModelDrivenFleetArgs extends TypeSettings {
  readonly cloud: Cloud;
  readonly vpcId: pulumi.Input<string>;
  /** App subnets of the Region's zones; instances spread over them by a hash of their model's key. */
  readonly subnets: readonly FleetSubnet[];
  /** The models, as `planFleet` found them. */
  readonly plan: FleetPlan;
  readonly bucket: string;
  /** The bucket's id where this stack makes it, so that it comes first. @default the name */
  readonly bucketId?: pulumi.Input<string>;
  /** What all models' keys start with, ending in a slash. */
  readonly prefix: string;
  /** Settings by model type, in place of the fleet's own. @default {} */
  readonly modelTypes?: Readonly<Record<string, Partial<TypeSettings>>>;
  /** AMIs for types that name none, by processor. @default Amazon Linux 2023 */
  readonly amis?: AmisByProcessor;
  readonly tradingMode: "paper" | "live";
  /** Further environment variables of the traders; never secrets. @default {} */
  readonly environment?: Readonly<Record<string, string>>;
  /** Variables that are known only once what they name is made: where the stores are. @default {} */
  readonly storeEnvironment?: Readonly<Record<string, pulumi.Output<string>>>;
  readonly logRetentionDays: number;
  /** Refuses termination by anything but a deployment. @default false */
  readonly terminationProtection?: boolean;
  /** KMS key of the bucket's objects. @default S3's own key */
  readonly bucketKeyArn?: pulumi.Input<string> | undefined;
  readonly brokerSecretArn?: string | undefined;
  readonly brokerSecretKeyArn?: string | undefined;
  /** Tags of the root volumes, which no default reaches. */
  readonly volumeTags: Readonly<Record<string, string>>;
  readonly alarmTopicArn?: pulumi.Input<string>;
}

/** Room for an endpoint or ARN that is not known yet, in bytes. */
const longestEndpoint = 128;

function logGroupName(name: string): string {
  return `/${pulumi.getProject()}/${pulumi.getStack()}/${name}`;
}

/** Mistakes in a fleet's arguments; paths are those of the stack file. */
export function validateModelDrivenFleet(name: string, args: ModelDrivenFleetArgs): Issue[] {
  if (args.subnets.length === 0) {
    return [{ path: "network.subnets.app", problem: "is empty, and the fleet's instances live there" }];
  }
  const issues: Issue[] = [];
  const load = new Map<FleetSubnet, number>();
  for (const subnet of placeModels(args.plan.models, args.subnets).values()) {
    load.set(subnet, (load.get(subnet) ?? 0) + 1);
  }
  for (const [{ zone, cidr }, instances] of load) {
    const addresses = usableAddresses(cidr);
    if (instances <= addresses) continue;
    issues.push({
      path: "network.subnets.app",
      problem: `has ${addresses} addresses in ${zone}, and ${instances} of the ${args.plan.models.length} models fall there`,
      value: cidr,
      fix: "Give the app subnets larger blocks, use more zones, or split the fleet by fleet.shard.",
    });
  }
  const unknown = Object.keys(args.storeEnvironment ?? {}).map((variable): [string, string] => [
    variable,
    "x".repeat(longestEndpoint),
  ]);
  const environment = { ...Object.fromEntries(unknown), ...args.environment };
  const bytes = Buffer.byteLength(
    templateUserData({ ...args, environment, logGroup: logGroupName(name) }, args),
    "utf8",
  );
  if (bytes > userDataLimitBytes) {
    issues.push({
      path: "fleet.environment",
      problem: `makes user data of ${bytes} bytes; EC2 takes ${userDataLimitBytes}`,
      fix: "Keep long values in a parameter or a secret that the trader reads.",
    });
  }
  return issues;
}

/**
 * One EC2 instance for each model in the deploy bucket.
 *
 * Makes: an instance a model; for the whole fleet one launch template for each model type, a security group without
 * ingress, a role and profile, a KMS key, a log group, two alarms, and the manifest in the bucket. A model's configuration
 * is its instance's tags; what it is made of is in `bootstrap.sh`. A change of the template (image, AMI setting, instance
 * type, environment) replaces the type's instances, the old one of each model before its new one: no model trades twice.
 *
 * Errors: more models in a subnet than addresses, user data too long: a `ValidationError` before anything is registered.
 *
 * Cost driver: the instances and their volumes; everything else is about 3 USD a month, and the status alarm 0.10 USD for
 * each instance that it looks at.
 */
export class ModelDrivenFleet extends pulumi.ComponentResource {
  readonly securityGroupId: pulumi.Output<string>;
  readonly roleArn: pulumi.Output<string>;
  readonly roleName: pulumi.Output<string>;
  /** Key of the instances' volumes: whoever starts a stopped instance needs a grant on it. */
  readonly volumeKeyArn: pulumi.Output<string>;
  readonly logGroupName: string;
  /** For the stack's outputs: the next deployment compares with it. */
  readonly record: FleetRecord;

  constructor(name: string, args: ModelDrivenFleetArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:trading:ModelDrivenFleet", name, {}, opts);
    throwIfAny(`Fleet ${name}`, validateModelDrivenFleet(name, args));
    const child = { parent: this };
    const { cloud, plan } = args;
    const image = (short: string) => imageUri(short, ecrHost(cloud));
    const types = [...new Set(plan.models.map(({ type }) => type))].sort();
    const settings = new Map(types.map((type) => [type, settingsFor(type, args, args.modelTypes ?? {})]));

    this.logGroupName = logGroupName(name);
    const key = new EncryptionKey(
      `${name}-volumes`,
      { cloud, description: `Volumes and logs of ${name}`, usedBy: ["logs"] },
      child,
    );
    new aws.cloudwatch.LogGroup(
      `${name}-logs`,
      { name: this.logGroupName, kmsKeyId: key.arn, retentionInDays: args.logRetentionDays },
      child,
    );
    const images = [args.image, ...[...settings.values()].map((own) => own.image)].map(image);
    const { role, profile } = createFleetRole(name, { ...args, logGroup: this.logGroupName, images }, child);
    const group = createSecurityGroup(name, args.vpcId, child);
    const shared = { ...args, logGroup: this.logGroupName };
    const uses = { profileArn: profile.arn, keyArn: key.arn };
    const templates = new Map(
      Array.from(settings, ([type, own]) => [type, createTemplate(name, type, own, shared, uses, child)]),
    );
    const instances = createInstances(name, args, templates, group.id, child);
    createFleetAlarms(name, args.alarmTopicArn, child);
    if (plan.manifestFile !== undefined) uploadManifest(name, args, plan.manifestFile, instances, child);

    this.securityGroupId = group.id;
    this.roleArn = role.arn;
    this.roleName = role.name;
    this.volumeKeyArn = key.arn;
    this.record = plan.record;
    this.registerOutputs({ securityGroupId: this.securityGroupId, roleArn: this.roleArn, record: this.record });
  }
}

function createSecurityGroup(
  name: string,
  vpcId: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): aws.ec2.SecurityGroup {
  const group = new aws.ec2.SecurityGroup(
    `${name}-instances`,
    { vpcId, description: "Traders of the fleet: nothing comes in", tags: { Name: `${name}-instances` } },
    opts,
  );
  new aws.vpc.SecurityGroupEgressRule(
    `${name}-instances-https`,
    {
      securityGroupId: group.id,
      description: "HTTPS to AWS and to the broker",
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
      cidrIpv4: "0.0.0.0/0",
    },
    opts,
  );
  return group;
}

function createInstances(
  name: string,
  args: ModelDrivenFleetArgs,
  templates: ReadonlyMap<string, aws.ec2.LaunchTemplate>,
  securityGroupId: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): FleetInstance[] {
  const places = placeModels(args.plan.models, args.subnets);
  const groups = [securityGroupId];
  const protection = args.terminationProtection ?? false;
  const references = new Map(
    Array.from(templates, ([type, { id, latestVersion }]) => [
      type,
      { id, version: latestVersion.apply((version) => String(version)) },
    ]),
  );
  // A model must never trade twice: its old instance goes before its new one comes.
  // The provider reads the template's user data back as the instance's own and would take it away again, by a stop and a start.
  const options = { ...opts, deleteBeforeReplace: true, ignoreChanges: ["userData"] };
  return args.plan.models.map((model) => {
    const launchTemplate = references.get(model.type);
    const subnetId = places.get(model.key)?.id;
    return new FleetInstance(
      `${name}-${stableName(model.key.slice(args.prefix.length))}`,
      {
        ...(launchTemplate ? { launchTemplate } : {}),
        ...(subnetId === undefined ? {} : { subnetId }),
        vpcSecurityGroupIds: groups,
        associatePublicIpAddress: false,
        // On the instance, because the provider sends `false` with each launch and so overrides a template.
        disableApiTermination: protection,
        // What lets a deployment remove the instance of a model that is gone, protected as it is.
        forceDestroy: true,
        tags: modelTags(model),
        volumeTags: args.volumeTags,
      },
      options,
    );
  });
}

/** Uploads the manifest after the last instance is there: it never claims what does not run. */
function uploadManifest(
  name: string,
  args: ModelDrivenFleetArgs,
  file: string,
  instances: readonly FleetInstance[],
  opts: pulumi.CustomResourceOptions,
): void {
  // Waiting without depending: as dependencies, a thousand URNs would make each new model a change of the manifest's own.
  const allThere = new Promise<void>((resolve) => {
    pulumi.all(instances.map(({ urn }) => urn)).apply(() => resolve());
  });
  new aws.s3.BucketObjectv2(
    `${name}-manifest`,
    {
      bucket: args.bucketId ?? args.bucket,
      key: pulumi.output(allThere.then(() => args.plan.record.manifest)),
      source: new pulumi.asset.FileAsset(file),
      contentType: "application/json",
    },
    opts,
  );
}
