import * as aws from "@pulumi/aws";
import { imdsV2, launchTags, privateInterface, rootVolume } from "../../common/launch-template";
import * as pulumi from "@pulumi/pulumi";
import { metricAlarm } from "../../common/alarm";
import { bucketAccessStatements } from "../../common/bucket-statements";
import { httpsOnlyGroup } from "../../common/https-only-group";
import { instanceProfile, policyDocument, serviceRole, type Cloud, type Statement } from "../../common/iam";
import { throwIfAny } from "../../common/validation";
import { EncryptionKey } from "../../security/encryption-key";
import { ecrHost, ecrRepository, imageUri } from "../../trading/model-driven-fleet";
import { checkBacktest, type BacktestSettings } from "./check";
import { createCostCap } from "./cost-cap";

/** Longest that Batch lets running jobs go on before it replaces their hosts by new ones, in minutes. */
const longestUpdateMinutes = 360;

export type { BacktestSettings } from "./check";

/** A bucket as `DataBuckets` hands it over. */
export interface FarmBucket {
  readonly name: pulumi.Input<string>;
  readonly arn: pulumi.Input<string>;
  readonly kmsKeyArn?: pulumi.Input<string> | undefined;
}

export interface BacktestFarmArgs extends BacktestSettings {
  readonly cloud: Cloud;
  readonly project: string;
  readonly stack: string;
  readonly vpcId: pulumi.Input<string>;
  /** Private subnets with a way to the internet, in as many zones as there are: spot capacity is by zone. */
  readonly subnets: readonly { readonly id: pulumi.Input<string> }[];
  /** Buckets that jobs read. */
  readonly readBuckets: readonly FarmBucket[];
  /** Bucket that results go to, below `backtests/`. */
  readonly resultBucket: FarmBucket;
  /** Environment of the jobs; never secrets. @default {} */
  readonly environment?: Readonly<Record<string, pulumi.Input<string>>>;
  readonly rootVolumeGiB: number;
  readonly logRetentionDays: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly alarmTopicArn?: pulumi.Input<string>;
}

/** Prefix of results in their bucket. */
export const resultPrefix = "backtests/";

/** What jobs may do: read data and models, write results. */
export function jobPolicy(args: {
  readonly read: readonly string[];
  readonly results: string;
  readonly keys: readonly string[];
  readonly region: string;
}) {
  const { read, results, keys, region } = args;
  return policyDocument(bucketAccessStatements({ read, write: results, prefixes: [resultPrefix], keys, region }));
}

/**
 * AWS Batch for backtests: jobs run on spot capacity, and on demand where there is none.
 *
 * Makes: two compute environments (spot first, then on demand) over one launch template, a job queue, a job definition, the
 * roles of instances and jobs, key, security group (HTTPS out), log group, a monthly cost cap that closes the queue, alarms.
 * A job that loses its instance to AWS is started anew; one that fails by itself is not. Nothing runs while no job waits.
 *
 *     aws batch submit-job --job-name sweep --job-queue QUEUE --job-definition DEFINITION --array-properties size=500
 *
 * A job finds RESULTS_URI (`s3://bucket/backtests/`) in its environment, and writes below it.
 *
 * Errors: a `ValidationError` for types that are none and jobs that no instance could hold.
 * Cost: instances by the second while jobs run; a spot instance costs 60 to 90 % less than one on demand.
 */
export class BacktestFarm extends pulumi.ComponentResource {
  readonly queueArn: pulumi.Output<string>;
  readonly jobDefinitionArn: pulumi.Output<string>;
  readonly securityGroupId: pulumi.Output<string>;
  /** Role of the jobs. */
  readonly roleName: pulumi.Output<string>;

  constructor(name: string, args: BacktestFarmArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:ml:BacktestFarm", name, {}, opts);
    throwIfAny(`BacktestFarm ${name}`, checkBacktest(args));
    const parent = { parent: this };
    const key = new EncryptionKey(
      `${name}-key`,
      { cloud: args.cloud, description: "Backtests: volumes and logs", usedBy: ["logs", "autoscaling"] },
      parent,
    );
    const group = httpsOnlyGroup(
      name,
      {
        vpcId: args.vpcId,
        description: "Backtests: nothing comes in",
        speaksTo: "AWS APIs, image registries and the MLflow server",
      },
      parent,
    );
    const template = createTemplate(name, args, key.arn, group, parent);
    const environments = createEnvironments(name, args, template, group, parent);
    const queue = new aws.batch.JobQueue(
      `${name}-queue`,
      {
        priority: 1,
        state: "ENABLED",
        computeEnvironmentOrders: environments.map(({ arn }, order) => ({ order: order + 1, computeEnvironment: arn })),
      },
      // The cost cap switches it.
      { ...parent, ignoreChanges: ["state"] },
    );
    const { definition, job } = createDefinition(name, args, key.arn, parent);
    createCostCap(`${name}-cap`, { ...args, queueArn: queue.arn, component: args.tags.component ?? name }, parent);
    createFailureAlarm(name, queue, args, parent);
    this.queueArn = queue.arn;
    this.jobDefinitionArn = definition.arn;
    this.securityGroupId = group.id;
    this.roleName = job.name;
    this.registerOutputs({ queueArn: this.queueArn, jobDefinitionArn: this.jobDefinitionArn });
  }
}

