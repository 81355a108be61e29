/** Definitions of the two state machines in Amazon States Language; pure, so that tests can run them. */

import { throttlingCodes } from "../../../lambdas/common/throttling-codes";

/** ARNs of the functions that the machines call. */
export interface StepFunctions {
  readonly decide: string;
  readonly find: string;
  readonly drain: string;
  readonly power: string;
  readonly report: string;
}

type State = Readonly<Record<string, unknown>>;

/** Errors that come and go: Lambda's own, and AWS asking for patience. */
const retry = [
  {
    ErrorEquals: [
      "Throttled",
      ...throttlingCodes,
      "Lambda.ServiceException",
      "Lambda.AWSLambdaException",
      "Lambda.SdkClientException",
      "Lambda.TooManyRequestsException",
      "Lambda.Unknown",
    ],
    IntervalSeconds: 5,
    MaxAttempts: 8,
    BackoffRate: 2,
    MaxDelaySeconds: 120,
    JitterStrategy: "FULL",
  },
];

const task = (resource: string, next: string, more: State = {}): State => ({
  Type: "Task",
  Resource: resource,
  TimeoutSeconds: 180,
  Retry: retry,
  Next: next,
  ...more,
});

/** A batch whose function failed for good does not stall the others: its ids become a problem. */
const batchFailed: Readonly<Record<string, State>> = {
  BatchFailed: {
    Type: "Pass",
    Parameters: { done: 0, problems: { "batch-failed.$": "$.ids" } },
    End: true,
  },
};
const caught = { Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: "$.error", Next: "BatchFailed" }] };

/** What a batch leaves: its state would not fit 256 KiB a hundred times. */
const batchDone: State = {
  Type: "Pass",
  Parameters: { "done.$": "$.done", "problems.$": "$.problems" },
  End: true,
};

/** Batches that are handled at once; 8 x 50 instances keep within EC2's and Run Command's request rates. */
export const concurrentBatches = 8;

function machine(
  action: "start" | "stop",
  functions: StepFunctions,
  batch: { StartAt: string; States: Readonly<Record<string, State>> },
  timeoutSeconds: number,
) {
  return {
    Comment: action === "start" ? "Starts a stack's instances" : "Drains and stops a stack's instances",
    TimeoutSeconds: timeoutSeconds,
    StartAt: "Request",
    States: {
      Request: {
        Type: "Pass",
        Comment: "The execution's ARN is the holder of the lock",
        Parameters: { action, "input.$": "$", "execution.$": "$$.Execution.Id" },
        Next: "HasTime",
      },
      HasTime: {
        Type: "Choice",
        Choices: [{ Variable: "$.input.scheduledTime", IsPresent: true, Next: "Scheduled" }],
        Default: "Decide",
      },
      Scheduled: {
        Type: "Pass",
        Parameters: {
          action,
          "scheduledTime.$": "$.input.scheduledTime",
          "execution.$": "$.execution",
        },
        Next: "Decide",
      },
      Decide: task(functions.decide, "Act"),
      Act: {
        Type: "Choice",
        Choices: [{ Variable: "$.act", BooleanEquals: true, Next: "Find" }],
        Default: "NothingToDo",
      },
      NothingToDo: { Type: "Succeed" },
      Find: task(functions.find, "Batches"),
      Batches: {
        Type: "Map",
        ItemsPath: "$.batches",
        ItemSelector: { action, "ids.$": "$$.Map.Item.Value" },
        MaxConcurrency: concurrentBatches,
        ToleratedFailurePercentage: 100,
        ItemProcessor: {
          // Distributed: every batch has a history of its own, and 5,000 instances do not fill the parent's 25,000 events.
          ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
          ...batch,
        },
        ResultPath: "$.results",
        Next: "Forget",
      },
      Forget: {
        Type: "Pass",
        Comment: "The ids are in the results now",
        Result: [],
        ResultPath: "$.batches",
        Next: "Again",
      },
      Again: {
        Type: "Choice",
        Choices: [{ Variable: "$.again", BooleanEquals: true, Next: "LetThemChange" }],
        Default: "Report",
      },
      LetThemChange: { Type: "Wait", Seconds: 60, Next: "Find" },
      Report: task(functions.report, "Verdict"),
      Verdict: {
        Type: "Choice",
        Choices: [{ Variable: "$.ok", BooleanEquals: true, Next: "Done" }],
        Default: "NotAll",
      },
      Done: { Type: "Succeed" },
      NotAll: { Type: "Fail", Error: "InstancesLeft", CausePath: "$.text" },
    },
  };
}

/** Seconds beyond the drain's own limit that a stop may take: five passes, throttled calls, many batches in turn. */
const stopReserveSeconds = 7200;

/** Find, drain through Run Command, wait, stop what was drained, report. */
export function stopMachine(functions: StepFunctions, drainSeconds: number) {
  return machine(
    "stop",
    functions,
    {
      StartAt: "Drain",
      States: {
        Drain: task(functions.drain, "Drained", caught),
        Drained: {
          Type: "Choice",
          Choices: [{ Variable: "$.finished", BooleanEquals: true, Next: "Stop" }],
          Default: "Wait",
        },
        Wait: { Type: "Wait", Seconds: 15, Next: "Drain" },
        Stop: task(functions.power, "BatchDone", caught),
        BatchDone: batchDone,
        ...batchFailed,
      },
    },
    drainSeconds + stopReserveSeconds,
  );
}

/** Find, start, try again what found no capacity, report. */
export function startMachine(functions: StepFunctions) {
  return machine(
    "start",
    functions,
    {
      StartAt: "Start",
      States: {
        Start: task(functions.power, "Started", caught),
        Started: {
          Type: "Choice",
          Choices: [{ Variable: "$.finished", BooleanEquals: true, Next: "BatchDone" }],
          Default: "WaitForCapacity",
        },
        WaitForCapacity: { Type: "Wait", Seconds: 120, Next: "Start" },
        BatchDone: batchDone,
        ...batchFailed,
      },
    },
    3600,
  );
}
