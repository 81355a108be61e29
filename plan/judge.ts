/** Runs the policy pack over an evaluated program. */
import type { Evaluation } from "./evaluate/program";
import { EvaluationError } from "./failure";
import type { Plan } from "./json";
import { runPolicies } from "./policy/run";
import { PolicyRunError, PolicyServer } from "./policy/server";
import type { Progress } from "./progress";
import type { StackConfig } from "./settings/stack-config";

/** A policy pack that comes up while the program runs. Always `close` it. */
export class Judge {
  readonly #server: Promise<PolicyServer>;

  constructor() {
    this.#server = PolicyServer.start();
    this.#server.catch(() => undefined); // told by `violations`, if it comes to that
  }

  /** @throws EvaluationError where the pack fails: never a pass */
  async violations(evaluation: Evaluation, settings: StackConfig, progress?: Progress): Promise<Plan["policy"]> {
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
      return {
        evaluated: report.evaluated,
        violations: report.violations.map(({ policy, enforcement, severity, urn, message }) => ({
          policy,
          enforcement,
          severity,
          urn: urn || wholeStack,
          message: redactor.text(message),
        })),
      };
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
