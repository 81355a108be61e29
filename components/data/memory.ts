/**
 * Memory and processors of instance classes, by what AWS's tables of EC2, RDS and ElastiCache say. Tuning, and alarms on a
 * share of a limit, need plain numbers.
 */

/** Units of a size: `large` is 2 vCPU; each further step doubles. */
function vcpusOf(size: string): number | undefined {
  const fixed: Readonly<Record<string, number>> = { nano: 2, micro: 2, small: 2, medium: 2, large: 2, xlarge: 4 };
  const multiple = /^(\d+)xlarge$/.exec(size);
  return fixed[size] ?? (multiple ? Number(multiple[1]) * 4 : undefined);
}

/** GiB of memory for each vCPU, by the family's first letter and what follows it. */
function memoryPerVcpu(family: string): number | undefined {
  if (/^x2g/.test(family)) return 16;
  if (/^x2i?e/.test(family) || /^x8g/.test(family)) return family.startsWith("x8g") ? 16 : 32;
  if (/^r\d/.test(family)) return 8;
  if (/^m\d/.test(family)) return 4;
  if (/^c\d/.test(family)) return 2;
  return undefined;
}

/** Burstable classes do not follow the rule. */
const burstableGiB: Readonly<Record<string, number>> = {
  nano: 0.5,
  micro: 1,
  small: 2,
  medium: 4,
  large: 8,
  xlarge: 16,
  "2xlarge": 32,
};

export interface ClassSize {
  readonly vcpus: number;
  readonly memoryGiB: number;
}

/** Size of an EC2 type (`r6g.large`) or RDS class (`db.r6g.large`); undefined where it is not known. */
export function classSize(instanceClass: string): ClassSize | undefined {
  const match = /^(?:db\.)?([a-z]\d[a-z0-9]*)\.([a-z0-9]+)$/.exec(instanceClass);
  const [, family, size] = match ?? [];
  if (!family || !size) return undefined;
  const vcpus = vcpusOf(size);
  if (vcpus === undefined) return undefined;
  if (/^t[234]/.test(family)) {
    const memoryGiB = burstableGiB[size];
    if (memoryGiB === undefined) return undefined;
    return { vcpus: size === "xlarge" ? 4 : size === "2xlarge" ? 8 : 2, memoryGiB };
  }
  if (size === "nano" || size === "micro" || size === "small") return undefined;
  // m7g.medium and its like have one processor.
  const processors = size === "medium" ? 1 : vcpus;
  const perVcpu = memoryPerVcpu(family);
  return perVcpu === undefined ? undefined : { vcpus: processors, memoryGiB: processors * perVcpu };
}
