import type { Issue } from "../common/validation";
import { classSize, type ClassSize } from "./memory";

/**
 * PostgreSQL parameters with their units. People write PostgreSQL's own units (`4GB`, `64MB`, `250ms`); RDS parameter groups
 * take bare numbers in each parameter's base unit, and a number without a unit means something else for each of them.
 */

/** What a parameter counts in, by PostgreSQL 15's `pg_settings.unit`, and whether it needs a restart. */
interface ParameterKind {
  readonly unit: "8kB" | "kB" | "MB" | "ms" | "s" | "number" | "flag" | "text";
  readonly restart: boolean;
}

const parameter = (unit: ParameterKind["unit"], restart = false): ParameterKind => ({ unit, restart });

/** The parameters that may be tuned. */
export const parameterKinds: Readonly<Record<string, ParameterKind>> = {
  autovacuum_max_workers: parameter("number", true),
  autovacuum_vacuum_cost_limit: parameter("number"),
  autovacuum_vacuum_scale_factor: parameter("number"),
  checkpoint_completion_target: parameter("number"),
  checkpoint_timeout: parameter("s"),
  default_statistics_target: parameter("number"),
  effective_cache_size: parameter("8kB"),
  effective_io_concurrency: parameter("number"),
  idle_in_transaction_session_timeout: parameter("ms"),
  lock_timeout: parameter("ms"),
  log_connections: parameter("flag"),
  log_disconnections: parameter("flag"),
  log_lock_waits: parameter("flag"),
  log_min_duration_statement: parameter("ms"),
  maintenance_work_mem: parameter("kB"),
  max_connections: parameter("number", true),
  max_locks_per_transaction: parameter("number", true),
  max_parallel_workers: parameter("number"),
  max_parallel_workers_per_gather: parameter("number"),
  max_wal_size: parameter("MB"),
  max_worker_processes: parameter("number", true),
  min_wal_size: parameter("MB"),
  random_page_cost: parameter("number"),
  shared_buffers: parameter("8kB", true),
  statement_timeout: parameter("ms"),
  temp_buffers: parameter("8kB"),
  "timescaledb.max_background_workers": parameter("number", true),
  track_io_timing: parameter("flag"),
  wal_buffers: parameter("8kB", true),
  work_mem: parameter("kB"),
};

export type ParameterValue = string | number | boolean;

const bytesOf: Readonly<Record<string, number>> = {
  kB: 2 ** 10,
  MB: 2 ** 20,
  GB: 2 ** 30,
  TB: 2 ** 40,
  "8kB": 2 ** 13,
};
const millisecondsOf: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** What a value would have to look like, by unit. */
function allowedFor(unit: ParameterKind["unit"]): string {
  if (unit === "number") return "a number";
  if (unit === "flag") return "true or false";
  if (unit === "ms" || unit === "s") return "a time with its unit: ms, s, min, h or d, such as 250ms";
  return unit === "text" ? "text" : "a size with its unit: kB, MB, GB or TB, such as 64MB";
}

/** The number of base units in a value, or why it is none. */
export function inBaseUnits(name: string, value: ParameterValue): { value: string } | { problem: string } {
  const kind = parameterKinds[name];
  if (!kind) return { problem: "is not a parameter that can be tuned here" };
  if (kind.unit === "text") return { value: String(value) };
  if (kind.unit === "flag") {
    return typeof value === "boolean" ? { value: value ? "1" : "0" } : { problem: "is not true or false" };
  }
  if (kind.unit === "number") {
    return typeof value === "number" && Number.isFinite(value)
      ? { value: String(value) }
      : { problem: "is not a number" };
  }
  const scale = kind.unit === "ms" || kind.unit === "s" ? millisecondsOf : bytesOf;
  if (typeof value === "number") return { problem: `has no unit; a bare number would count ${kind.unit}` };
  const [, digits = "", unit = ""] = /^(\d+)([a-zA-Z]+)$/.exec(String(value)) ?? [];
  const factor = unit === "8kB" ? undefined : scale[unit];
  if (factor === undefined) return { problem: "has no unit that PostgreSQL knows" };
  const count = (Number(digits) * factor) / (scale[kind.unit] ?? 1);
  if (!Number.isInteger(count)) return { problem: `is no whole number of ${kind.unit}` };
  return { value: String(count) };
}

/** Kinds of load, each with its computed parameters. */
export const tuningProfiles = ["web", "analytics", "timeseries"] as const;
export type TuningProfile = (typeof tuningProfiles)[number];

export interface TuningSettings {
  /** `web`: many short transactions; `analytics`: few long reads; `timeseries`: steady inserts and range reads. */
  readonly profile: TuningProfile;
  /** Parameters that win over the profile's, in PostgreSQL's units. @default none */
  readonly parameters?: Readonly<Record<string, ParameterValue>>;
}

const atMost = (limit: number, value: number) => Math.min(limit, Math.floor(value));
const megabytes = (count: number) => `${Math.max(1, Math.floor(count))}MB`;

/** Connections of a profile: RDS's own rule (memory / 9,531,392 bytes, at most 5,000) for `web`, far fewer for the others. */
function connectionsOf(profile: TuningProfile, memoryGiB: number): number {
  const byMemory = atMost(5000, (memoryGiB * 2 ** 30) / 9_531_392);
  if (profile === "web") return byMemory;
  return profile === "analytics" ? Math.min(100, byMemory) : Math.min(200, byMemory);
}

