import { hookStatus } from "../../../lambdas/fleet-drain/hook-status";

/** Where an instance keeps its application's drain hook; user data installs one, applications may replace it. */
export const drainHook = "/opt/trading/hooks/drain";

/**
 * Runs the drain hook as Run Command would have it run: once at a time, and not longer than asked.
 * The hook ends with 0 when nothing is left to lose, with 10 when a position is open.
 */
export function drainScript(): string {
  return [
    "#!/bin/bash",
    "set -u",
    `hook=${drainHook}`,
    `if [ ! -x "$hook" ]; then echo "no drain hook at $hook" >&2; exit ${hookStatus.noHook}; fi`,
    "# A second drain at the same time waits for the first and then finds nothing left to do.",
    "exec 9>/run/lock/trading-drain.lock",
    `if ! flock --wait "{{ Seconds }}" 9; then echo "another drain did not end" >&2; exit ${hookStatus.busy}; fi`,
    'timeout --kill-after=10 "{{ Seconds }}" "$hook"',
  ].join("\n");
}

/** The SSM document that the stop machine sends; its only parameter is a number, so nothing can be slipped in. */
export function drainDocument() {
  return {
    schemaVersion: "2.2",
    description: "Drains a trading application: exit status 0 drained, 10 position open, 11 no hook, 12 busy",
    parameters: {
      Seconds: {
        type: "String",
        description: "Longest time that the hook may take",
        default: "600",
        allowedPattern: "^[1-9][0-9]{0,4}$",
      },
    },
    mainSteps: [
      {
        action: "aws:runShellScript",
        name: "drain",
        precondition: { StringEquals: ["platformType", "Linux"] },
        inputs: { runCommand: drainScript().split("\n"), timeoutSeconds: "{{ Seconds }}" },
      },
    ],
  };
}
