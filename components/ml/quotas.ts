/** EC2's quotas on vCPUs: which one an instance type counts against, and how much of it a plan needs. */
import type { Issue } from "../common/validation";

/** A quota as Service Quotas names it, for the service `ec2`. */
export interface Quota {
  readonly code: string;
  readonly name: string;
}

const quota = (code: string, name: string): Quota => ({ code, name });

/** By the first letters of the family; source: Service Quotas' list for EC2. */
const quotas: readonly (readonly [families: RegExp, onDemand: Quota, spot: Quota])[] = [
  [
    /^(g|vt)\d/,
    quota("L-DB2E81BA", "Running On-Demand G and VT instances"),
    quota("L-3819A6DF", "All G and VT Spot Instance Requests"),
  ],
  [/^p5/, quota("L-417A185B", "Running On-Demand P instances"), quota("L-C4BD4855", "All P5 Spot Instance Requests")],
  [
    /^p\d/,
    quota("L-417A185B", "Running On-Demand P instances"),
    quota("L-7212CCBC", "All P4, P3 and P2 Spot Instance Requests"),
  ],
  [
    /^[acdhimrtz]\d/,
    quota("L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances"),
    quota("L-34B43A08", "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests"),
  ],
];

/** The quota of an instance type; undefined for a family that is not in the table. */
export function quotaOf(instanceType: string, spot: boolean): Quota | undefined {
  const row = quotas.find(([families]) => families.test(instanceType));
  return row?.[spot ? 2 : 1];
}

const smallSizes: Readonly<Record<string, number>> = { medium: 1, large: 2, xlarge: 4 };

/** vCPUs of an instance type by its size (4 an `xlarge`); undefined for bare metal and for sizes of T2 and T3 below large. */
export function vcpusOf(instanceType: string): number | undefined {
  const size = instanceType.split(".")[1] ?? "";
  const times = /^(\d+)xlarge$/.exec(size)?.[1];
  return times === undefined ? smallSizes[size] : Number(times) * 4;
}

/** What a section runs at most. */
export interface Demand {
  /** Key path in the stack file, such as `gpu.trainers.nightly`. */
  readonly path: string;
  readonly instanceType: string;
  readonly spot: boolean;
  readonly vcpus: number;
}

/** A quota and what is asked of it. */
export interface QuotaDemand {
  readonly quota: Quota;
  readonly vcpus: number;
  readonly paths: readonly string[];
}

/** Adds demands up by quota. */
export function demandsByQuota(demands: readonly Demand[]): QuotaDemand[] {
  const sums = new Map<string, { quota: Quota; vcpus: number; paths: string[] }>();
  for (const { path, instanceType, spot, vcpus } of demands) {
    const asked = quotaOf(instanceType, spot);
    if (!asked) continue;
    const sum = sums.get(asked.code) ?? { quota: asked, vcpus: 0, paths: [] };
    sum.vcpus += vcpus;
    sum.paths.push(path);
    sums.set(asked.code, sum);
  }
  return [...sums.values()];
}

/** What stands against a demand, given what the account is allowed. */
export function quotaIssue({ quota: asked, vcpus, paths }: QuotaDemand, allowed: number, region: string): Issue[] {
  if (vcpus <= allowed) return [];
  return [
    {
      path: paths.join(", "),
      problem: `needs ${vcpus} vCPUs of EC2's quota "${asked.name}" (${asked.code}), and this account has ${allowed} in ${region}`,
      value: vcpus,
      allowed: `at most ${allowed} vCPUs`,
      fix: `aws service-quotas request-service-quota-increase --service-code ec2 --quota-code ${asked.code} --desired-value ${vcpus} --region ${region}`,
    },
  ];
}
