import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

const jobs = {
  backup: {
    description: "A backup failed. First read the job's message in AWS Backup, then start it again by hand",
    pattern: (vault: string) => ({
      "detail-type": ["Backup Job State Change"],
      detail: { state: ["FAILED", "ABORTED", "EXPIRED"], backupVaultArn: [vault] },
    }),
  },
  copy: {
    description: "A copy to the other Region failed. First read the job's message in AWS Backup, then copy it by hand",
    pattern: (vault: string) => ({
      "detail-type": ["Copy Job State Change"],
      detail: { state: ["FAILED"], sourceBackupVaultArn: [vault] },
    }),
  },
} as const;

/** Jobs of a vault that did not end well, to people: a rule of EventBridge for each kind of job. */
export function tellOfFailedJobs(
  name: string,
  kinds: readonly (keyof typeof jobs)[],
  vaultArn: pulumi.Output<string>,
  topicArn: pulumi.Input<string>,
  parent: pulumi.Resource,
): void {
  for (const kind of kinds) {
    const { description, pattern } = jobs[kind];
    const rule = new aws.cloudwatch.EventRule(
      `${name}-${kind}-failed`,
      {
        description,
        eventPattern: vaultArn.apply((arn) => JSON.stringify({ source: ["aws.backup"], ...pattern(arn) })),
      },
      { parent },
    );
    new aws.cloudwatch.EventTarget(`${name}-${kind}-failed`, { rule: rule.name, arn: topicArn }, { parent });
  }
}
