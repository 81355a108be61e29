/** Instances of one stack, found by tags; and calls for many instances that survive one bad id. */
import { paginateDescribeInstances, type EC2Client, type Instance } from "@aws-sdk/client-ec2";
import { throttlingCodes } from "./throttling-codes";

/** Which instances a schedule may touch; the IAM policies of its functions say the same. */
export interface Selector {
  readonly project: string;
  readonly stack: string;
  /** Values of the tag `component`. */
  readonly components: readonly string[];
}

/** Tag that exempts an instance from stopping, starting and readiness: any value but empty and `false`. */
export const holdTag = "hold";

/** Most instances in one call: Run Command takes 50 ids, and EC2 asks for small batches. */
export const batchSize = 50;

/** Why an instance could not be handled, by what a person has to do about it. */
export type Problem =
  | "agent-offline"
  | "position-open"
  | "no-drain-hook"
  | "drain-failed"
  | "drain-timed-out"
  | "not-delivered"
  | "no-capacity"
  | "in-auto-scaling-group"
  | "still-changing"
  | "batch-failed"
  | "refused";

/** Ids by problem. */
export type Problems = Partial<Record<Problem, string[]>>;

export function addProblem(problems: Problems, problem: Problem, ids: readonly string[]): void {
  if (ids.length > 0) problems[problem] = [...(problems[problem] ?? []), ...ids];
}

const tagOf = (instance: Instance, key: string) => instance.Tags?.find(({ Key }) => Key === key)?.Value;

export function isHeld(instance: Instance): boolean {
  const value = tagOf(instance, holdTag);
  return value !== undefined && value !== "" && value.toLowerCase() !== "false";
}

/** An instance that Auto Scaling would replace if it were stopped. */
export const isScaled = (instance: Instance) => tagOf(instance, "aws:autoscaling:groupName") !== undefined;

/** The selector's instances in some states; of the given ids only, where they are given. */
export async function findInstances(
  ec2: EC2Client,
  selector: Selector,
  states: readonly string[],
  ids?: readonly string[],
): Promise<Instance[]> {
  const filters = [
    { Name: "tag:project", Values: [selector.project] },
    { Name: "tag:stack", Values: [selector.stack] },
    { Name: "tag:component", Values: [...selector.components] },
    { Name: "instance-state-name", Values: [...states] },
  ];
  const found: Instance[] = [];
  // Ids as a filter, not as InstanceIds: an id that is gone is left out instead of failing the whole call.
  for (const some of ids ? batchesOf(ids) : [undefined]) {
    const all = some ? [...filters, { Name: "instance-id", Values: some }] : filters;
    for await (const page of paginateDescribeInstances({ client: ec2, pageSize: 1000 }, { Filters: all })) {
      for (const reservation of page.Reservations ?? []) found.push(...(reservation.Instances ?? []));
    }
  }
  return found;
}

export const idOf = (instance: Instance) => instance.InstanceId ?? "";

export function batchesOf<T>(items: readonly T[], size = batchSize): T[][] {
  const batches: T[][] = [];
  for (let start = 0; start < items.length; start += size) batches.push(items.slice(start, start + size));
  return batches;
}

export class Throttled extends Error {
  override readonly name = "Throttled";
}

export const codeOf = (error: unknown) => (error instanceof Error ? error.name : "Unknown");

/** One id that a call failed for, and AWS's error code. */
export interface FailedId {
  readonly id: string;
  readonly code: string;
}

/**
 * Calls with all ids, and where that fails with halves, so that one invalid id costs itself and not its batch.
 * @throws Throttled where AWS asked for patience even after the client's own retries
 */
export async function bisect(ids: readonly string[], call: (ids: string[]) => Promise<void>): Promise<FailedId[]> {
  if (ids.length === 0) return [];
  try {
    await call([...ids]);
    return [];
  } catch (error) {
    const code = codeOf(error);
    if (throttlingCodes.has(code)) throw new Throttled(`${code}: ${error instanceof Error ? error.message : ""}`);
    const [only] = ids;
    if (ids.length === 1 && only !== undefined) return [{ id: only, code }];
    const middle = Math.ceil(ids.length / 2);
    return [...(await bisect(ids.slice(0, middle), call)), ...(await bisect(ids.slice(middle), call))];
  }
}
