import type { CommandInvocation } from "@aws-sdk/client-ssm";
import { addProblem, type Problem, type Problems } from "../common/instances";
import { hookStatus } from "./hook-status";

/** A batch on its way through draining. */
export interface Draining {
  readonly action: "stop";
  readonly ids: string[];
  /** Commands sent for this batch: one, or more where ids had to be separated. */
  readonly commandIds: string[];
  /** Ids whose command has not ended. */
  readonly waiting: string[];
  readonly drained: string[];
  readonly problems: Problems;
  /** Epoch milliseconds after which whatever still waits has timed out. */
  readonly deadline: number;
  readonly finished: boolean;
}

const running = new Set(["Pending", "InProgress", "Delayed", "Cancelling"]);

/** What an invocation says: still running, drained, or a problem. */
export function outcomeOf(invocation: CommandInvocation): "waiting" | "drained" | Problem {
  const { Status: status = "Pending", StatusDetails: details = "" } = invocation;
  if (running.has(status)) return "waiting";
  if (status === "Success") return "drained";
  if (details === "DeliveryTimedOut" || details === "Undeliverable" || details === "InvalidPlatform") {
    return "not-delivered";
  }
  if (status === "TimedOut") return "drain-timed-out";
  if (status === "Cancelled") return "not-delivered";
  switch (invocation.CommandPlugins?.at(-1)?.ResponseCode) {
    case hookStatus.positionOpen:
      return "position-open";
    case hookStatus.noHook:
      return "no-drain-hook";
    default:
      return "drain-failed";
  }
}

/** The batch after looking at its invocations. An id that is not listed yet waits: the listing lags behind. */
export function advance(batch: Draining, invocations: readonly CommandInvocation[], now: number): Draining {
  const outcomes = new Map(invocations.map((one) => [one.InstanceId ?? "", outcomeOf(one)]));
  const problems: Problems = { ...batch.problems };
  const drained = [...batch.drained];
  const waiting: string[] = [];
  for (const id of batch.waiting) {
    const outcome = outcomes.get(id) ?? "waiting";
    if (outcome === "drained") drained.push(id);
    else if (outcome !== "waiting") addProblem(problems, outcome, [id]);
    else if (now >= batch.deadline) addProblem(problems, "drain-timed-out", [id]);
    else waiting.push(id);
  }
  return { ...batch, drained, problems, waiting, finished: waiting.length === 0 };
}