/** No security groups in here: Batch sets those of the compute environment. */
function createTemplate(
  name: string,
  args: BacktestFarmArgs,
  keyArn: pulumi.Input<string>,
  group: aws.ec2.SecurityGroup,
  opts: pulumi.CustomResourceOptions,
): aws.ec2.LaunchTemplate {
  const tags = { ...args.tags, Name: name };
  return new aws.ec2.LaunchTemplate(
    `${name}-host`,
    {
      updateDefaultVersion: true,
      metadataOptions: imdsV2,
      networkInterfaces: privateInterface({ securityGroupIds: [group.id] }),
      blockDeviceMappings: rootVolume({ sizeGiB: args.rootVolumeGiB, kmsKeyArn: keyArn }),
      tagSpecifications: launchTags(tags, ["instance", "volume"]),
      tags: { Name: `${name}-host` },
    },
    opts,
  );
}

function createEnvironments(
  name: string,
  args: BacktestFarmArgs,
  template: aws.ec2.LaunchTemplate,
  group: aws.ec2.SecurityGroup,
  opts: pulumi.CustomResourceOptions,
): aws.batch.ComputeEnvironment[] {
  const managed = `arn:${args.cloud.partition}:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role`;
  const { role, profile } = instanceProfile(`${name}-host`, args.cloud, { description: "Hosts of backtests" }, opts);
  const attached = new aws.iam.RolePolicyAttachment(`${name}-host-ecs`, { role: role.name, policyArn: managed }, opts);
  const environment = (kind: "spot" | "on-demand", maxVcpus: number) =>
    new aws.batch.ComputeEnvironment(
      `${name}-${kind}`,
      {
        type: "MANAGED",
        state: "ENABLED",
        computeResources: {
          type: kind === "spot" ? "SPOT" : "EC2",
          allocationStrategy: kind === "spot" ? "SPOT_PRICE_CAPACITY_OPTIMIZED" : "BEST_FIT_PROGRESSIVE",
          minVcpus: 0,
          maxVcpus,
          instanceTypes: [...args.instanceTypes],
          ec2Configurations: [{ imageType: "ECS_AL2023" }],
          instanceRole: profile.arn,
          launchTemplate: { launchTemplateId: template.id, version: template.latestVersion.apply(String) },
          securityGroupIds: [group.id],
          subnets: args.subnets.map(({ id }) => id),
          tags: { ...args.tags, Name: `${name}-${kind}` },
        },
        updatePolicy: {
          terminateJobsOnUpdate: false,
          jobExecutionTimeoutMinutes: Math.min(args.jobHours * 60, longestUpdateMinutes),
        },
      },
      { ...opts, dependsOn: [attached] },
    );
  const { maxSpotVcpus, maxOnDemandVcpus } = args;
  return [
    ...(maxSpotVcpus > 0 ? [environment("spot", maxSpotVcpus)] : []),
    ...(maxOnDemandVcpus > 0 ? [environment("on-demand", maxOnDemandVcpus)] : []),
  ];
}

/** The container of a job, as Batch takes it. */
export function containerProperties(
  args: Pick<BacktestFarmArgs, "image" | "jobVcpus" | "jobMemoryMiB" | "cloud">,
  at: {
    readonly jobRoleArn: string;
    readonly executionRoleArn: string;
    readonly logGroup: string;
    readonly bucket: string;
    readonly environment: Readonly<Record<string, string>>;
  },
) {
  const environment = { ...at.environment, RESULTS_URI: `s3://${at.bucket}/${resultPrefix}` };
  return {
    image: imageUri(args.image, ecrHost(args.cloud)),
    jobRoleArn: at.jobRoleArn,
    executionRoleArn: at.executionRoleArn,
    resourceRequirements: [
      { type: "VCPU", value: String(args.jobVcpus) },
      { type: "MEMORY", value: String(args.jobMemoryMiB) },
    ],
    environment: Object.entries(environment)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => ({ name, value })),
    privileged: false,
    logConfiguration: {
      logDriver: "awslogs",
      options: { "awslogs-group": at.logGroup, "awslogs-region": args.cloud.region, "awslogs-stream-prefix": "job" },
    },
  };
}

