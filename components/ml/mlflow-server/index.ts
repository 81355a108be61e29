import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { TopicsAbroad } from "../../common/alarm";
import { httpsOnlyGroup } from "../../common/https-only-group";
import { arnOf, type Cloud } from "../../common/iam";
import { throwIfAny } from "../../common/validation";
import type { DataNetwork } from "../../data/database";
import { PostgresDatabase, type PostgresSettings } from "../../data/postgres-database";
import { artifactPrefix } from "./boot";
import { checkMlflow } from "./check";
import { createHost } from "./host";
import { caParameterName, createKept, type Kept } from "./kept";
import { createPublisher, createPublisherGroup, recordKey, type PublishSettings } from "./publisher";

/** A bucket as `DataBuckets` hands it over. */
export interface ModelBucket {
  readonly name: pulumi.Input<string>;
  readonly arn: pulumi.Input<string>;
  readonly kmsKeyArn?: pulumi.Input<string> | undefined;
}

export interface MlflowServerArgs {
  readonly cloud: Cloud;
  readonly project: string;
  readonly stack: string;
  readonly network: DataNetwork;
  /** Private subnets with a way to the internet, in the zones that the host may move to. */
  readonly appSubnets: readonly { readonly id: pulumi.Input<string> }[];
  /** Name of the server inside the VPC; a private zone of this name is made. */
  readonly domain: string;
  readonly instanceType: string;
  readonly rootVolumeGiB: number;
  /** @default Amazon Linux 2023 */
  readonly ami?: string | undefined;
  readonly database: Omit<PostgresSettings, "databaseName">;
  readonly artifacts: ModelBucket;
  /** Users beside the administrator, each with a secret of its own. */
  readonly users: readonly string[];
  /** Security groups of clients by name, beside the publisher. */
  readonly clients: Readonly<Record<string, pulumi.Input<string>>>;
  /** Publishes an alias of the registry to the deploy bucket. @default nothing is published */
  readonly publish?: (PublishSettings & { readonly bucket: ModelBucket; readonly prefix: string }) | undefined;
  /** Minutes that a deployment waits for a new host; 0 does not wait. @default 10 */
  readonly hostWaitMinutes?: number;
  readonly logRetentionDays: number;
  readonly protected?: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly alarmTopicArn?: pulumi.Input<string>;
  /** Topics of the Regions of the database's replicas. @default none */
  readonly alarmTopicsAbroad?: TopicsAbroad;
}

/**
 * MLflow for a stack: tracking, model registry and artifacts behind one internal name, with users of its own.
 *
 * Makes: an auto-healing group of one host, PostgreSQL on RDS (`mlflow`, and `mlflow_users` for the users), a private zone,
 * a key, secrets for the administrator, each user and the certificate, a parameter with the certificate that clients trust,
 * security group (HTTPS from the named clients only), alarms; and, where asked for, the publisher, a function that keeps the
 * deploy bucket at what an alias of the registry says.
 *
 * The host keeps nothing: artifacts are in S3 and go through the server, experiments in PostgreSQL, the certificate in
 * Secrets Manager. It installs pinned packages at its start, upgrades the database where they ask for it, after a snapshot,
 * and takes the name. A server that is silent for five minutes has its host replaced.
 *
 * Clients: MLFLOW_TRACKING_URI=https://<domain>, MLFLOW_TRACKING_SERVER_CERT_PATH with the parameter's text, user name and
 * password from the user's secret.
 *
 * Errors: a `ValidationError` for names and for what RDS would refuse.
 * Cost: the database and the host by the hour; 0.50 USD for the zone, 0.40 USD a secret.
 */
export class MlflowServer extends pulumi.ComponentResource {
  readonly url: string;
  readonly securityGroupId: pulumi.Output<string>;
  /** Parameter with the certificate that clients trust. */
  readonly caParameterName: pulumi.Output<string>;
  readonly adminSecretArn: pulumi.Output<string>;
  readonly userSecretArns: Readonly<Record<string, pulumi.Output<string>>>;
  readonly database: PostgresDatabase;

