/**
 * Runs the subset of Amazon States Language that the platform's state machines use, with functions in place of Lambda
 * ARNs. Waits take no time but move a clock. A field that it does not know is an error, never skipped.
 */

/** What a run did. */
export interface Run {
  readonly output: unknown;
  /** Error and cause of a Fail state, or of a task that nothing caught. */
  readonly failure?: { readonly error: string; readonly cause: string };
  /** Names of the states in order; batches in order of their index. */
  readonly visited: readonly string[];
  readonly waitedSeconds: number;
  /** Size in bytes of the largest state between two steps; AWS ends an execution above 262,144. */
  readonly largestState: number;
}

export interface Runner {
  /** Functions by the ARN that the definition names. */
  readonly functions: Readonly<Record<string, (input: never) => Promise<unknown>>>;
  readonly execution?: string;
  /** Called for each Wait. */
  readonly onWait?: (seconds: number) => void;
}

type Json = Record<string, unknown>;
interface Definition {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, Json>>;
}

class StateError extends Error {
  constructor(
    readonly error: string,
    override readonly cause: string,
  ) {
    super(`${error}: ${cause}`);
  }
}

const knownFields: Readonly<Record<string, readonly string[]>> = {
  Task: ["Resource", "TimeoutSeconds", "Retry", "Catch"],
  Pass: ["Parameters", "Result", "ResultPath"],
  Choice: ["Choices", "Default"],
  Wait: ["Seconds"],
  Map: ["ItemsPath", "ItemSelector", "MaxConcurrency", "ToleratedFailurePercentage", "ItemProcessor", "ResultPath"],
  Succeed: [],
  Fail: ["Error", "CausePath"],
};

function read(path: string, state: unknown): unknown {
  let at: unknown = state;
  for (const step of path.split(".").slice(1)) {
    if (at === null || typeof at !== "object" || !(step in at)) {
      throw new StateError("States.ParameterPathFailure", `${path} is not in ${JSON.stringify(state).slice(0, 200)}`);
    }
    at = (at as Json)[step];
  }
  return at;
}

const has = (path: string, state: unknown) => {
  try {
    read(path, state);
    return true;
  } catch {
    return false;
  }
};

function fill(template: unknown, state: unknown, context: unknown): unknown {
  if (Array.isArray(template)) return template.map((one) => fill(one, state, context));
  if (template === null || typeof template !== "object") return template;
  return Object.fromEntries(
    Object.entries(template as Json).map(([key, value]) => {
      if (!key.endsWith(".$")) return [key, fill(value, state, context)];
      const path = String(value);
      return [key.slice(0, -2), path.startsWith("$$") ? read(path.slice(1), context) : read(path, state)];
    }),
  );
}

function put(path: string | undefined, state: unknown, result: unknown): unknown {
  if (path === undefined) return result;
  const key = /^\$\.(\w+)$/.exec(path)?.[1];
  if (!key) throw new Error(`the runner does not know the ResultPath ${path}`);
  return { ...(state as Json), [key]: result };
}

const matches = (rules: unknown, error: string) =>
  ((rules ?? []) as { ErrorEquals: string[] }[]).find(
    ({ ErrorEquals }) => ErrorEquals.includes(error) || ErrorEquals.includes("States.ALL"),
  );

/** Runs a definition to its end. */
export async function runStateMachine(definition: Definition, input: unknown, runner: Runner): Promise<Run> {
  const visited: string[] = [];
  let waitedSeconds = 0;
  let largestState = 0;

  async function task(state: Json, value: unknown): Promise<unknown> {
    const call = runner.functions[String(state.Resource)];
    if (!call) throw new Error(`the runner has no function for ${String(state.Resource)}`);
    for (let attempt = 0; ; attempt++) {
      try {
        // Through JSON, as Lambda does it.
        return JSON.parse(JSON.stringify(await call(JSON.parse(JSON.stringify(value)) as never))) as unknown;
      } catch (error) {
        const name = error instanceof Error ? error.name : "Error";
        const retry = matches(state.Retry, name) as unknown as { MaxAttempts: number } | undefined;
        if (retry && attempt < retry.MaxAttempts) continue;
        throw new StateError(name, error instanceof Error ? error.message : String(error));
      }
    }
  }

  async function step(state: Json, value: unknown, index: unknown): Promise<{ value: unknown; next?: string }> {
    const next = state.Next as string | undefined;
    const context = { Execution: { Id: runner.execution ?? "execution" }, Map: { Item: { Value: index } } };
    switch (state.Type) {
      case "Task":
        try {
          return { value: await task(state, value), next };
        } catch (error) {
          if (!(error instanceof StateError)) throw error;
          const caught = matches(state.Catch, error.error) as unknown as
            { ResultPath: string; Next: string } | undefined;
          if (!caught) throw error;
          const details = { Error: error.error, Cause: error.cause };
          return { value: put(caught.ResultPath, value, details), next: caught.Next };
        }
      case "Pass": {
        const result = "Result" in state ? state.Result : fill(state.Parameters ?? value, value, context);
        return { value: put(state.ResultPath as string | undefined, value, result), next };
      }
      case "Choice": {
        for (const choice of state.Choices as Json[]) {
          const path = String(choice.Variable);
          const yes =
            "IsPresent" in choice ? has(path, value) === choice.IsPresent : read(path, value) === choice.BooleanEquals;
          if (yes) return { value, next: String(choice.Next) };
        }
        return { value, next: String(state.Default) };
      }
      case "Wait":
        waitedSeconds += Number(state.Seconds);
        runner.onWait?.(Number(state.Seconds));
        return { value, next };
      case "Map": {
        const results: unknown[] = [];
        for (const item of read(String(state.ItemsPath), value) as unknown[]) {
          const itemContext = { ...context, Map: { Item: { Value: item } } };
          results.push(
            await run(state.ItemProcessor as Definition, fill(state.ItemSelector, value, itemContext), item),
          );
        }
        return { value: put(state.ResultPath as string | undefined, value, results), next };
      }
      case "Succeed":
        return { value };
      case "Fail":
        throw new StateError(String(state.Error), String(read(String(state.CausePath), value)));
      default:
        throw new Error(`the runner does not know the state type ${String(state.Type)}`);
    }
  }

  async function run(machine: Definition, start: unknown, item?: unknown): Promise<unknown> {
    let value = start;
    let name: string | undefined = machine.StartAt;
    while (name) {
      const state: Json | undefined = machine.States[name];
      if (!state) throw new Error(`there is no state ${name}`);
      const unknown = Object.keys(state).filter(
        (key) => !["Type", "Next", "End", "Comment", ...(knownFields[String(state.Type)] ?? [])].includes(key),
      );
      if (unknown.length > 0) throw new Error(`the runner does not know ${unknown.join(", ")} of ${name}`);
      visited.push(name);
      const outcome = await step(state, value, item);
      value = outcome.value;
      largestState = Math.max(largestState, Buffer.byteLength(JSON.stringify(value)));
      name = outcome.next;
    }
    return value;
  }

  const summary = () => ({ visited, waitedSeconds, largestState });
  try {
    return { output: await run(definition, input), ...summary() };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return { output: undefined, failure: { error: error.error, cause: error.cause }, ...summary() };
  }
}
