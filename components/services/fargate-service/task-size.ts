/** Sizes of Fargate tasks. Source: Amazon ECS developer guide, "Fargate task CPU and memory options" (Linux). */
import type { Issue } from "../../common/validation";

/** One CPU size and the memory it goes with. */
interface SizeRow {
  readonly cpuUnits: number;
  /** Memory choices in MiB: single ones, or from-to in steps. */
  readonly memoryMiB: readonly number[];
}

function steps(fromGiB: number, toGiB: number, stepGiB: number): number[] {
  const sizes: number[] = [];
  for (let size = fromGiB; size <= toGiB; size += stepGiB) sizes.push(size * 1024);
  return sizes;
}

/** Fargate's table: CPU units (1,024 are one vCPU) and the memory sizes each can have. */
export const taskSizes: readonly SizeRow[] = [
  { cpuUnits: 256, memoryMiB: [512, 1024, 2048] },
  { cpuUnits: 512, memoryMiB: steps(1, 4, 1) },
  { cpuUnits: 1024, memoryMiB: steps(2, 8, 1) },
  { cpuUnits: 2048, memoryMiB: steps(4, 16, 1) },
  { cpuUnits: 4096, memoryMiB: steps(8, 30, 1) },
  { cpuUnits: 8192, memoryMiB: steps(16, 60, 4) },
  { cpuUnits: 16384, memoryMiB: steps(32, 120, 8) },
];

/** The smallest size with at least so much of both; undefined where Fargate has none. */
export function nextTaskSize(cpuUnits: number, memoryMiB: number): { cpuUnits: number; memoryMiB: number } | undefined {
  for (const row of taskSizes.filter((one) => one.cpuUnits >= cpuUnits)) {
    const memory = row.memoryMiB.find((size) => size >= memoryMiB);
    if (memory !== undefined) return { cpuUnits: row.cpuUnits, memoryMiB: memory };
  }
  return undefined;
}

function sizeList(sizes: readonly number[]): string {
  const [first, second] = sizes;
  const last = sizes.at(-1);
  if (first === undefined || second === undefined || last === undefined) return String(first);
  const step = second - first;
  const even = sizes.every((size, index) => size === first + index * step);
  return even && sizes.length > 3 ? `${first} to ${last} in steps of ${step}` : sizes.join(", ");
}

/** What is wrong with a task's size; names the sizes that go with the CPU, and the next size that holds both. */
export function taskSizeIssues(cpuUnits: number, memoryMiB: number, path = ""): Issue[] {
  const at = (field: string) => (path ? `${path}.${field}` : field);
  const row = taskSizes.find((one) => one.cpuUnits === cpuUnits);
  const next = nextTaskSize(cpuUnits, memoryMiB);
  const fix = next
    ? `The next size that holds both: cpuUnits ${next.cpuUnits} with memoryMiB ${next.memoryMiB}.`
    : "Fargate has no size that holds both: split the work over more tasks, or run it on EC2.";
  if (!row)
    return [
      {
        path: at("cpuUnits"),
        problem: "is not a CPU size of Fargate",
        value: cpuUnits,
        allowed: taskSizes.map((one) => one.cpuUnits).join(", "),
        fix,
      },
    ];
  if (row.memoryMiB.includes(memoryMiB)) return [];
  return [
    {
      path: at("memoryMiB"),
      problem: `does not go with ${cpuUnits} CPU units on Fargate`,
      value: memoryMiB,
      allowed: sizeList(row.memoryMiB),
      fix,
    },
  ];
}
