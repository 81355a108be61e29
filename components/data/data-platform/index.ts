import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { TopicsAbroad } from "../../common/alarm";
import { policyDocument, type Cloud } from "../../common/iam";
import { throwIfAny } from "../../common/validation";
import { AppSecrets } from "../../security/secrets";
import { DataBuckets } from "../data-buckets";
import type { DatabaseOutputs, DataNetwork } from "../database";
import { PostgresDatabase } from "../postgres-database";
import { RedisCache } from "../redis-cache";
import { TimescaleDatabase } from "../timescale-database";
import { checkDataPlatform, dataStores, type DataPlatformSettings, type DataStore } from "./settings";

export * from "./settings";

export interface DataPlatformArgs {
  readonly cloud: Cloud;
  readonly settings: DataPlatformSettings;
  readonly network: DataNetwork;
  readonly alarmTopicArn?: pulumi.Input<string>;
  /** Topics of the Regions of replicas. @default none */
  readonly alarmTopicsAbroad?: TopicsAbroad;
  /** Keep buckets and keys, and let deleted secrets be restored, when the stack is destroyed. @default true */
  readonly protected?: boolean;
}

/** Titles of the stores, for descriptions. */
const titles: Readonly<Record<DataStore, string>> = {
  postgres: "PostgreSQL",
  timescale: "TimescaleDB",
  redis: "Redis",
};

/** Who uses stores, known by its security group and its role. */
export interface StoreClient {
  readonly securityGroupId: pulumi.Input<string>;
  readonly roleName: pulumi.Input<string>;
}

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
  readonly #cloud: Cloud;

  constructor(name: string, args: DataPlatformArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:data:DataPlatform", name, {}, opts);
    const { cloud, settings, network, alarmTopicArn, alarmTopicsAbroad } = args;
    const issues = checkDataPlatform(settings, cloud.region);
    throwIfAny(
      `DataPlatform ${name}`,
      issues.map((issue) => ({ ...issue, path: issue.path ? `data.${issue.path}` : "data" })),
    );
    const kept = args.protected ?? true;
    const store = { cloud, network, alarmTopicArn, secretRecoveryDays: kept ? secretRecoveryDays : 0 };
    const child = { parent: this };
    this.#name = name;
    this.#cloud = cloud;
    if (settings.buckets) {
      this.buckets = new DataBuckets(
        `${name}-buckets`,
        { cloud, buckets: settings.buckets, protected: kept, alarmTopicArn, alarmTopicsAbroad },
        child,
      );
    }
    if (settings.postgres) {
      this.postgres = new PostgresDatabase(
        `${name}-postgres`,
        { ...store, settings: settings.postgres, alarmTopicsAbroad },
        child,
      );
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

  /** The named stores that this platform has. */
  private stores(names: readonly DataStore[] = dataStores) {
    const all = { postgres: this.postgres, timescale: this.timescale, redis: this.redis };
    return names.flatMap((kind) => {
      const store = all[kind];
      const secretArn = kind === "redis" ? this.redis?.authSecretArn : this[kind]?.masterSecretArn;
      return store && secretArn ? [{ kind, store, secretArn }] : [];
    });
  }

  /**
   * Lets a client in that is made after the stores, as it needs their endpoints: one described rule for each store, or for
   * those that are named.
   */
  allowClient(client: string, securityGroupId: pulumi.Input<string>, names?: readonly DataStore[]): void {
    for (const { kind, store } of this.stores(names)) {
      new aws.vpc.SecurityGroupIngressRule(
        `${this.#name}-${kind}-from-${client}`,
        {
          securityGroupId: store.securityGroupId,
          description: `${titles[kind]} for ${client}`,
          referencedSecurityGroupId: securityGroupId,
          ipProtocol: "tcp",
          fromPort: store.port,
          toPort: store.port,
        },
        { parent: this },
      );
    }
  }

  /**
   * Gives a client whose hosts read secrets themselves what the named stores take: rules on both sides, and the right to
   * read the stores' secrets, through Secrets Manager alone. Nothing where no store is named.
   */
  grantClient(client: string, { securityGroupId, roleName }: StoreClient, names: readonly DataStore[]): void {
    const stores = this.stores(names);
    if (stores.length === 0) return;
    this.allowClient(client, securityGroupId, names);
    for (const { kind, store } of stores) {
      new aws.vpc.SecurityGroupEgressRule(
        `${this.#name}-${client}-to-${kind}`,
        {
          securityGroupId,
          description: `${titles[kind]} of the stack`,
          referencedSecurityGroupId: store.securityGroupId,
          ipProtocol: "tcp",
          fromPort: store.port,
          toPort: store.port,
        },
        { parent: this },
      );
    }
    const policy = pulumi
      .all([
        pulumi.all(stores.map(({ secretArn }) => secretArn)),
        pulumi.all(stores.map(({ store }) => store.kmsKeyArn)),
      ])
      .apply(([secrets, keys]) => storeSecretsPolicy(this.#cloud.region, secrets, keys));
    new aws.iam.RolePolicy(
      `${this.#name}-secrets-for-${client}`,
      { role: roleName, policy: policy.apply((document) => JSON.stringify(document)) },
      { parent: this },
    );
  }
}

/** The right to read the secrets of stores, and to use their keys for nothing else. */
export function storeSecretsPolicy(region: string, secretArns: readonly string[], keyArns: readonly string[]) {
  return policyDocument([
    { Sid: "StoreSecrets", Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: secretArns },
    {
      Sid: "StoreKeys",
      Effect: "Allow",
      Action: "kms:Decrypt",
      Resource: keyArns,
      Condition: { StringEquals: { "kms:ViaService": `secretsmanager.${region}.amazonaws.com` } },
    },
  ]);
}
