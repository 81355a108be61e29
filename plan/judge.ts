/** Runs the policy pack over an evaluated program. */
import type { Evaluation } from "./evaluate/program";
import { EvaluationError } from "./failure";
import type { Plan } from "./json";
import { runPolicies, type PolicyReport } from "./policy/run";
import { PolicyRunError, PolicyServer } from "./policy/server";
import type { Progress } from "./progress";
import type { StackConfig } from "./settings/stack-config";

/** What a plan shows of a policy run. */
export function policyResults(report: PolicyReport): Plan["policy"] {
  return {
    evaluated: report.evaluated,
    violations: report.violations.map(({ policy, enforcement, severity, urn, message }) => ({
      policy,
      enforcement,
      severity,
      urn,
      message,
    })),
  };
}

/** A policy pack that comes up while the program runs. Always `close` it. */
export class Judge {
  readonly #server: Promise<PolicyServer>;

  constructor() {
    this.#server = PolicyServer.start();
    this.#server.catch(() => undefined); // told by `judge`, if it comes to that
  }

  /** @throws EvaluationError where the pack fails: never a pass */
  async judge(evaluation: Evaluation, settings: StackConfig, progress?: Progress): Promise<PolicyReport> {
    const { project, stack, resources, redactor } = evaluation;
    progress?.stage("running the policies, resources");
    try {
      const report = await runPolicies(resources, {
        project,
        stack,
        config: settings.config,
        server: this.#server,
        ...(progress && { onProgress: progress.tick }),
      });
      const wholeStack = `urn:pulumi:${stack}::${project}::pulumi:pulumi:Stack::${project}-${stack}`;
      const shown = new Map(
        report.violations.map((one) => [
          one,
          { ...one, urn: one.urn || wholeStack, message: redactor.text(one.message) },
        ]),
      );
      const waived = report.waived.flatMap((one) => shown.get(one) ?? []);
      return { ...report, violations: [...shown.values()], waived };
    } catch (error) {
      throw error instanceof PolicyRunError ? new EvaluationError(error.message) : error;
    }
  }

  async close(): Promise<void> {
    await this.#server.then(
      (server) => server.close(),
      () => undefined,
    );
  }
}
