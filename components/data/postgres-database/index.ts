import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { serviceRole, type Statement } from "../../common/iam";
import { slug } from "../../common/naming";
import { throwIfAny } from "../../common/validation";
import { EncryptionKey } from "../../security/encryption-key";
import { GeneratedSecret } from "../../security/generated-secret";
import { storeSecurityGroup, type DatabaseOutputs } from "../database";
import { finalSnapshotName } from "../final-snapshot";
import { instanceAlarms } from "./alarms";
import { createParameterGroup, exportedLogs, logGroups, type PostgresDatabaseArgs, type PostgresParts } from "./parts";
import { SecretRotation } from "../secret-rotation";
import { createReplica } from "./replica";
import { checkPostgres } from "./settings";

export * from "./settings";
export type { PostgresDatabaseArgs } from "./parts";

/**
 * A managed PostgreSQL (RDS) in the data subnets.
 *
 * Makes: key, master secret, security group (clients in, nothing out), subnet group, parameter group by tuning profile, log
 * groups, monitoring role, the instance, read replicas here or in other Regions, the copy of its backups in another Region,
 * and alarms on CPU, connections (80 % of the computed maximum), memory, storage, latency and replica lag. TLS is forced,
 * everything is encrypted, nothing is public.
 *
 * The identifier is `<project>-<stack>-<name>`. The master password is drawn once and kept in Secrets Manager; rotation
 * changes it outside of Pulumi. RDS's own rotation is not used: it does not work with read replicas.
 *
 * Errors: `ValidationError` with all that RDS would refuse.
 * Cost: the class by the hour, doubled by Multi-AZ and once more for each replica; storage by GiB.
 */
export class PostgresDatabase extends pulumi.ComponentResource implements DatabaseOutputs {
  readonly endpoint: pulumi.Output<string>;
  readonly port: number;
  readonly databaseName: string;
  readonly masterSecretArn: pulumi.Output<string>;
  readonly securityGroupId: pulumi.Output<string>;
  readonly kmsKeyArn: pulumi.Output<string>;
  readonly readerEndpoints: readonly pulumi.Output<string>[];
  /** ARN of the instance, for backup plans. */
  readonly arn: pulumi.Output<string>;
  readonly identifier: string;
  /** Group of the data subnets, where a restored copy goes too. */
  readonly subnetGroupName: pulumi.Output<string>;

  constructor(name: string, args: PostgresDatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:data:PostgresDatabase", name, {}, opts);
    const { settings, cloud, network } = args;
    throwIfAny(`PostgresDatabase ${name}`, checkPostgres(settings, cloud.region, network.dataSubnets));
    const identifier = slug(`${pulumi.getProject()}-${pulumi.getStack()}-${name}`, 45);
    const key = new EncryptionKey(
      `${name}-key`,
      { cloud, description: `Database ${name}`, usedBy: ["logs"], retain: settings.deletionProtection },
      { parent: this },
    );
    const parts: PostgresParts = { name, identifier, args, monitoringRoleArn: this.createMonitoringRole(name, args) };
    const secret = this.createSecret(name, args, key);
    const group = storeSecurityGroup(name, { what: `PostgreSQL ${name}`, network, port: settings.port }, this);
    const primary = this.createPrimary(parts, key, secret, group);
    instanceAlarms(name, { identifier, instanceClass: settings.instanceClass }, settings, args.alarmTopicArn, this);
    const replicas = Object.entries(settings.readReplicas).map(([replica, its]) =>
      createReplica(parts, replica, its, { primary, key, group }, this),
    );
    this.copyBackups(parts, primary);
    this.rotate(parts, key, secret, primary);

    this.endpoint = primary.address;
    this.port = settings.port;
    this.databaseName = settings.databaseName;
    this.masterSecretArn = secret.arn;
    this.securityGroupId = group.id;
    this.kmsKeyArn = key.arn;
    this.readerEndpoints = replicas.map(({ address }) => address);
    this.arn = primary.arn;
    this.identifier = identifier;
    this.subnetGroupName = primary.dbSubnetGroupName;
    this.registerOutputs({
      endpoint: this.endpoint,
      port: this.port,
      databaseName: this.databaseName,
      masterSecretArn: this.masterSecretArn,
      securityGroupId: this.securityGroupId,
      kmsKeyArn: this.kmsKeyArn,
      readerEndpoints: this.readerEndpoints,
      arn: this.arn,
      identifier,
    });
  }

  private createMonitoringRole(name: string, args: PostgresDatabaseArgs): pulumi.Output<string> | undefined {
    if (args.settings.monitoringIntervalSeconds === 0) return undefined;
    return serviceRole(
      `${name}-monitoring`,
      {
        services: ["monitoring.rds.amazonaws.com"],
        description: `Enhanced monitoring of database ${name}`,
        trustConditions: { StringEquals: { "aws:SourceAccount": args.cloud.accountId } },
        managedPolicyArns: [`arn:${args.cloud.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole`],
      },
      { parent: this },
    ).arn;
  }

