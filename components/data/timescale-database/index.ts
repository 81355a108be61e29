import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { instanceProfile, type Cloud, type Statement } from "../../common/iam";
import { throwIfAny } from "../../common/validation";
import { EncryptionKey } from "../../security/encryption-key";
import { GeneratedSecret } from "../../security/generated-secret";
import type { DataBucket } from "../data-buckets";
import type { DatabaseOutputs, DataNetwork } from "../database";
import { SecretRotation } from "../secret-rotation";
import { nodeAlarms, standbyAlarm } from "./alarms";
import { createBalancer } from "./balancer";
import { createNode, createVolume, type NodeParts } from "./node";
import { nodePolicy } from "./policies";
import { checkTimescale, type TimescaleSettings } from "./settings";
import { createSecurityGroup } from "./security-group";
import { tuningLines } from "./user-data";

export * from "./settings";

export interface TimescaleDatabaseArgs {
  readonly cloud: Cloud;
  readonly settings: TimescaleSettings;
  readonly network: DataNetwork;
  /** Bucket for the repository and the leader mark, such as `DataBuckets.buckets.backups`. */
  readonly backupBucket: DataBucket;
  readonly alarmTopicArn?: pulumi.Input<string>;
  /** Days that secrets can be restored after their deletion. @default 0 (deleted at once) */
  readonly secretRecoveryDays?: number;
}

const nodeNames = ["a", "b"] as const;

/**
 * A TimescaleDB that the platform runs itself, as RDS does not offer the extension.
 *
 * Makes: key, master and replication secrets, security group, one or two instances in different zones with a retained,
 * encrypted data volume each, their role, the load balancer that clients connect to, the parameter that holds the tuning, the
 * promotion command as an SSM document, the log group, and alarms. The nodes archive to S3 with pgBackRest: any point in
 * time can be restored, and losing both nodes costs at most `archiveTimeoutSeconds`.
 *
 * The primary is the node that the leader mark in the bucket names. `timescale-node promote` on the standby (or the SSM
 * document) sets the mark, waits for the former primary to step down, and takes over; the load balancer follows within 20 s.
 * Changes of the tuning reach the nodes in the maintenance window; a new image or node program when a node is replaced.
 *
 * Errors: `ValidationError` for what would keep the nodes from starting or from keeping their promise.
 * Cost: the instances and volumes by the hour, about 16 USD a month for the load balancer, storage in S3.
 */
export class TimescaleDatabase extends pulumi.ComponentResource implements DatabaseOutputs {
  readonly endpoint: pulumi.Output<string>;
  readonly port: number;
  readonly databaseName: string;
  readonly masterSecretArn: pulumi.Output<string>;
  readonly securityGroupId: pulumi.Output<string>;
  readonly kmsKeyArn: pulumi.Output<string>;
  /** The nodes in their order of making; the standby among them changes with a promotion. */
  readonly readerEndpoints: readonly pulumi.Output<string>[];
  /** SSM document that promotes the node it is sent to. */
  readonly promotionDocument: pulumi.Output<string>;
  /** Name of the cluster in pgBackRest and in the nodes' metrics. */
  readonly stanza: string;

  constructor(name: string, args: TimescaleDatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:data:TimescaleDatabase", name, {}, opts);
    const { settings, cloud, network } = args;
    throwIfAny(`TimescaleDatabase ${name}`, checkTimescale(settings, network.dataSubnets));
    const retain = settings.deletionProtection;
    const key = new EncryptionKey(
      `${name}-key`,
      { cloud, description: `TimescaleDB ${name}`, usedBy: ["logs"], retain },
      { parent: this },
    );
    const master = this.createSecret(name, "master", settings.masterUsername, args, key);
    const replication = this.createSecret(name, "replication", "replicator", args, key);
    const group = createSecurityGroup(name, settings, network, this);
    const tuning = this.createTuning(name, settings);
    new aws.cloudwatch.LogGroup(
      `${name}-logs`,
      { name: settings.logGroupName, retentionInDays: settings.logRetentionDays, kmsKeyId: key.arn },
      { parent: this },
    );
    const place = this.placeOf(name, args, { master, replication, tuning });
    const instances = this.createNodes(name, args, { key, group, master, replication, tuning, place });
    const balancer = createBalancer(name, { settings, network, securityGroupId: group.id, instances }, this);

    this.stanza = `${pulumi.getStack()}-${name}`;
    this.endpoint = balancer.dnsName;
    this.port = settings.port;
    this.databaseName = settings.databaseName;
    this.masterSecretArn = master.arn;
    this.securityGroupId = group.id;
    this.kmsKeyArn = key.arn;
    this.readerEndpoints = settings.standby ? instances.map(({ instance }) => instance.privateDns) : [];
    this.promotionDocument = this.createDocument(name, "promote", "Makes the node it is sent to the primary").name;
    this.rotate(name, args, key, master, instances);
    this.registerOutputs({
      endpoint: this.endpoint,
      port: this.port,
      databaseName: this.databaseName,
      masterSecretArn: this.masterSecretArn,
      securityGroupId: this.securityGroupId,
      kmsKeyArn: this.kmsKeyArn,
      readerEndpoints: this.readerEndpoints,
      promotionDocument: this.promotionDocument,
    });
  }

