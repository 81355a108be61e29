import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { serviceRole, type Cloud } from "../../common/iam";
import { backupTag } from "../../common/tags";
import { EncryptionKey } from "../../security/encryption-key";
import type { BackupsSettings } from "./settings";

interface VaultParts {
  readonly cloud: Cloud;
  readonly settings: BackupsSettings;
  readonly protected: boolean;
}

/** A vault under a key of its own, here or in the Region of the copies, locked where the settings say so. */
export function createVault(
  name: string,
  { cloud, settings, protected: kept }: VaultParts,
  region: string | undefined,
  parent: pulumi.Resource,
): { vault: aws.backup.Vault; key: EncryptionKey } {
  const key = new EncryptionKey(
    `${name}-vault`,
    {
      cloud: region === undefined ? cloud : { ...cloud, region },
      region,
      description: region === undefined ? "Recovery points" : "Copies of recovery points",
      usedBy: ["logs"],
      retain: kept,
    },
    { parent },
  );
  const vault = new aws.backup.Vault(
    `${name}-vault`,
    { kmsKeyArn: key.arn, forceDestroy: !kept, region },
    { parent, protect: kept, retainOnDelete: kept },
  );
  if (settings.lock) {
    new aws.backup.VaultLockConfiguration(
      `${name}-lock`,
      {
        backupVaultName: vault.name,
        minRetentionDays: settings.retentionDays,
        // Without a grace period a lock is governance's: a right can take it away.
        changeableForDays: settings.lock.mode === "compliance" ? settings.lock.graceDays : undefined,
        region,
      },
      { parent, retainOnDelete: kept },
    );
  }
  return { vault, key };
}

/** Role that AWS Backup saves and restores with; AWS keeps what each needs in managed policies. */
export function createRole(name: string, cloud: Cloud, parent: pulumi.Resource): aws.iam.Role {
  const managed = (what: string) =>
    `arn:${cloud.partition}:iam::aws:policy/service-role/AWSBackupServiceRolePolicyFor${what}`;
  return serviceRole(
    `${name}-role`,
    {
      services: ["backup.amazonaws.com"],
      description: "Saves the stack's state and restores it",
      managedPolicyArns: [managed("Backup"), managed("Restores")],
      trustConditions: { StringEquals: { "aws:SourceAccount": cloud.accountId } },
    },
    { parent },
  );
}

/** ARNs of every database, volume, file system and table; the tags decide which of them. */
export function backedUpArns({ partition }: Cloud): string[] {
  return ["rds:*:*:db:*", "ec2:*:*:volume/*", "elasticfilesystem:*:*:file-system/*", "dynamodb:*:*:table/*"].map(
    (pattern) => `arn:${partition}:${pattern}`,
  );
}

/** Tags that a resource must have, all of them: another stack's state is another stack's affair. */
export function selectedTags(project: string, stack: string): { key: string; value: string }[] {
  return Object.entries({ project, stack, backup: backupTag.planned }).map(([key, value]) => ({
    key: `aws:ResourceTag/${key}`,
    value,
  }));
}

/** The plan with its rule, and what it saves. */
export function createPlan(
  name: string,
  at: {
    readonly cloud: Cloud;
    readonly project: string;
    readonly stack: string;
    readonly settings: BackupsSettings;
    readonly vault: aws.backup.Vault;
    readonly copyVault?: aws.backup.Vault;
    readonly role: aws.iam.Role;
  },
  parent: pulumi.Resource,
): aws.backup.Plan {
  const { schedule, retentionDays, coldStorageAfterDays } = at.settings;
  const lifecycle = { deleteAfter: retentionDays, coldStorageAfter: coldStorageAfterDays };
  const plan = new aws.backup.Plan(
    `${name}-plan`,
    {
      rules: [
        {
          ruleName: backupTag.planned,
          targetVaultName: at.vault.name,
          schedule,
          startWindow: 60,
          completionWindow: 240,
          lifecycle,
          ...(at.copyVault && { copyActions: [{ destinationVaultArn: at.copyVault.arn, lifecycle }] }),
        },
      ],
    },
    { parent },
  );
  new aws.backup.Selection(
    `${name}-by-tag`,
    {
      name: "by-tag",
      planId: plan.id,
      iamRoleArn: at.role.arn,
      resources: backedUpArns(at.cloud),
      conditions: [{ stringEquals: selectedTags(at.project, at.stack) }],
    },
    { parent },
  );
  return plan;
}
