import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Cloud, Statement } from "../../common/iam";
import { shortHash, slug } from "../../common/naming";
import { throwIfAny } from "../../common/validation";
import { EncryptionKey } from "../../security/encryption-key";
import { GeneratedSecret } from "../../security/generated-secret";
import { finalSnapshotName } from "../final-snapshot";
import { storeSecurityGroup, type DataNetwork } from "../database";
import { SecretRotation } from "../secret-rotation";
import { nodeAlarms } from "./alarms";
import { checkRedis, memberIds, type RedisSettings } from "./settings";

export * from "./settings";

export interface RedisCacheArgs {
  readonly cloud: Cloud;
  readonly settings: RedisSettings;
  readonly network: DataNetwork;
  readonly alarmTopicArn?: pulumi.Input<string>;
  /** Days that the token's secret can be restored after its deletion. @default 0 (deleted at once) */
  readonly secretRecoveryDays?: number;
}

/** Length of the AUTH token; ElastiCache takes 16 to 128 characters. */
const tokenLength = 64;

/** Longest id of a replication group. */
const idLength = 40;

/** An id within ElastiCache's 40 characters that no other name shortens to. */
export function replicationGroupId(text: string): string {
  const whole = slug(text, 200);
  return whole.length <= idLength ? whole : `${slug(text, idLength - 7)}-${shortHash(text, 6)}`;
}

/**
 * A managed Redis 7 (ElastiCache) in the data subnets.
 *
 * Makes: key, secret with the AUTH token, security group (clients in, nothing out), subnet group, parameter group, log groups
 * for the slow and the engine log, the replication group, and for each node alarms on memory, CPU, evictions, hit rate and
 * replication. TLS and AUTH are always on and required, the token from the first minute, so that no client is ever let in
 * without. Which TLS is AWS's choice and no parameter: ElastiCache refuses versions before 1.2, and speaks 1.3 from Redis 7.1.
 *
 * Errors: `ValidationError` for topologies, parameters and windows that ElastiCache would refuse.
 * Cost: the node type by the hour for each of `shards * (1 + replicasPerShard)` nodes; alarms 0.50 USD a node and month.
 */
export class RedisCache extends pulumi.ComponentResource {
  /** Configuration endpoint in cluster mode, primary's endpoint else; without a port. */
  readonly endpoint: pulumi.Output<string>;
  /** Endpoint over all replicas; in cluster mode clients find them through `endpoint`. */
  readonly readerEndpoint: pulumi.Output<string> | undefined;
  readonly port: number;
  readonly clusterMode: boolean;
  /** Secret with `authToken`, `port` and `tls`. */
  readonly authSecretArn: pulumi.Output<string>;
  readonly securityGroupId: pulumi.Output<string>;
  readonly kmsKeyArn: pulumi.Output<string>;
  readonly replicationGroupId: string;

  constructor(name: string, args: RedisCacheArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:data:RedisCache", name, {}, opts);
    const { settings, cloud, network } = args;
    throwIfAny(`RedisCache ${name}`, checkRedis(settings, network.dataSubnets));
    const id = replicationGroupId(`${pulumi.getProject()}-${pulumi.getStack()}-${name}`);
    const key = new EncryptionKey(
      `${name}-key`,
      { cloud, description: `Redis ${name}`, usedBy: ["logs"], retain: settings.protected },
      { parent: this },
    );
    const secret = new GeneratedSecret(
      `${name}-auth`,
      {
        description: `AUTH token of Redis ${name}`,
        secretName: settings.secretName,
        kmsKeyArn: key.arn,
        length: tokenLength,
        valueField: "authToken",
        fields: { port: settings.port, tls: "true" },
        recoveryWindowDays: args.secretRecoveryDays,
      },
      { parent: this },
    );
    const group = storeSecurityGroup(name, { what: `Redis ${name}`, network, port: settings.port }, this);
    const cache = this.createCache(name, id, args, { key, secret, group });
    const members = memberIds(id, settings).map((member) => ({ id: member, suffix: member.slice(id.length + 1) }));
    nodeAlarms(name, members, args.alarmTopicArn, this);
    this.rotate(name, args, key, secret, cache);

    this.endpoint = settings.clusterMode ? cache.configurationEndpointAddress : cache.primaryEndpointAddress;
    this.readerEndpoint = settings.clusterMode ? undefined : cache.readerEndpointAddress;
    this.port = settings.port;
    this.clusterMode = settings.clusterMode;
    this.authSecretArn = secret.arn;
    this.securityGroupId = group.id;
    this.kmsKeyArn = key.arn;
    this.replicationGroupId = id;
    this.registerOutputs({
      endpoint: this.endpoint,
      readerEndpoint: this.readerEndpoint,
      port: this.port,
      clusterMode: this.clusterMode,
      authSecretArn: this.authSecretArn,
      securityGroupId: this.securityGroupId,
      kmsKeyArn: this.kmsKeyArn,
      replicationGroupId: id,
    });
  }