  private createSecret(
    name: string,
    role: "master" | "replication",
    username: string,
    args: TimescaleDatabaseArgs,
    key: EncryptionKey,
  ): GeneratedSecret {
    const { settings } = args;
    return new GeneratedSecret(
      `${name}-${role}`,
      {
        description: `The ${role} user of TimescaleDB ${name}`,
        secretName: role === "master" ? settings.secretName : undefined,
        kmsKeyArn: key.arn,
        recoveryWindowDays: args.secretRecoveryDays,
        fields: { engine: "postgres", username, dbname: settings.databaseName, port: settings.port },
      },
      { parent: this },
    );
  }

  private createTuning(name: string, settings: TimescaleSettings): aws.ssm.Parameter {
    return new aws.ssm.Parameter(
      `${name}-tuning`,
      {
        name: `/${pulumi.getProject()}/${pulumi.getStack()}/${name}/tuning`,
        description: `postgresql.conf of TimescaleDB ${name}; applied in the maintenance window`,
        type: "String",
        value: tuningLines(settings),
      },
      { parent: this },
    );
  }

  private placeOf(
    name: string,
    args: TimescaleDatabaseArgs,
    parts: { master: GeneratedSecret; replication: GeneratedSecret; tuning: aws.ssm.Parameter },
  ): NodeParts["place"] {
    const plain = {
      stanza: `${pulumi.getStack()}-${name}`,
      region: args.cloud.region,
      vpcCidr: args.network.vpcCidr,
      prefix: `timescale/${name}`,
    };
    return pulumi
      .all([args.backupBucket.name, parts.master.arn, parts.replication.arn, parts.tuning.name])
      .apply(([bucket, masterSecretArn, replicationSecretArn, tuningParameterName]) => ({
        ...plain,
        bucket,
        masterSecretArn,
        replicationSecretArn,
        tuningParameterName,
      }));
  }

  private createNodes(
    name: string,
    args: TimescaleDatabaseArgs,
    parts: {
      key: EncryptionKey;
      group: aws.ec2.SecurityGroup;
      master: GeneratedSecret;
      replication: GeneratedSecret;
      tuning: aws.ssm.Parameter;
      place: NodeParts["place"];
    },
  ): { node: "a" | "b"; instance: aws.ec2.Instance }[] {
    const { settings, cloud, alarmTopicArn } = args;
    const chosen = this.chooseSubnets(args).map((subnet, index) => ({ subnet, node: nodeNames[index] ?? "b" }));
    const volumes = chosen.map(({ node, subnet }) =>
      createVolume(`${name}-${node}`, subnet.zone, settings, parts.key.arn, this),
    );
    const { profile } = instanceProfile(
      name,
      cloud,
      { description: `Nodes of TimescaleDB ${name}`, policies: { node: this.policy(name, args, parts, volumes) } },
      { parent: this },
    );
    const shared: NodeParts = {
      settings,
      amiId: this.amiOf(settings.ami),
      kmsKeyArn: parts.key.arn,
      securityGroupId: parts.group.id,
      profileName: profile.name,
      place: parts.place,
    };
    const stanza = `${pulumi.getStack()}-${name}`;
    return chosen.map(({ node, subnet }, index) => {
      const child = `${name}-${node}`;
      const volume = volumes[index];
      if (!volume) throw new Error(`no volume for node ${node}`);
      const peer = settings.standby ? nodeNames.find((other) => other !== node) : undefined;
      const instance = createNode(child, { node, peer }, subnet, volume, shared, this);
      nodeAlarms(child, { node, stanza, instanceId: instance.id, settings, alarmTopicArn }, this);
      if (settings.standby) standbyAlarm(child, stanza, node, alarmTopicArn, this);
      return { node, instance };
    });
  }

