import * as pulumi from "@pulumi/pulumi";
import type { Cloud } from "../../components/common/iam";
import { planAccountId, planAnswers } from "../../plan/evaluate/answers";
import { runProgram, type RecordedResource, type RunResult } from "../../plan/evaluate/monitor";

/** The account and Region that component tests run in. */
export const testCloud: Cloud = { accountId: planAccountId, region: "us-east-1", partition: "aws" };

/** What a test program registered, with look-ups that fail loudly. */
export class Registered {
  constructor(readonly result: RunResult) {}

  get resources(): readonly RecordedResource[] {
    return this.result.resources;
  }

  /** All resources of a type, such as `aws:ec2/subnet:Subnet`. */
  ofType(type: string): readonly RecordedResource[] {
    return this.resources.filter((resource) => resource.type === type);
  }

  /** The one resource of a type whose name ends so; throws unless there is exactly one. */
  one(type: string, nameEnding = ""): RecordedResource {
    const found = this.ofType(type).filter(({ name }) => name.endsWith(nameEnding));
    if (found.length !== 1 || !found[0]) {
      const names = this.ofType(type).map(({ name }) => name);
      throw new Error(`${found.length} of ${type} end with "${nameEnding}"; there are: ${names.join(", ") || "none"}`);
    }
    return found[0];
  }

  /** Number of resources by type, for exact counts. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { type } of this.resources) counts[type] = (counts[type] ?? 0) + 1;
    return counts;
  }
}

/** Runs a program of components with the planner's answers and returns what it registered, after everything settled. */
export async function register(program: () => unknown, stack = "test"): Promise<Registered> {
  const result = await runProgram(program, {
    project: "trading-platform",
    stack,
    config: { "aws:region": testCloud.region },
    answers: planAnswers(testCloud.region),
  });
  return new Registered(result);
}

/** The plain value of a recorded input, secret or not. */
export function plain(value: unknown): unknown {
  if (value !== null && typeof value === "object" && pulumi.runtime.specialSigKey in value) {
    return (value as unknown as { value: unknown }).value;
  }
  return value;
}
