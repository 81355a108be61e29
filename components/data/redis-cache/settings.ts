import type { Issue } from "../../common/validation";
import { checkSubnets, type DataSubnet } from "../database";
import { checkWindows } from "../windows";

/** What Redis does when its memory is full. */
export const evictionPolicies = [
  "noeviction",
  "allkeys-lru",
  "allkeys-lfu",
  "allkeys-random",
  "volatile-lru",
  "volatile-lfu",
  "volatile-random",
  "volatile-ttl",
] as const;
export type EvictionPolicy = (typeof evictionPolicies)[number];

/** A managed Redis in plain values. */
export interface RedisSettings {
  readonly engineVersion: "7.0" | "7.1";
  readonly nodeType: string;
  /** Keys are spread over shards; clients must speak the cluster protocol. */
  readonly clusterMode: boolean;
  readonly shards: number;
  readonly replicasPerShard: number;
  /** Primary and replicas in different zones. */
  readonly multiAz: boolean;
  /** A replica takes over from a lost primary. */
  readonly automaticFailover: boolean;
  readonly port: number;
  readonly evictionPolicy: EvictionPolicy;
  /** Share of the memory that data cannot have: replication, snapshots and client buffers need it. */
  readonly reservedMemoryPercent: number;
  /** Further parameters by Redis's names. @default none */
  readonly parameters?: Readonly<Record<string, string | number>>;
  readonly snapshots: { readonly retentionDays: number; readonly window: string };
  readonly maintenanceWindow: string;
  readonly finalSnapshot: boolean;
  /** Refuse to delete the cache. */
  readonly protected: boolean;
  readonly applyImmediately: boolean;
  readonly logRetentionDays: number;
  /** Name of the token's secret where a requirement fixes it. @default Pulumi's own name */
  readonly secretName?: string;
  /** Days between rotations of the token; 0 leaves it to people. */
  readonly rotationDays: number;
}

/** Parameters beside eviction and memory that may be set. */
export const redisParameters = [
  "activedefrag",
  "client-output-buffer-limit-pubsub-hard-limit",
  "lazyfree-lazy-eviction",
  "lazyfree-lazy-expire",
  "maxmemory-samples",
  "notify-keyspace-events",
  "slowlog-log-slower-than",
  "slowlog-max-len",
  "tcp-keepalive",
  "timeout",
] as const;

/** Nodes of one replication group before a quota has to be raised. */
const nodeQuota = 90;
const nodeFamilies = ["t3", "t4g", "m5", "m6g", "m7g", "r5", "r6g", "r7g", "c7gn"];

function checkTopology(settings: RedisSettings): Issue[] {
  const issues: Issue[] = [];
  const { clusterMode, shards, replicasPerShard, multiAz, automaticFailover } = settings;
  if (!Number.isInteger(shards) || shards < 1 || shards > 500) {
    issues.push({ path: "shards", problem: "is no number of shards", value: shards, allowed: "1 to 500" });
  } else if (!clusterMode && shards > 1) {
    issues.push({
      path: "shards",
      problem: "are more than one without cluster mode",
      value: shards,
      allowed: "1",
      fix: "Set clusterMode: true, or one shard.",
    });
  }
  if (!Number.isInteger(replicasPerShard) || replicasPerShard < 0 || replicasPerShard > 5) {
    issues.push({
      path: "replicasPerShard",
      problem: "is no number of replicas",
      value: replicasPerShard,
      allowed: "0 to 5",
    });
  }
  const nodes = shards * (1 + replicasPerShard);
  if (nodes > nodeQuota && shards <= 500 && replicasPerShard <= 5) {
    issues.push({
      path: "shards",
      problem: `times replicas make ${nodes} nodes, over the quota of ${nodeQuota}`,
      value: shards,
      fix: "Take larger nodes.",
    });
  }
  if (clusterMode && !automaticFailover) {
    issues.push({
      path: "automaticFailover",
      problem: "cannot be off with cluster mode",
      value: automaticFailover,
      allowed: "true",
    });
  }
  if (!clusterMode && automaticFailover && replicasPerShard === 0) {
    issues.push({
      path: "automaticFailover",
      problem: "has no replica to fail over to",
      value: automaticFailover,
      fix: "Set replicasPerShard to at least 1, or automaticFailover: false.",
    });
  }
  if (multiAz && replicasPerShard === 0) {
    issues.push({
      path: "multiAz",
      problem: "has no replica to put in another zone",
      value: multiAz,
      fix: "Set replicasPerShard to at least 1, or multiAz: false.",
    });
  }
  if (multiAz && !automaticFailover) {
    issues.push({
      path: "multiAz",
      problem: "needs automatic failover",
      value: multiAz,
      fix: "Set automaticFailover: true, or multiAz: false.",
    });
  }
  return issues;
}