  /** A subnet a node, each in a zone of its own. */
  private chooseSubnets({ network, settings }: TimescaleDatabaseArgs) {
    const byZone = new Map([...network.dataSubnets].reverse().map((subnet) => [subnet.zone, subnet]));
    return [...byZone.values()].reverse().slice(0, settings.standby ? 2 : 1);
  }

  private policy(
    name: string,
    args: TimescaleDatabaseArgs,
    parts: { key: EncryptionKey; master: GeneratedSecret; replication: GeneratedSecret; tuning: aws.ssm.Parameter },
    volumes: readonly aws.ebs.Volume[],
  ) {
    return pulumi
      .all([
        args.backupBucket.arn,
        args.backupBucket.kmsKeyArn,
        parts.master.arn,
        parts.replication.arn,
        parts.key.arn,
        parts.tuning.arn,
        pulumi.all(volumes.map(({ id }) => id)),
      ])
      .apply(([bucketArn, bucketKeyArn, master, replication, kmsKeyArn, parameterArn, volumeIds]) =>
        nodePolicy({
          cloud: args.cloud,
          bucketArn,
          bucketKeyArn,
          prefix: `timescale/${name}`,
          secretArns: [master, replication],
          kmsKeyArn,
          parameterArn,
          volumeIds,
        }),
      );
  }

  private amiOf(ami: string): pulumi.Output<string> {
    const parameter = /^resolve:ssm:(.+)$/.exec(ami)?.[1];
    if (parameter === undefined) return pulumi.output(ami);
    return pulumi.unsecret(aws.ssm.getParameterOutput({ name: parameter }, { parent: this }).value);
  }

  /** A command for the nodes: `aws ssm send-command --document-name ... --targets Key=tag:node,Values=b`. */
  private createDocument(name: string, command: "promote" | "rotate", what: string): aws.ssm.Document {
    return new aws.ssm.Document(
      `${name}-${command}`,
      {
        documentType: "Command",
        documentFormat: "JSON",
        content: JSON.stringify({
          schemaVersion: "2.2",
          description: `${what} of TimescaleDB ${name}`,
          mainSteps: [
            {
              action: "aws:runShellScript",
              name: command,
              inputs: { timeoutSeconds: "600", runCommand: [`/usr/local/sbin/timescale-node ${command}`] },
            },
          ],
        }),
      },
      { parent: this },
    );
  }

  private rotate(
    name: string,
    args: TimescaleDatabaseArgs,
    key: EncryptionKey,
    secret: GeneratedSecret,
    nodes: readonly { readonly instance: aws.ec2.Instance }[],
  ): void {
    const { cloud, settings, alarmTopicArn } = args;
    if (settings.rotationDays === 0) return;
    const document = this.createDocument(name, "rotate", "Takes the pending password of the owner");
    const ids = pulumi.all(nodes.map(({ instance }) => instance.id));
    new SecretRotation(
      `${name}-rotation`,
      {
        cloud,
        entry: "rotate-node-password",
        what: `the master password of TimescaleDB ${name}`,
        secret,
        keyArn: key.arn,
        everyDays: settings.rotationDays,
        environment: { DOCUMENT: document.name, INSTANCES: ids.apply((all) => all.join(",")) },
        statements: pulumi
          .all([document.arn, pulumi.all(nodes.map(({ instance }) => instance.arn))])
          .apply(([documentArn, instanceArns]): Statement[] => [
            { Effect: "Allow", Action: "ssm:SendCommand", Resource: [documentArn, ...instanceArns] },
            { Effect: "Allow", Action: "ssm:ListCommandInvocations", Resource: "*" }, // ListCommandInvocations knows no resource level
          ]),
        logRetentionDays: settings.logRetentionDays,
        alarmTopicArn,
      },
      { parent: this },
    );
  }
}
