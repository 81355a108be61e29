import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { metricAlarm } from "../../common/alarm";
import { bucketAccessStatements } from "../../common/bucket-statements";
import { httpsOnlyGroup } from "../../common/https-only-group";
import { instanceProfile, policyDocument, type Cloud } from "../../common/iam";
import { bootScript, encodeUserData } from "../../common/user-data";
import { throwIfAny } from "../../common/validation";
import { EncryptionKey } from "../../security/encryption-key";
import { privateHost } from "../../trading/private-host";
import { checkTrainers, type TrainerSettings } from "./check";
import { createSharedFiles, type SharedFiles } from "./shared-files";

export interface GpuTrainerArgs {
  readonly cloud: Cloud;
  readonly vpcId: pulumi.Input<string>;
  /** Private subnets with a way to the internet; instances take them in turn. */
  readonly subnets: readonly { readonly id: pulumi.Input<string> }[];
  readonly trainers: Readonly<Record<string, TrainerSettings>>;
  /** AMI of trainers that name none. */
  readonly ami: pulumi.Input<string>;
  /** An EFS file system that all trainers share, beside S3. @default false */
  readonly sharedFiles?: boolean;
  /** Buckets that trainers read, with their keys. */
  readonly readBuckets: readonly BucketAccess[];
  /** Bucket that checkpoints and models go to. */
  readonly writeBucket: BucketAccess & { readonly name: pulumi.Input<string> };
  /** Environment for training jobs, in /etc/training/environment; never secrets. @default {} */
  readonly environment?: Readonly<Record<string, pulumi.Input<string>>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly alarmTopicArn?: pulumi.Input<string>;
}

export interface BucketAccess {
  readonly arn: pulumi.Input<string>;
  readonly kmsKeyArn?: pulumi.Input<string> | undefined;
}

/** Namespace of the trainers' metrics. */
export const trainerMetrics = "TradingPlatform/Gpu";

/** What the CloudWatch agent measures: the GPUs of an instance together, under the instance's id alone. */
export function agentConfig() {
  return {
    agent: { metrics_collection_interval: 60 },
    metrics: {
      namespace: trainerMetrics,
      append_dimensions: { InstanceId: "${aws:InstanceId}" },
      aggregation_dimensions: [["InstanceId"]],
      metrics_collected: {
        nvidia_gpu: { measurement: ["utilization_gpu", "utilization_memory", "temperature_gpu", "power_draw"] },
        disk: { measurement: ["used_percent"], resources: ["/"] },
      },
    },
  };
}

const writtenPrefixes = ["checkpoints/", "training/"];

/** Where a trainer's checkpoints lie in the bucket. */
export const checkpointPrefix = (instance: string): string => `checkpoints/${instance}/`;

/** The boot script of one instance. */
export function trainerBootScript(
  instance: string,
  settings: Pick<TrainerSettings, "spot" | "saveMinutes" | "idleMinutes">,
  at: {
    readonly region: string;
    readonly bucket: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly fileSystem?: string;
    readonly accessPoint?: string;
  },
): string {
  const environment = Object.entries(at.environment).map(([name, value]) => `${name}=${value}`);
  return bootScript(
    {
      TRAINER_REGION: at.region,
      TRAINER_CHECKPOINTS: `s3://${at.bucket}/${checkpointPrefix(instance)}`,
      TRAINER_SAVE_MINUTES: String(settings.saveMinutes),
      TRAINER_IDLE_MINUTES: String(settings.idleMinutes),
      TRAINER_SPOT: settings.spot ? "yes" : "no",
      TRAINER_FILE_SYSTEM: at.fileSystem ?? "",
      TRAINER_ACCESS_POINT: at.accessPoint ?? "",
      TRAINER_ENVIRONMENT: environment.join("\n"),
      TRAINER_AGENT: JSON.stringify(agentConfig()),
    },
    readFileSync(join(__dirname, "boot.sh"), "utf8"),
  );
}

/**
 * GPU instances for training, stopped while nobody trains.
 *
 * Makes: for each trainer its instances (encrypted root volume, no public address, IMDSv2, on demand or persistent spot), an
 * alarm on their GPUs' utilisation that stops an idle instance, one for status checks; for all of them a key, role, security
 * group (HTTPS out) and, where asked for, an EFS file system. Start one again with `aws ec2 start-instances`.
 *
 * Checkpoints in /srv/training/checkpoints go to S3 every few minutes, before a stop and on a spot notice, and come back at
 * the next boot; `/opt/training/hooks/checkpoint` is called before. Everything else on the root volume is scratch.
 *
 * An account that has never had a spot instance needs spot's role first (AWS makes it for the console only):
 * `aws iam create-service-linked-role --aws-service-name spot.amazonaws.com`.
 *
 * Errors: `ValidationError` for a type without a GPU, a bad name, an idle time that is too short. Quotas are checked when a
 * stack is deployed, by name (`components/ml/quotas`).
 * Cost: the instances by the hour that they run; 0.08 USD a GiB of root volume also while they are stopped.
 */
export class GpuTrainer extends pulumi.ComponentResource {
  readonly instanceIds: Readonly<Record<string, pulumi.Output<string>>>;
  readonly securityGroupId: pulumi.Output<string>;
  readonly roleName: pulumi.Output<string>;
  readonly fileSystemId?: pulumi.Output<string>;

