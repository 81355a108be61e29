/** Evaluates the platform's program without an account, a network or Pulumi's command line. */
import "../../policy/frame/load-later";
import * as path from "node:path";
import type { AcceptedModel, RejectedKey, Report } from "../../components/common/report";
import { ValidationError } from "../../components/common/validation";
import { EvaluationError, UsageError } from "../failure";
import type { StackConfig } from "../settings/stack-config";
import { planAnswers } from "./answers";
import { runProgram, type RecordedResource } from "./monitor";
import { Redactor } from "./redact";

export interface Evaluation {
  readonly project: string;
  readonly stack: string;
  readonly stage: string;
  readonly region: string;
  /** As the program registered them, sorted by URN; secrets marked. */
  readonly resources: readonly RecordedResource[];
  /** The stack's outputs; secrets marked. */
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly models: { readonly accepted: readonly AcceptedModel[]; readonly rejected: readonly RejectedKey[] };
  readonly warnings: readonly string[];
  readonly redactor: Redactor;
}

export interface EvaluateOptions {
  readonly root: string;
  readonly settings: StackConfig;
  /** Called with the number of registrations so far. */
  readonly onRegister?: (count: number) => void;
  /** Keeps stack traces for whoever debugs the program. */
  readonly traces?: boolean;
}

/** Said of every output of a section that is off. */
const sdkNoise = /^Undefined value \(.*\) will not show as a stack output\.$/;

type Program = (report: Report) => unknown;

/** Order of code units: the same on every machine, whatever its language. */
export function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function loadProgram(root: string): Program {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- the program is found at run time, like the engine does
  const loaded: unknown = require(path.join(root, "index.ts"));
  if (typeof loaded !== "function") throw new EvaluationError("index.ts does not export the program as a function");
  return loaded as Program;
}

/** Warnings once each, in a stable order. */
function uniqueSorted(warnings: readonly string[]): string[] {
  return [...new Set(warnings)].sort(byCodeUnits);
}

function failure(error: unknown, redactor: Redactor, traces: boolean): Error {
  if (error instanceof ValidationError) return new UsageError(redactor.text(error.message));
  if (!(error instanceof Error)) return new EvaluationError(redactor.text(String(error)));
  const spoken = error.name === "Error" || "__pulumiRunError" in error;
  const trace = traces && error.stack ? `\n${error.stack}` : "";
  return new EvaluationError(redactor.text(`${spoken ? "" : `${error.name}: `}${error.message}${trace}`));
}

/** The program may write to the console; a plan's own output stays clean of it. */
async function withConsoleOnStderr<T>(body: () => Promise<T>): Promise<T> {
  const { log, info, debug } = console;
  console.log = console.info = console.debug = console.error.bind(console);
  try {
    return await body();
  } finally {
    Object.assign(console, { log, info, debug });
  }
}

/**
 * Runs the program with a stack's configuration.
 * @throws UsageError where the configuration is refused, EvaluationError where the program fails.
 */
export async function evaluate({ root, settings, onRegister, traces }: EvaluateOptions): Promise<Evaluation> {
  const { project, stack, config, secretKeys } = settings;
  const region = config["aws:region"] ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? "us-east-1";
  const redactor = new Redactor(root);
  const told: string[] = [...settings.warnings];
  let models: Evaluation["models"] = { accepted: [], rejected: [] };
  const report: Report = {
    offline: true,
    warn: (message) => void told.push(message),
    models: (catalog) => void (models = catalog),
  };
  try {
    const run = await withConsoleOnStderr(async () => {
      const program = loadProgram(root);
      return runProgram(() => program(report), {
        project,
        stack,
        config,
        secretKeys,
        answers: planAnswers(region),
        ...(onRegister && { onRegister }),
        ...(traces && { traces }),
      });
    });
    for (const { inputs } of run.resources) redactor.learn(inputs);
    redactor.learn(run.markedOutputs);
    for (const { severity, message } of run.log) if (severity !== "info" && !sdkNoise.test(message)) told.push(message);
    return {
      project,
      stack,
      stage: config[`${project}:stage`] ?? "",
      region,
      resources: [...run.resources].sort((a, b) => byCodeUnits(a.urn, b.urn)),
      outputs: run.markedOutputs,
      models,
      warnings: uniqueSorted(told.map((message) => redactor.text(message))),
      redactor,
    };
  } catch (error) {
    throw error instanceof UsageError || error instanceof EvaluationError
      ? error
      : failure(error, redactor, traces === true);
  }
}
