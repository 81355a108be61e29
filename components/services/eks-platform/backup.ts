import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { tellOfFailedJobs } from "../../common/backup-failures";
import { serviceRole } from "../../common/iam";
import { EncryptionKey } from "../../security/encryption-key";
import type { EksPlatformArgs } from ".";

/**
 * A daily backup of the cluster's objects and of the volumes behind its claims, by AWS Backup, which names the cluster by ARN and so
 * needs no opt-in of the account. A backup that fails is told to the alarm topic.
 *
 * To restore: `aws backup list-recovery-points-by-resource --resource-arn <cluster>` names the recovery points;
 * `aws backup start-restore-job` with one of them restores namespaces into this cluster, or everything into a new one. Objects that
 * are there already are left alone. Then put the stack's output `manifests` into a new cluster and point its users at it.
 */
export function createBackup(
  name: string,
  clusterArn: string,
  args: EksPlatformArgs,
  parent: pulumi.Resource,
  cluster: pulumi.Resource,
): void {
  const { schedule, retentionDays } = args.backup || { schedule: "cron(0 5 * * ? *)", retentionDays: 30 };
  const key = new EncryptionKey(
    `${name}-backup`,
    { cloud: args.cloud, description: `Backups of the cluster ${name}` },
    { parent },
  );
  const vault = new aws.backup.Vault(`${name}-backup`, { kmsKeyArn: key.arn }, { parent });
  if (args.alarmTopicArn !== undefined) tellOfFailedJobs(name, ["backup"], vault.arn, args.alarmTopicArn, parent);
  const policy = (managed: string) =>
    `arn:${args.cloud.partition}:iam::aws:policy/service-role/AWSBackupServiceRolePolicyFor${managed}`;
  const role = serviceRole(
    `${name}-backup`,
    {
      services: ["backup.amazonaws.com"],
      description: `Backs the cluster ${name} up and restores it`,
      managedPolicyArns: [policy("Backup"), policy("Restores")],
      trustConditions: { StringEquals: { "aws:SourceAccount": args.cloud.accountId } },
    },
    { parent },
  );
  const plan = new aws.backup.Plan(
    `${name}-backup`,
    {
      rules: [
        {
          ruleName: "daily",
          targetVaultName: vault.name,
          schedule,
          startWindow: 60,
          completionWindow: 240,
          lifecycle: { deleteAfter: retentionDays },
        },
      ],
    },
    { parent },
  );
  new aws.backup.Selection(
    `${name}-backup`,
    { name: "cluster", planId: plan.id, iamRoleArn: role.arn, resources: [clusterArn] },
    { parent, dependsOn: cluster },
  );
}