  constructor(name: string, args: GpuTrainerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:ml:GpuTrainer", name, {}, opts);
    throwIfAny(`GpuTrainer ${name}`, checkTrainers(args.trainers));
    const parent = { parent: this };
    const key = new EncryptionKey(
      `${name}-key`,
      {
        cloud: args.cloud,
        description: "Volumes and files of GPU trainers",
        // Spot starts an instance again by its own role, once there is capacity.
        usedBy: Object.values(args.trainers).some(({ spot }) => spot) ? ["spot"] : [],
      },
      parent,
    );
    const group = httpsOnlyGroup(
      name,
      {
        vpcId: args.vpcId,
        description: "GPU trainers: nothing comes in",
        speaksTo: "AWS APIs, package indexes, image registries and the MLflow server",
      },
      parent,
    );
    const { profile, role } = createProfile(name, args, parent);
    const files = args.sharedFiles
      ? createSharedFiles(`${name}-files`, { ...args, keyArn: key.arn, clientGroupId: group.id, role }, parent)
      : undefined;
    const hosts: Record<string, pulumi.Output<string>> = {};
    for (const [trainer, settings] of Object.entries(args.trainers)) {
      for (let number = 1; number <= settings.count; number++) {
        const instance = settings.count === 1 ? `${name}-${trainer}` : `${name}-${trainer}-${number}`;
        const subnet = args.subnets[(number - 1) % args.subnets.length];
        if (!subnet) throw new pulumi.RunError(`GpuTrainer ${name}: there is no subnet for ${instance}`);
        const uses = { subnetId: subnet.id, group, profile, keyArn: key.arn, files };
        hosts[instance] = createHost(instance, settings, args, uses, parent);
      }
    }
    this.instanceIds = hosts;
    this.securityGroupId = group.id;
    this.roleName = role.name;
    if (files) this.fileSystemId = files.fileSystem.id;
    this.registerOutputs({ instanceIds: this.instanceIds, securityGroupId: this.securityGroupId });
  }
}

function createProfile(name: string, args: GpuTrainerArgs, opts: pulumi.CustomResourceOptions) {
  const { readBuckets, writeBucket, cloud } = args;
  const keys = [...readBuckets, writeBucket].flatMap(({ kmsKeyArn }) => (kmsKeyArn === undefined ? [] : [kmsKeyArn]));
  const own = pulumi
    .all([pulumi.all(readBuckets.map(({ arn }) => arn)), writeBucket.arn, pulumi.all(keys)])
    .apply(([read, write, keyArns]) =>
      // Data and models are read, checkpoints and models written.
      policyDocument(
        bucketAccessStatements({ read, write, prefixes: writtenPrefixes, keys: keyArns, region: cloud.region }),
      ),
    );
  return instanceProfile(
    name,
    cloud,
    { description: "GPU trainers: read data, write checkpoints and models", policies: { own } },
    opts,
  );
}

function createHost(
  instance: string,
  settings: TrainerSettings,
  args: GpuTrainerArgs,
  uses: {
    readonly subnetId: pulumi.Input<string>;
    readonly group: aws.ec2.SecurityGroup;
    readonly profile: aws.iam.InstanceProfile;
    readonly keyArn: pulumi.Output<string>;
    readonly files: SharedFiles | undefined;
  },
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const { cloud, alarmTopicArn } = args;
  const { files } = uses;
  const userData = pulumi
    .all([args.writeBucket.name, files?.fileSystem.id, files?.accessPoint.id, pulumi.all({ ...args.environment })])
    .apply(([bucket, fileSystem, accessPoint, environment]) =>
      encodeUserData(
        `GpuTrainer ${instance}`,
        trainerBootScript(instance, settings, {
          region: cloud.region,
          bucket,
          environment,
          ...(fileSystem === undefined || accessPoint === undefined ? {} : { fileSystem, accessPoint }),
        }),
      ),
    );
  const host = privateHost(
    instance,
    {
      ami: settings.ami ?? args.ami,
      instanceType: settings.instanceType,
      subnetId: uses.subnetId,
      securityGroupId: uses.group.id,
      profileName: uses.profile.name,
      kmsKeyArn: uses.keyArn,
      rootVolumeGiB: settings.rootVolumeGiB,
      userData,
      spot: settings.spot,
      mayStop: true,
      what: `The GPU trainer ${instance}`,
      first: "stop and start it, which moves it to another host; its checkpoints are in S3.",
      alarmTopicArn,
    },
    opts,
  );
  if (settings.idleMinutes > 0) {
    metricAlarm(
      `${instance}-idle`,
      {
        description: `The GPUs of ${instance} have had nothing to do for ${settings.idleMinutes} minutes, and it is stopped. First: nothing; start it again when there is work (aws ec2 start-instances).`,
        namespace: trainerMetrics,
        metric: "nvidia_smi_utilization_gpu",
        dimensions: { InstanceId: host.id },
        statistic: "Maximum",
        threshold: settings.idlePercent,
        side: "below",
        periods: settings.idleMinutes,
        // A stopped instance is silent: with its data the alarm begins anew, and can stop it again.
        missing: "missing",
        alarmTopicArn,
        alsoDo: [`arn:${cloud.partition}:automate:${cloud.region}:ec2:stop`],
      },
      opts,
    );
  }
  return host.id;
}
