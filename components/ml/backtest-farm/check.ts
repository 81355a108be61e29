import type { Issue } from "../../common/validation";
import { vcpusOf, type Demand } from "../quotas";

/** A backtest farm in plain values. */
export interface BacktestSettings {
  /** Container image of the jobs; without a registry, a repository of the account's own ECR. */
  readonly image: string;
  /** Families or types that instances are chosen from; several make interruptions rarer. */
  readonly instanceTypes: readonly string[];
  /** vCPUs that run at once at most on spot capacity, and in addition on demand. */
  readonly maxSpotVcpus: number;
  readonly maxOnDemandVcpus: number;
  /** vCPUs and memory of a job that asks for nothing else. */
  readonly jobVcpus: number;
  readonly jobMemoryMiB: number;
  /** Hours after which a job is ended. */
  readonly jobHours: number;
  /** Times that a job is started, where AWS took its instance back. */
  readonly attempts: number;
  /** USD a month after which the queue takes no more jobs. */
  readonly monthlyCapUsd: number;
}

const family = /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)?$/;

/** Mistakes in a farm's settings; paths are those of the section. */
export function checkBacktest(settings: BacktestSettings): Issue[] {
  const issues: Issue[] = [];
  settings.instanceTypes.forEach((type, index) => {
    if (!family.test(type)) {
      issues.push({
        path: `instanceTypes[${index}]`,
        problem: "is neither a family nor an instance type",
        value: type,
        allowed: "a family such as c7i, or a type such as c7i.4xlarge",
      });
    }
    const size = type.includes(".") ? vcpusOf(type) : undefined;
    if (size !== undefined && size < settings.jobVcpus) {
      issues.push({
        path: `instanceTypes[${index}]`,
        problem: `has ${size} vCPUs, and a job asks for ${settings.jobVcpus}: it would wait for ever`,
        value: type,
        fix: "Take a larger type, or lower backtest.jobVcpus.",
      });
    }
  });
  const most = Math.max(settings.maxSpotVcpus, settings.maxOnDemandVcpus);
  if (settings.jobVcpus > most) {
    issues.push({
      path: "jobVcpus",
      problem: "is more than may run at once: a job would wait for ever",
      value: settings.jobVcpus,
      allowed: `at most ${most} (maxSpotVcpus, maxOnDemandVcpus)`,
    });
  }
  return issues;
}

/** What the farm asks of the account's quotas when it is full; families count by their first. */
export function backtestDemands(settings: BacktestSettings): Demand[] {
  const [first = "c7i"] = settings.instanceTypes;
  const instanceType = first.includes(".") ? first : `${first}.xlarge`;
  return [
    { path: "backtest.maxSpotVcpus", instanceType, spot: true, vcpus: settings.maxSpotVcpus },
    { path: "backtest.maxOnDemandVcpus", instanceType, spot: false, vcpus: settings.maxOnDemandVcpus },
  ].filter(({ vcpus }) => vcpus > 0);
}
