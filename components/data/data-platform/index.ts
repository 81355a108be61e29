import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Cloud } from "../../common/iam";
import { throwIfAny } from "../../common/validation";
import { AppSecrets } from "../../security/secrets";
import { DataBuckets } from "../data-buckets";
import type { DatabaseOutputs, DataNetwork } from "../database";
import { PostgresDatabase } from "../postgres-database";
import { RedisCache } from "../redis-cache";
import { TimescaleDatabase } from "../timescale-database";
import { checkDataPlatform, type DataPlatformSettings } from "./settings";

export * from "./settings";

export interface DataPlatformArgs {
  readonly cloud: Cloud;
  readonly settings: DataPlatformSettings;
  readonly network: DataNetwork;
  readonly alarmTopicArn?: pulumi.Input<string>;
  /** Keep buckets and keys, and let deleted secrets be restored, when the stack is destroyed. @default true */
  readonly protected?: boolean;
}

/** A store of the platform that clients connect to. */
export type DataStore = "postgres" | "timescale" | "redis";

/** Days that the secret of a protected store can be restored. */
const secretRecoveryDays = 30;

/**
 * The data of a stack: databases, cache, buckets and secrets, each made where its settings are given. The parts also stand
 * alone: `PostgresDatabase`, `TimescaleDatabase`, `RedisCache`, `DataBuckets`, `AppSecrets`.
 *
 * Makes: these components, and their resources with them.
 * Errors: `ValidationError` with every part's mistakes at once, before anything is made.
 * Cost: its parts'.
 */
export class DataPlatform extends pulumi.ComponentResource {
  readonly postgres?: PostgresDatabase;
  readonly timescale?: TimescaleDatabase;
  readonly redis?: RedisCache;
  readonly buckets?: DataBuckets;
  readonly secrets?: AppSecrets;
  readonly #name: string;

  constructor(name: string, args: DataPlatformArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:data:DataPlatform", name, {}, opts);
    const { cloud, settings, network, alarmTopicArn } = args;
    const issues = checkDataPlatform(settings, cloud.region);
    throwIfAny(
      `DataPlatform ${name}`,
      issues.map((issue) => ({ ...issue, path: issue.path ? `data.${issue.path}` : "data" })),
    );
    const kept = args.protected ?? true;
    const store = { cloud, network, alarmTopicArn, secretRecoveryDays: kept ? secretRecoveryDays : 0 };
    const child = { parent: this };
    this.#name = name;
    if (settings.buckets) {
      this.buckets = new DataBuckets(
        `${name}-buckets`,
        { cloud, buckets: settings.buckets, protected: kept, alarmTopicArn },
        child,
      );
    }
    if (settings.postgres) {
      this.postgres = new PostgresDatabase(`${name}-postgres`, { ...store, settings: settings.postgres }, child);
    }
    const backupBucket = this.buckets?.buckets.backups;
    if (settings.timescale && backupBucket) {
      const logGroupName =
        settings.timescale.logGroupName ?? `/${pulumi.getProject()}/${pulumi.getStack()}/${name}-timescale`;
      this.timescale = new TimescaleDatabase(
        `${name}-timescale`,
        { ...store, settings: { ...settings.timescale, logGroupName }, backupBucket },
        child,
      );
    }
    if (settings.redis) {
      this.redis = new RedisCache(`${name}-redis`, { ...store, settings: settings.redis }, child);
    }
    if (settings.secrets) {
      const { entries, ...rest } = settings.secrets;
      this.secrets = new AppSecrets(`${name}-secrets`, { ...rest, cloud, secrets: entries }, child);
    }
    this.registerOutputs({});
  }

  /** Where each store is, for stack outputs. */
  get endpoints() {
    const { redis, buckets } = this;
    const database = (it: DatabaseOutputs | undefined) =>
      it && {
        endpoint: it.endpoint,
        port: it.port,
        databaseName: it.databaseName,
        masterSecretArn: it.masterSecretArn,
        readerEndpoints: [...it.readerEndpoints],
      };
    return {
      postgres: database(this.postgres),
      timescale: database(this.timescale),
      redis: redis && { endpoint: redis.endpoint, port: redis.port, authSecretArn: redis.authSecretArn },
      buckets: buckets && Object.fromEntries(Object.entries(buckets.buckets).map(([kind, { name }]) => [kind, name])),
    };
  }

  /** Buckets whose every object access belongs on record: compliance documents and models. */
  get recordedBucketArns(): pulumi.Output<string>[] {
    const { compliance, modelArtifacts, modelDeploy } = this.buckets?.buckets ?? {};
    return [compliance, modelArtifacts, modelDeploy].flatMap((bucket) => (bucket ? [bucket.arn] : []));
  }

  /**
   * Lets a client in that is made after the stores, as it needs their endpoints: one described rule for each store, or for
   * those that are named.
   */
  allowClient(client: string, securityGroupId: pulumi.Input<string>, stores?: readonly DataStore[]): void {
    const all = { postgres: this.postgres, timescale: this.timescale, redis: this.redis };
    const titles = { postgres: "PostgreSQL", timescale: "TimescaleDB", redis: "Redis" };
    for (const store of ["postgres", "timescale", "redis"] as const) {
      const target = all[store];
      if (!target || (stores && !stores.includes(store))) continue;
      new aws.vpc.SecurityGroupIngressRule(
        `${this.#name}-${store}-from-${client}`,
        {
          securityGroupId: target.securityGroupId,
          description: `${titles[store]} for ${client}`,
          referencedSecurityGroupId: securityGroupId,
          ipProtocol: "tcp",
          fromPort: target.port,
          toPort: target.port,
        },
        { parent: this },
      );
    }
  }
}