  constructor(name: string, args: MlflowServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:ml:MlflowServer", name, {}, opts);
    throwIfAny(`MlflowServer ${name}`, checkMlflow(args));
    const parent = { parent: this };
    const { cloud, network, alarmTopicArn } = args;
    this.url = `https://${args.domain}`;
    const kept = createKept(name, args, parent);
    const group = createGroup(name, args, parent);
    this.database = new PostgresDatabase(
      `${name}-db`,
      {
        cloud,
        settings: { ...args.database, databaseName: "mlflow" },
        network: { ...network, clientSecurityGroupIds: { [name]: group.id } },
        alarmTopicArn,
        alarmTopicsAbroad: args.alarmTopicsAbroad,
        secretRecoveryDays: args.protected ? 30 : 0,
      },
      parent,
    );
    createDatabaseEgress(name, group, this.database, parent);
    createHost(name, args, kept, this.database, group, parent);
    if (args.publish) this.createPublisher(name, args, args.publish, kept, group);
    this.securityGroupId = group.id;
    this.caParameterName = kept.caParameter.name;
    this.adminSecretArn = kept.admin.arn;
    this.userSecretArns = Object.fromEntries(Object.entries(kept.users).map(([user, { arn }]) => [user, arn]));
    this.registerOutputs({ url: this.url, securityGroupId: this.securityGroupId });
  }

  private createPublisher(
    name: string,
    args: MlflowServerArgs,
    publish: NonNullable<MlflowServerArgs["publish"]>,
    kept: Kept,
    server: aws.ec2.SecurityGroup,
  ): void {
    const parent = { parent: this };
    const group = createPublisherGroup(name, args.network.vpcId, parent);
    letIn(`${name}-from-publisher`, "the publisher", server, group.id, parent);
    const { artifacts } = args;
    const secret = kept.users.publisher;
    if (!secret) throw new pulumi.RunError(`MlflowServer ${name}: the publisher has no user`);
    const access = pulumi
      .all([artifacts.arn, artifacts.kmsKeyArn, publish.bucket.arn, publish.bucket.kmsKeyArn, secret.arn, kept.key.arn])
      .apply(([artifactArn, artifactKey, deployArn, deployKey, secretArn, secretKeyArn]) => ({
        artifacts: { arn: artifactArn, prefix: artifactPrefix, kmsKeyArn: artifactKey },
        deploy: { arn: deployArn, prefix: publish.prefix, kmsKeyArn: deployKey },
        recordKey,
        secretArn,
        secretKeyArn,
        caParameterArn: arnOf(args.cloud, "ssm", `parameter${caParameterName(name, args)}`),
      }));
    createPublisher(
      name,
      {
        ...publish,
        cloud: args.cloud,
        url: this.url,
        caParameter: caParameterName(name, args),
        access,
        artifacts: pulumi.interpolate`s3://${artifacts.name}/${artifactPrefix}`,
        deployBucket: publish.bucket.name,
        vpcId: args.network.vpcId,
        subnetIds: args.appSubnets.map(({ id }) => id),
        securityGroupId: group.id,
        keyArn: kept.key.arn,
        logRetentionDays: args.logRetentionDays,
        alarmTopicArn: args.alarmTopicArn,
      },
      parent,
    );
  }
}

function letIn(
  name: string,
  who: string,
  group: aws.ec2.SecurityGroup,
  from: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): void {
  new aws.vpc.SecurityGroupIngressRule(
    name,
    {
      securityGroupId: group.id,
      description: `MLflow for ${who}`,
      referencedSecurityGroupId: from,
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
    },
    opts,
  );
}

function createGroup(name: string, args: MlflowServerArgs, opts: pulumi.CustomResourceOptions): aws.ec2.SecurityGroup {
  const group = httpsOnlyGroup(
    name,
    {
      vpcId: args.network.vpcId,
      description: "MLflow server: HTTPS from named clients",
      speaksTo: "AWS APIs and package indexes",
    },
    opts,
  );
  for (const [client, id] of Object.entries(args.clients)) letIn(`${name}-from-${client}`, client, group, id, opts);
  return group;
}

function createDatabaseEgress(
  name: string,
  group: aws.ec2.SecurityGroup,
  database: PostgresDatabase,
  opts: pulumi.CustomResourceOptions,
): void {
  new aws.vpc.SecurityGroupEgressRule(
    `${name}-to-db`,
    {
      securityGroupId: group.id,
      description: "The server's database",
      referencedSecurityGroupId: database.securityGroupId,
      ipProtocol: "tcp",
      fromPort: database.port,
      toPort: database.port,
    },
    opts,
  );
}