function createDefinition(
  name: string,
  args: BacktestFarmArgs,
  keyArn: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): { definition: aws.batch.JobDefinition; job: aws.iam.Role } {
  const { cloud } = args;
  const logs = new aws.cloudwatch.LogGroup(
    `${name}-logs`,
    { name: `/${args.project}/${args.stack}/${name}`, retentionInDays: args.logRetentionDays, kmsKeyId: keyArn },
    opts,
  );
  const buckets = [...args.readBuckets, args.resultBucket];
  const keys = buckets.flatMap(({ kmsKeyArn }) => (kmsKeyArn === undefined ? [] : [kmsKeyArn]));
  const trust = {
    services: ["ecs-tasks.amazonaws.com"],
    trustConditions: { StringEquals: { "aws:SourceAccount": cloud.accountId } },
  };
  const job = serviceRole(
    `${name}-job`,
    {
      ...trust,
      description: "Backtests: read data and models, write results",
      policies: {
        own: pulumi
          .all([pulumi.all(args.readBuckets.map(({ arn }) => arn)), args.resultBucket.arn, pulumi.all(keys)])
          .apply(([read, results, keyArns]) => jobPolicy({ read, results, keys: keyArns, region: cloud.region })),
      },
    },
    opts,
  );
  const execution = serviceRole(
    `${name}-start`,
    {
      ...trust,
      description: "Starts backtests: pulls their image, opens their log",
      policies: { own: logs.arn.apply((arn) => policyDocument(startStatements(args, arn))) },
    },
    opts,
  );
  const definition = new aws.batch.JobDefinition(
    `${name}-job`,
    {
      type: "container",
      platformCapabilities: ["EC2"],
      containerProperties: pulumi.jsonStringify(
        pulumi
          .all([job.arn, execution.arn, logs.name, args.resultBucket.name, pulumi.all({ ...args.environment })])
          .apply(([jobRoleArn, executionRoleArn, logGroup, bucket, environment]) =>
            containerProperties(args, { jobRoleArn, executionRoleArn, logGroup, bucket, environment }),
          ),
      ),
      propagateTags: true,
      retryStrategy: {
        attempts: args.attempts,
        // Batch says "Host EC2 (instance i-...) terminated" where AWS took the capacity back.
        evaluateOnExits: [
          { onStatusReason: "Host EC2*", action: "retry" },
          { onReason: "*", action: "exit" },
        ],
      },
      timeout: { attemptDurationSeconds: args.jobHours * 3_600 },
    },
    opts,
  );
  return { definition, job };
}

function startStatements(args: BacktestFarmArgs, logGroupArn: string): Statement[] {
  const log: Statement = {
    Sid: "Log",
    Effect: "Allow",
    Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
    Resource: `${logGroupArn}:*`,
  };
  const found = ecrRepository(imageUri(args.image, ecrHost(args.cloud)));
  if (!found) return [log];
  return [
    log,
    {
      Sid: "PullImage",
      Effect: "Allow",
      Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"],
      Resource: `arn:${args.cloud.partition}:ecr:${found.region}:${found.accountId}:repository/${found.repository}`,
    },
    // ECR's log-in knows no resource level; what may be pulled is said above.
    { Sid: "LogInToRegistry", Effect: "Allow", Action: "ecr:GetAuthorizationToken", Resource: "*" },
  ];
}

/** Failed jobs, counted by a rule: Batch has no metric of its own. */
function createFailureAlarm(
  name: string,
  queue: aws.batch.JobQueue,
  args: BacktestFarmArgs,
  opts: pulumi.CustomResourceOptions,
): void {
  const rule = new aws.cloudwatch.EventRule(
    `${name}-failed`,
    {
      description: "A backtest failed",
      eventPattern: pulumi.jsonStringify({
        source: ["aws.batch"],
        "detail-type": ["Batch Job State Change"],
        detail: { status: ["FAILED"], jobQueue: [queue.arn] },
      }),
    },
    opts,
  );
  if (args.alarmTopicArn === undefined) return;
  // One message a failed job would be hundreds for a sweep with a mistake: the rule's own metric is watched instead.
  metricAlarm(
    `${name}-failing`,
    {
      description: `A backtest of ${name} failed. First: the newest failed job's log (aws batch list-jobs --job-status FAILED); a wrong image or argument fails all of them alike.`,
      namespace: "AWS/Events",
      metric: "MatchedEvents",
      dimensions: { RuleName: rule.name },
      statistic: "Sum",
      threshold: 0,
      periodSeconds: 900,
      periods: 1,
      alarmTopicArn: args.alarmTopicArn,
    },
    opts,
  );
}