  private createSecret(name: string, args: PostgresDatabaseArgs, key: EncryptionKey): GeneratedSecret {
    const { settings } = args;
    return new GeneratedSecret(
      `${name}-master`,
      {
        description: `Master user of database ${name}`,
        secretName: settings.secretName,
        kmsKeyArn: key.arn,
        recoveryWindowDays: args.secretRecoveryDays,
        fields: {
          engine: "postgres",
          username: settings.masterUsername,
          dbname: settings.databaseName,
          port: settings.port,
        },
      },
      { parent: this },
    );
  }

  private createPrimary(
    parts: PostgresParts,
    key: EncryptionKey,
    secret: GeneratedSecret,
    group: aws.ec2.SecurityGroup,
  ): aws.rds.Instance {
    const { name, identifier, args } = parts;
    const { settings } = args;
    const subnets = new aws.rds.SubnetGroup(
      `${name}-subnets`,
      {
        description: `Data subnets of database ${name}`,
        subnetIds: args.network.dataSubnets.map(({ id }) => id),
      },
      { parent: this },
    );
    const parameters = createParameterGroup(`${name}-parameters`, settings, undefined, this);
    const logs = logGroups(name, identifier, settings, key.arn, undefined, this);
    const insights = settings.performanceInsightsDays > 0;
    return new aws.rds.Instance(
      `${name}-primary`,
      {
        identifier,
        engine: "postgres",
        engineVersion: settings.engineVersion,
        // A pinned minor stays; with a major alone AWS keeps the minor current.
        autoMinorVersionUpgrade: !settings.engineVersion.includes("."),
        allowMajorVersionUpgrade: false,
        instanceClass: settings.instanceClass,
        dbName: settings.databaseName,
        username: settings.masterUsername,
        password: secret.value,
        port: settings.port,
        allocatedStorage: settings.storageGiB,
        maxAllocatedStorage: settings.maxStorageGiB,
        storageType: settings.storageType,
        iops: settings.iops,
        storageThroughput: settings.throughputMiBps,
        storageEncrypted: true,
        kmsKeyId: key.arn,
        multiAz: settings.multiAz,
        dbSubnetGroupName: subnets.name,
        vpcSecurityGroupIds: [group.id],
        publiclyAccessible: false,
        parameterGroupName: parameters.name,
        caCertIdentifier: "rds-ca-rsa2048-g1",
        backupRetentionPeriod: settings.backup.retentionDays,
        backupWindow: settings.backup.window,
        maintenanceWindow: settings.maintenanceWindow.toLowerCase(),
        copyTagsToSnapshot: true,
        deleteAutomatedBackups: !settings.deletionProtection,
        deletionProtection: settings.deletionProtection,
        skipFinalSnapshot: !settings.finalSnapshot,
        finalSnapshotIdentifier: settings.finalSnapshot ? finalSnapshotName(identifier, key.arn) : undefined,
        applyImmediately: settings.applyImmediately,
        monitoringInterval: settings.monitoringIntervalSeconds,
        monitoringRoleArn: parts.monitoringRoleArn,
        performanceInsightsEnabled: insights,
        performanceInsightsKmsKeyId: insights ? key.arn : undefined,
        performanceInsightsRetentionPeriod: insights ? settings.performanceInsightsDays : undefined,
        enabledCloudwatchLogsExports: [...exportedLogs],
        tags: { Name: name },
      },
      {
        parent: this,
        protect: settings.deletionProtection,
        // Rotation changes the password outside of Pulumi.
        ignoreChanges: ["password"],
        dependsOn: logs,
      },
    );
  }

  private rotate(parts: PostgresParts, key: EncryptionKey, secret: GeneratedSecret, primary: aws.rds.Instance): void {
    const { cloud, settings, alarmTopicArn } = parts.args;
    if (settings.rotationDays === 0) return;
    new SecretRotation(
      `${parts.name}-rotation`,
      {
        cloud,
        entry: "rotate-database-password",
        what: `the master password of database ${parts.identifier}`,
        secret,
        keyArn: key.arn,
        everyDays: settings.rotationDays,
        environment: { DATABASE: primary.identifier },
        statements: primary.arn.apply((arn): Statement[] => [
          { Effect: "Allow", Action: ["rds:DescribeDBInstances", "rds:ModifyDBInstance"], Resource: arn },
        ]),
        logRetentionDays: settings.logRetentionDays,
        alarmTopicArn,
      },
      { parent: this },
    );
  }

  /** Copies snapshots and logs to another Region, from where a point in time can be restored. */
  private copyBackups(parts: PostgresParts, primary: aws.rds.Instance): void {
    const { name, args } = parts;
    const region = args.settings.backup.copyRegion;
    if (region === undefined) return;
    const key = new EncryptionKey(
      `${name}-backup-key`,
      {
        cloud: { ...args.cloud, region },
        region,
        description: `Backups of database ${name}`,
        retain: args.settings.deletionProtection,
      },
      { parent: this },
    );
    new aws.rds.InstanceAutomatedBackupsReplication(
      `${name}-backup-copy`,
      {
        sourceDbInstanceArn: primary.arn,
        kmsKeyId: key.arn,
        retentionPeriod: args.settings.backup.retentionDays,
        region,
      },
      { parent: this },
    );
  }
}
