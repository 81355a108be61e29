import * as pulumi from "@pulumi/pulumi";
import { tellOfFailedJobs } from "../../common/backup-failures";
import type { Cloud } from "../../common/iam";
import { throwIfAny } from "../../common/validation";
import { measureObjectives, type MeasuredComponent } from "./objectives";
import { createRestoreTest, type TestedDatabase } from "./restore-testing";
import { checkBackups, type BackupsSettings } from "./settings";
import { createPlan, createRole, createVault } from "./vault";

export * from "./settings";
export { recoveryDimensions, recoveryNamespace, recoveryService, type MeasuredComponent } from "./objectives";
export type { TestedDatabase } from "./restore-testing";

export interface BackupsArgs {
  readonly cloud: Cloud;
  readonly project: string;
  readonly stack: string;
  readonly settings: BackupsSettings;
  /** What is measured against its promise, by the component's name. */
  readonly components: Readonly<Record<string, MeasuredComponent>>;
  /** Database of RDS whose restored copies are read. @default none */
  readonly database?: TestedDatabase;
  /** Whether volumes hold state, so that restored ones are looked at: size, encryption, state. @default false */
  readonly volumes?: boolean;
  readonly alarmTopicArn?: pulumi.Input<string>;
  /** Keep vaults and keys when the stack is destroyed. @default true */
  readonly protected?: boolean;
}

/**
 * Backups of everything that holds state, and the proof that they are worth something.
 *
 * Makes: a vault under a key of its own, locked where asked for, one more in another Region for copies, AWS Backup's role, a
 * plan that finds databases, volumes, file systems and tables by the tags `project`, `stack` and `backup`; routes of failed
 * jobs to the alarm topic; a restore testing plan and the function that compares each copy with its source (tables, rows,
 * checksum) and reports to AWS Backup; a function that measures recovery points and recovery times every five minutes; alarms
 * on a failed or overdue test and on every promise that is missed.
 *
 * RDS's own point-in-time recovery stays RDS's: AWS Backup's continuous backups would take its retention and window out of
 * the program's hands. ElastiCache is not among the services that AWS Backup knows: its snapshots are the cache's own.
 *
 * Errors: `ValidationError` for what AWS Backup would refuse.
 * Cost: storage of recovery points by GB, twice with copies; each restore test costs a copy of the database for some hours.
 */
export class Backups extends pulumi.ComponentResource {
  readonly vaultName: pulumi.Output<string>;
  readonly vaultArn: pulumi.Output<string>;
  readonly planId: pulumi.Output<string>;
  readonly copyVaultArn?: pulumi.Output<string>;
  readonly restoreTestPlanArn?: pulumi.Output<string>;

  constructor(name: string, args: BackupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:operations:Backups", name, {}, opts);
    const { cloud, project, stack, settings, alarmTopicArn } = args;
    throwIfAny(`Backups ${name}`, checkBackups(settings, cloud.region));
    const parts = { cloud, settings, protected: args.protected ?? true };
    const { vault, key } = createVault(name, parts, undefined, this);
    const { copyRegion, restoreTest } = settings;
    const copy = copyRegion === undefined ? undefined : createVault(`${name}-copy`, parts, copyRegion, this).vault;
    const role = createRole(name, cloud, this);
    const plan = createPlan(name, { cloud, project, stack, settings, vault, copyVault: copy, role }, this);
    if (alarmTopicArn !== undefined) tellOfFailedJobs(name, ["backup", "copy"], vault.arn, alarmTopicArn, this);
    const common = { cloud, project, stack, keyArn: key.arn, alarmTopicArn };
    const { database, volumes = false } = args;
    const tested =
      restoreTest && (database || volumes)
        ? createRestoreTest(
            name,
            { ...common, settings: { ...settings, restoreTest }, vault, role, database, volumes },
            this,
          )
        : undefined;
    measureObjectives(
      name,
      {
        ...common,
        components: args.components,
        databaseArn: args.database?.arn,
        ...(tested && restoreTest && { restoreTest: { planArn: tested.arn, everyDays: restoreTest.everyDays } }),
        logRetentionDays: settings.logRetentionDays,
      },
      this,
    );
    this.vaultName = vault.name;
    this.vaultArn = vault.arn;
    this.planId = plan.id;
    this.copyVaultArn = copy?.arn;
    this.restoreTestPlanArn = tested?.arn;
    this.registerOutputs({
      vaultName: this.vaultName,
      vaultArn: this.vaultArn,
      planId: this.planId,
      copyVaultArn: this.copyVaultArn,
      restoreTestPlanArn: this.restoreTestPlanArn,
    });
  }
}
