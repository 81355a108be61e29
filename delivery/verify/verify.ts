import { describeAwsError } from "../../plan/failure";
import { alarms } from "./alarms";
import { checkNames, type Check, type CheckName, type CheckResult, type Subject } from "./check";
import { endpoints } from "./endpoints";
import { fleet } from "./fleet";
import { health } from "./health";
import { schedules } from "./schedules";

const checks: Readonly<Record<CheckName, Check>> = { endpoints, health, alarms, fleet, schedules };

/** A stack looked at from outside. */
export interface Verification {
  readonly schemaVersion: 1;
  readonly project: string;
  readonly stack: string;
  readonly stage: string;
  /** When it was looked at, in ISO 8601. */
  readonly at: string;
  /** True where no check failed and none was left without an answer. */
  readonly ok: boolean;
  readonly checks: readonly CheckResult[];
}

/** Runs the checks that were asked for; what could not be asked is `unknown`, never a pass. */
export async function verify(subject: Subject, wanted: readonly CheckName[] = checkNames): Promise<Verification> {
  const { project, stack, stage } = subject.settings;
  const results = await Promise.all(
    checkNames
      .filter((name) => wanted.includes(name))
      .map(async (name): Promise<CheckResult> => {
        try {
          return await checks[name](subject);
        } catch (error) {
          return { name, status: "unknown", summary: describeAwsError(error, subject.client.profile), findings: [] };
        }
      }),
  );
  return {
    schemaVersion: 1,
    project,
    stack,
    stage,
    at: subject.now.toISOString(),
    ok: results.every(({ status }) => status === "pass" || status === "skipped"),
    checks: results,
  };
}

/** A verification for people. */
export function renderVerification({ stack, stage, ok, checks: results }: Verification): string {
  const lines = results.flatMap(({ name, status, summary, findings }) => [
    `  ${status.padEnd(7)}  ${name.padEnd(9)}  ${summary}`,
    ...findings.map(({ what, problem }) => `           ${what}: ${problem}`),
  ]);
  const failed = results.some(({ status }) => status === "fail");
  return `${stack} (${stage}): ${ok ? "fine" : failed ? "not fine" : "not known to be fine"}\n${lines.join("\n")}\n`;
}