function checkNode(nodeType: string): Issue[] {
  const [, family] = /^cache\.([a-z]\d[a-z]*)\.[a-z0-9]+$/.exec(nodeType) ?? [];
  if (family && nodeFamilies.includes(family)) return [];
  return [
    {
      path: "nodeType",
      problem:
        family === "r6gd" ? "needs data tiering, which this cache does not use" : "is not a node type for Redis 7",
      value: nodeType,
      allowed: `cache.<family>.<size> with one of ${nodeFamilies.join(", ")}`,
    },
  ];
}

function checkParameters(settings: RedisSettings): Issue[] {
  const issues: Issue[] = [];
  const { reservedMemoryPercent: reserved } = settings;
  if (!Number.isInteger(reserved) || reserved < 10 || reserved > 50) {
    issues.push({
      path: "reservedMemoryPercent",
      problem: reserved < 10 ? "leaves no memory for snapshots and replication" : "is no sensible share of the memory",
      value: reserved,
      allowed: "10 to 50; ElastiCache's own default is 25",
    });
  }
  for (const name of Object.keys(settings.parameters ?? {})) {
    if (redisParameters.some((known) => known === name)) continue;
    const path = `parameters.${name}`;
    if (name === "appendonly" || name === "appendfsync") {
      issues.push({
        path,
        problem: "cannot be set: ElastiCache keeps no append-only file for Redis 7",
        fix: "Persistence is snapshots (snapshots.retentionDays) and replicas in other zones.",
      });
    } else if (name === "cluster-enabled") {
      issues.push({ path, problem: "follows from clusterMode", fix: "Set clusterMode." });
    } else if (name === "maxmemory-policy" || name === "reserved-memory-percent") {
      issues.push({ path, problem: "has a setting of its own", fix: "Set evictionPolicy or reservedMemoryPercent." });
    } else
      issues.push({ path, problem: "is not a parameter that can be set here", allowed: redisParameters.join(", ") });
  }
  return issues;
}

/** Shortest windows that ElastiCache takes. */
const windowMinutes = 60;

/** Everything that ElastiCache would refuse; subnets are checked where they are known. */
export function checkRedis(settings: RedisSettings, subnets?: readonly DataSubnet[]): Issue[] {
  const issues = [...checkTopology(settings), ...checkNode(settings.nodeType), ...checkParameters(settings)];
  const { retentionDays, window } = settings.snapshots;
  if (!Number.isInteger(retentionDays) || retentionDays < 0 || retentionDays > 35) {
    issues.push({
      path: "snapshots.retentionDays",
      problem: "is no retention of snapshots",
      value: retentionDays,
      allowed: "0 (none) to 35",
    });
  }
  if (!Number.isInteger(settings.port) || settings.port < 1024 || settings.port > 65_535) {
    issues.push({
      path: "port",
      problem: "is no port of a cache",
      value: settings.port,
      allowed: "1024 to 65535; 6379 is usual",
    });
  }
  issues.push(
    ...checkWindows(
      { path: "snapshots.window", window },
      { path: "maintenanceWindow", window: settings.maintenanceWindow },
      windowMinutes,
    ),
  );
  if (subnets) issues.push(...checkSubnets(subnets, settings.multiAz ? 2 : 1, "a replica in another zone"));
  return issues;
}

/** Cluster ids of all nodes, as ElastiCache names them. */
export function memberIds(replicationGroupId: string, settings: RedisSettings): string[] {
  const perShard = 1 + settings.replicasPerShard;
  const pad = (value: number, length: number) => String(value).padStart(length, "0");
  return Array.from({ length: settings.shards }, (_, shard) =>
    Array.from({ length: perShard }, (_unused, node) =>
      settings.clusterMode
        ? `${replicationGroupId}-${pad(shard + 1, 4)}-${pad(node + 1, 3)}`
        : `${replicationGroupId}-${pad(node + 1, 3)}`,
    ),
  ).flat();
}