/** The parameters of a profile on a class, in PostgreSQL's units; shares of memory as PostgreSQL's documentation advises. */
export function profileParameters(profile: TuningProfile, size: ClassSize): Record<string, ParameterValue> {
  const memoryMiB = size.memoryGiB * 1024;
  const connections = connectionsOf(profile, size.memoryGiB);
  const perConnection = memoryMiB / (profile === "web" ? 16 : 4) / connections;
  return {
    max_connections: connections,
    shared_buffers: megabytes(memoryMiB / 4),
    effective_cache_size: megabytes((memoryMiB * 3) / 4),
    work_mem: megabytes(Math.max(4, perConnection)),
    maintenance_work_mem: megabytes(Math.min(2048, memoryMiB / 16)),
    max_wal_size: profile === "web" ? "4GB" : "16GB",
    checkpoint_timeout: "15min",
    checkpoint_completion_target: 0.9,
    random_page_cost: 1.1,
    effective_io_concurrency: 200,
    default_statistics_target: profile === "analytics" ? 500 : 100,
    max_parallel_workers_per_gather: profile === "analytics" ? Math.max(2, size.vcpus / 2) : 2,
    log_lock_waits: true,
    log_min_duration_statement: "1s",
    idle_in_transaction_session_timeout: "10min",
    ...(profile === "timeseries" ? { autovacuum_max_workers: 5, max_worker_processes: 16 } : {}),
  };
}

/** A parameter as a parameter group takes it. */
export interface ServerParameter {
  readonly name: string;
  readonly value: string;
  readonly applyMethod: "immediate" | "pending-reboot";
}

/** All parameters of a database: the profile's, then the user's, sorted by name, in PostgreSQL's units. */
export function tunedParameters(tuning: TuningSettings, instanceClass: string): Record<string, ParameterValue> {
  const size = classSize(instanceClass);
  if (!size) throw new Error(`no size known of ${instanceClass}`);
  const all = { ...profileParameters(tuning.profile, size), ...tuning.parameters };
  return Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The parameters in base units, as RDS wants them. */
export function serverParameters(tuning: TuningSettings, instanceClass: string): ServerParameter[] {
  return Object.entries(tunedParameters(tuning, instanceClass)).map(([name, value]) => {
    const converted = inBaseUnits(name, value);
    if ("problem" in converted) throw new Error(`${name} ${converted.problem}`);
    return {
      name,
      value: converted.value,
      applyMethod: parameterKinds[name]?.restart ? "pending-reboot" : "immediate",
    };
  });
}

/** The connections that the server takes at most: what the alarm's 80 % are computed from. */
export function maxConnections(tuning: TuningSettings, instanceClass: string): number {
  return Number(tunedParameters(tuning, instanceClass).max_connections);
}

function bytes(tuned: Readonly<Record<string, ParameterValue>>, name: string): number {
  const converted = inBaseUnits(name, tuned[name] ?? 0);
  return "value" in converted ? Number(converted.value) * (bytesOf[parameterKinds[name]?.unit ?? ""] ?? 1) : 0;
}

/** What is wrong with a tuning on an instance class; paths begin with `tuning`. */
export function checkTuning(tuning: TuningSettings, instanceClass: string, classPath: string): Issue[] {
  const issues: Issue[] = [];
  for (const [name, value] of Object.entries(tuning.parameters ?? {})) {
    const converted = inBaseUnits(name, value);
    if ("value" in converted) continue;
    const kind = parameterKinds[name];
    issues.push({
      path: `tuning.parameters.${name}`,
      problem: converted.problem,
      value,
      allowed: kind ? allowedFor(kind.unit) : Object.keys(parameterKinds).join(", "),
    });
  }
  const size = classSize(instanceClass);
  if (!size) {
    issues.push({
      path: classPath,
      problem: "is not a class whose memory is known",
      value: instanceClass,
      allowed: "t3, t4g, m, r, c and x2 classes such as r6g.large (with db. in front for RDS)",
      fix: "Choose a class of these families; tuning and alarms are computed from its memory.",
    });
  }
  if (issues.length > 0 || !size) return issues;
  const tuned = tunedParameters(tuning, instanceClass);
  const memory = size.memoryGiB * 2 ** 30;
  const shared = bytes(tuned, "shared_buffers");
  if (shared > memory / 2) {
    issues.push({
      path: "tuning.parameters.shared_buffers",
      problem: `is more than half of the memory of ${instanceClass} (${size.memoryGiB} GiB): the server would not start, or starve`,
      value: tuned.shared_buffers,
      allowed: `at most ${Math.floor((size.memoryGiB / 2) * 1024)}MB; a quarter is usual`,
    });
  }
  if (bytes(tuned, "effective_cache_size") > memory) {
    issues.push({
      path: "tuning.parameters.effective_cache_size",
      problem: `is more than the memory of ${instanceClass} (${size.memoryGiB} GiB)`,
      value: tuned.effective_cache_size,
      allowed: `at most ${size.memoryGiB * 1024}MB; three quarters are usual`,
    });
  }
  const connections = Number(tuned.max_connections);
  if (!Number.isInteger(connections) || connections < 6 || connections > 8388607) {
    issues.push({
      path: "tuning.parameters.max_connections",
      problem: "is no number of connections",
      value: connections,
      allowed: "6 to 8388607",
    });
  } else if (bytes(tuned, "work_mem") * connections > memory * 2) {
    issues.push({
      path: "tuning.parameters.work_mem",
      problem: `times max_connections (${connections}) is more than twice the memory of ${instanceClass}`,
      value: tuned.work_mem,
      allowed: `at most ${Math.floor((size.memoryGiB * 2048) / connections)}MB with so many connections`,
    });
  }
  return issues;
}