  private rotate(
    name: string,
    args: RedisCacheArgs,
    key: EncryptionKey,
    secret: GeneratedSecret,
    cache: aws.elasticache.ReplicationGroup,
  ): void {
    const { cloud, settings, alarmTopicArn } = args;
    if (settings.rotationDays === 0) return;
    new SecretRotation(
      `${name}-rotation`,
      {
        cloud,
        entry: "rotate-redis-token",
        what: `the AUTH token of Redis ${name}`,
        secret,
        keyArn: key.arn,
        everyDays: settings.rotationDays,
        environment: { CACHE: cache.id },
        statements: cache.arn.apply((arn): Statement[] => [
          {
            Effect: "Allow",
            Action: ["elasticache:DescribeReplicationGroups", "elasticache:ModifyReplicationGroup"],
            Resource: arn,
          },
        ]),
        logRetentionDays: settings.logRetentionDays,
        alarmTopicArn,
      },
      { parent: this },
    );
  }

  private createParameterGroup(name: string, settings: RedisSettings): aws.elasticache.ParameterGroup {
    const parameters: Record<string, string | number> = {
      ...settings.parameters,
      "maxmemory-policy": settings.evictionPolicy,
      "reserved-memory-percent": settings.reservedMemoryPercent,
      ...(settings.clusterMode ? { "cluster-enabled": "yes" } : {}),
    };
    return new aws.elasticache.ParameterGroup(
      `${name}-parameters`,
      {
        family: "redis7",
        description: `Redis ${name}: ${settings.evictionPolicy}${settings.clusterMode ? ", cluster mode" : ""}`,
        parameters: Object.entries(parameters)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([parameter, value]) => ({ name: parameter, value: String(value) })),
      },
      { parent: this },
    );
  }

  private createCache(
    name: string,
    id: string,
    args: RedisCacheArgs,
    parts: { key: EncryptionKey; secret: GeneratedSecret; group: aws.ec2.SecurityGroup },
  ): aws.elasticache.ReplicationGroup {
    const { settings } = args;
    const subnets = new aws.elasticache.SubnetGroup(
      `${name}-subnets`,
      { description: `Data subnets of Redis ${name}`, subnetIds: args.network.dataSubnets.map((subnet) => subnet.id) },
      { parent: this },
    );
    const logs = (["slow-log", "engine-log"] as const).map((logType) => ({
      logType,
      group: new aws.cloudwatch.LogGroup(
        `${name}-${logType}`,
        {
          name: `/aws/elasticache/${id}/${logType}`,
          retentionInDays: settings.logRetentionDays,
          kmsKeyId: parts.key.arn,
        },
        { parent: this },
      ),
    }));
    return new aws.elasticache.ReplicationGroup(
      `${name}-cache`,
      {
        replicationGroupId: id,
        description: `Redis ${name}`,
        engine: "redis",
        engineVersion: settings.engineVersion,
        nodeType: settings.nodeType,
        ...(settings.clusterMode
          ? { numNodeGroups: settings.shards, replicasPerNodeGroup: settings.replicasPerShard }
          : { numCacheClusters: 1 + settings.replicasPerShard }),
        automaticFailoverEnabled: settings.automaticFailover,
        multiAzEnabled: settings.multiAz,
        port: settings.port,
        parameterGroupName: this.createParameterGroup(name, settings).name,
        subnetGroupName: subnets.name,
        securityGroupIds: [parts.group.id],
        atRestEncryptionEnabled: true,
        kmsKeyId: parts.key.arn,
        transitEncryptionEnabled: true,
        transitEncryptionMode: "required",
        authToken: parts.secret.value,
        snapshotRetentionLimit: settings.snapshots.retentionDays,
        snapshotWindow: settings.snapshots.window,
        maintenanceWindow: settings.maintenanceWindow.toLowerCase(),
        finalSnapshotIdentifier: settings.finalSnapshot ? finalSnapshotName(id, parts.key.arn) : undefined,
        applyImmediately: settings.applyImmediately,
        autoMinorVersionUpgrade: true,
        logDeliveryConfigurations: logs.map(({ logType, group }) => ({
          destination: group.name,
          destinationType: "cloudwatch-logs",
          logFormat: "json",
          logType,
        })),
        tags: { Name: name },
      },
      {
        parent: this,
        protect: settings.protected,
        // Rotation changes the token outside of Pulumi.
        ignoreChanges: ["authToken"],
      },
    );
  }
}
