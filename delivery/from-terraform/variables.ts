/**
 * How variables of the documents' Terraform files are called here. Names differ from team to team: a variable that is not
 * here is reported, never dropped.
 */

/** Where a value goes, and as what. */
export interface Target {
  /** Path of the setting, without the namespace. */
  readonly path: string;
  /** Turns Terraform's value into ours; undefined where it says nothing here. */
  readonly as?: (value: unknown) => unknown;
}

const stageNames: Readonly<Record<string, string>> = {
  dev: "dev",
  development: "dev",
  qa: "qa",
  staging: "qa",
  paper: "qa",
  test: "qa",
  prod: "prod",
  production: "prod",
  live: "prod",
};

/** The stage that an environment's name means; undefined for a name that means none. */
export const stageOf = (value: unknown): string | undefined => stageNames[String(value).toLowerCase()];

const major = (value: unknown) => String(value).split(".")[0];
const minor = (value: unknown) => String(value).split(".").slice(0, 2).join(".");
const number = (value: unknown) => Number(value);
const flag = (value: unknown) => value === true || value === "true";
const zones = (value: unknown) => (Array.isArray(value) ? value : Number(value));
const natPerZone = (value: unknown) => (flag(value) ? "single" : "per-zone");
const isOn = (value: unknown) => (flag(value) ? {} : undefined);

/** Variables by name, each with what it sets. Prefixes such as `rds_` are those of the documents and of common modules. */
export const variables: Readonly<Record<string, Target | readonly Target[]>> = {
  environment: { path: "stage", as: stageOf },
  env: { path: "stage", as: stageOf },
  owner: { path: "owner" },
  team: { path: "owner" },

  vpc_cidr: { path: "network.cidr" },
  cidr_block: { path: "network.cidr" },
  availability_zones: { path: "network.zones", as: zones },
  azs: { path: "network.zones", as: zones },
  az_count: { path: "network.zones", as: zones },
  single_nat_gateway: { path: "network.nat", as: natPerZone },
  public_subnet_cidrs: { path: "network.subnets.public" },
  private_subnet_cidrs: { path: "network.subnets.app" },
  database_subnet_cidrs: { path: "network.subnets.data" },
  flow_logs_retention_days: { path: "network.flowLogs.retentionDays", as: number },

  // 000: the trader in the Local Zone.
  local_zone: { path: "trader.zone" },
  trader_instance_type: { path: "trader.instanceType" },
  trader_ami: { path: "trader.ami" },
  ib_gateway_port: { path: "trader.gatewayPort", as: number },

  // 002: the fleet, its bucket, market data and the shutdown.
  bucket_name: { path: "fleet.bucket" },
  model_bucket: { path: "fleet.bucket" },
  trading_server_instance_type: { path: "fleet.instanceType" },
  trading_server_ami: { path: "fleet.ami" },
  trading_server_ami_id: { path: "fleet.ami" },
  alpaca_websocket_instance_type: { path: "ingest.instanceType" },
  alpaca_websocket_ami: { path: "ingest.ami" },
  alpaca_websocket_ami_id: { path: "ingest.ami" },
  alpaca_websocket_image: { path: "ingest.image" },
  enable_shutdown_schedule: { path: "schedule", as: isOn },
  enable_scheduler: { path: "schedule", as: isOn },

  // 001 and 003: databases and cache.
  rds_engine_version: { path: "data.postgres.engineVersion", as: major },
  rds_instance_class: { path: "data.postgres.instanceClass" },
  rds_allocated_storage: { path: "data.postgres.storageGiB", as: number },
  rds_max_allocated_storage: { path: "data.postgres.maxStorageGiB", as: number },
  rds_multi_az: { path: "data.postgres.multiAz", as: flag },
  rds_deletion_protection: { path: "data.postgres.deletionProtection", as: flag },
  rds_backup_retention_period: { path: "data.postgres.backup.retentionDays", as: number },
  rds_backup_window: { path: "data.postgres.backup.window" },
  rds_maintenance_window: { path: "data.postgres.maintenanceWindow" },
  rds_database_name: { path: "data.postgres.databaseName" },
  rds_username: { path: "data.postgres.masterUsername" },
  elasticache_engine_version: { path: "data.redis.engineVersion", as: minor },
  elasticache_node_type: { path: "data.redis.nodeType" },
  elasticache_multi_az_enabled: { path: "data.redis.multiAz", as: flag },
  elasticache_automatic_failover_enabled: { path: "data.redis.automaticFailover", as: flag },
  elasticache_cluster_mode_enabled: { path: "data.redis.clusterMode", as: flag },
  elasticache_num_node_groups: { path: "data.redis.shards", as: number },
  elasticache_replicas_per_node_group: { path: "data.redis.replicasPerShard", as: number },
  elasticache_snapshot_retention_limit: { path: "data.redis.snapshots.retentionDays", as: number },

  // 001: Kubernetes.
  cluster_name: { path: "kubernetes.clusterName" },
  eks_cluster_name: { path: "kubernetes.clusterName" },
  kubernetes_version: { path: "kubernetes.version" },
  eks_cluster_version: { path: "kubernetes.version" },

  // 003: the web tier.
  web_instance_type: { path: "web.instanceType" },
  instance_type: { path: "web.instanceType" },
  app_port: { path: "web.port", as: number },
};

/** Variables that have no counterpart, and why. */
export const withoutCounterpart: Readonly<Record<string, string>> = {
  elasticache_auth_token_enabled: "Redis always asks for a token here",
  elasticache_transit_encryption_enabled: "traffic is always encrypted here",
  elasticache_at_rest_encryption_enabled: "data is always encrypted here",
  rds_storage_encrypted: "storage is always encrypted here",
  storage_encrypted: "storage is always encrypted here",
  key_name: "hosts are reached by Session Manager; set web.keyName where that cannot be",
  enable_nat_gateway: "private subnets always have one; network.nat says how many",
  enable_dns_support: "always on",
  enable_dns_hostnames: "always on",
  tags: "project, stack, stage, owner and component are tags of everything",
  common_tags: "project, stack, stage, owner and component are tags of everything",
  aws_profile: "set aws:profile, or assume a role",
};

/** Variables that hold secrets, whatever they are called: they never go into a file. */
export const isSecretName = (name: string): boolean =>
  /password|passwd|secret|token|api_?key|private_?key|credential/i.test(name) && !(name in withoutCounterpart);
