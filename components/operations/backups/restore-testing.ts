import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { metricAlarm } from "../../common/alarm";
import { arnOf, type Cloud, type Statement } from "../../common/iam";
import { LambdaFunction } from "../../common/lambda-function";
import { callBy } from "../../common/lambda-trigger";
import { recoveryDimensions, recoveryNamespace, recoveryService } from "./objectives";
import type { BackupsSettings } from "./settings";
import { selectedTags } from "./vault";

/** The database whose copies are read, and where a reader and a copy live. */
export interface TestedDatabase {
  readonly arn: pulumi.Input<string>;
  readonly port: number;
  readonly masterSecretArn: pulumi.Input<string>;
  readonly keyArn: pulumi.Input<string>;
  readonly subnetGroupName: pulumi.Input<string>;
  readonly vpcId: pulumi.Input<string>;
  readonly appSubnetIds: readonly pulumi.Input<string>[];
  /** Group of the function that reads; the source database has let it in. */
  readonly readerSecurityGroupId: pulumi.Input<string>;
}

interface RestoreTestArgs {
  readonly cloud: Cloud;
  readonly project: string;
  readonly stack: string;
  readonly settings: BackupsSettings & { readonly restoreTest: NonNullable<BackupsSettings["restoreTest"]> };
  readonly vault: aws.backup.Vault;
  readonly role: aws.iam.Role;
  readonly keyArn: pulumi.Output<string>;
  readonly database?: TestedDatabase;
  readonly volumes: boolean;
  readonly alarmTopicArn?: pulumi.Input<string>;
}

/** Hours that a copy stays for its check; after that AWS Backup deletes it. */
const validationHours = 2;

/** AWS Backup's names of restore testing hold letters, digits and underscores. */
const plainName = (name: string) => name.replace(/[^a-zA-Z0-9]+/g, "_").slice(0, 50);

/** What the check may do; a copy's name begins as AWS Backup names restore tests. */
export function checkStatements(
  cloud: Cloud,
  database?: { readonly arn: string; readonly masterSecretArn: string; readonly keyArn: string },
): Statement[] {
  const statements: Statement[] = [
    {
      Sid: "Jobs",
      Effect: "Allow",
      Action: ["backup:DescribeRestoreJob", "backup:PutRestoreValidationResult", "ec2:DescribeVolumes"],
      Resource: "*", // DescribeRestoreJob, PutRestoreValidationResult and DescribeVolumes know no resource level
    },
  ];
  if (!database) return statements;
  const copies = arnOf(cloud, "rds", "db:awsbackup-restore-test-*");
  return [
    ...statements,
    { Sid: "Look", Effect: "Allow", Action: "rds:DescribeDBInstances", Resource: [database.arn, copies] },
    { Sid: "OpenCopy", Effect: "Allow", Action: "rds:ModifyDBInstance", Resource: copies },
    {
      Sid: "OpenSource",
      Effect: "Allow",
      Action: "secretsmanager:GetSecretValue",
      Resource: database.masterSecretArn,
    },
    { Sid: "SourceKey", Effect: "Allow", Action: "kms:Decrypt", Resource: database.keyArn },
  ];
}

/** The group of restored copies: the reader comes in, nothing goes out. */
function copyGroup(name: string, database: TestedDatabase, parent: pulumi.Resource): aws.ec2.SecurityGroup {
  const group = new aws.ec2.SecurityGroup(
    `${name}-copy`,
    { vpcId: database.vpcId, description: "Restored copies of the database", tags: { Name: `${name}-copy` } },
    { parent },
  );
  new aws.vpc.SecurityGroupIngressRule(
    `${name}-copy-from-check`,
    {
      securityGroupId: group.id,
      description: "PostgreSQL for the check of restored copies",
      referencedSecurityGroupId: database.readerSecurityGroupId,
      ipProtocol: "tcp",
      fromPort: database.port,
      toPort: database.port,
    },
    { parent },
  );
  return group;
}

function createTestPlan(name: string, args: RestoreTestArgs, parent: pulumi.Resource): aws.backup.RestoreTestingPlan {
  const { project, stack, settings, vault, role, database } = args;
  const plan = new aws.backup.RestoreTestingPlan(
    `${name}-restore-test`,
    {
      name: plainName(`${project}_${stack}_${name}`),
      scheduleExpression: settings.restoreTest.schedule,
      startWindowHours: 1,
      recoveryPointSelection: {
        algorithm: "LATEST_WITHIN_WINDOW",
        includeVaults: [vault.arn],
        recoveryPointTypes: ["SNAPSHOT"],
        selectionWindowDays: Math.min(settings.retentionDays, 30),
      },
    },
    { parent },
  );
  const selection = (type: "RDS" | "EBS", overrides?: Record<string, pulumi.Input<string>>) =>
    new aws.backup.RestoreTestingSelection(
      `${name}-restore-test-${type.toLowerCase()}`,
      {
        name: type.toLowerCase(),
        restoreTestingPlanName: plan.name,
        protectedResourceType: type,
        protectedResourceConditions: { stringEquals: selectedTags(project, stack) },
        iamRoleArn: role.arn,
        validationWindowHours: validationHours,
        restoreMetadataOverrides: overrides,
      },
      { parent },
    );
  if (database) {
    const group = copyGroup(name, database, parent);
    selection("RDS", {
      dbSubnetGroupName: database.subnetGroupName,
      vpcSecurityGroupIds: group.id.apply((id) => JSON.stringify([id])),
    });
  }
  if (args.volumes) selection("EBS");
  return plan;
}

function createCheck(
  name: string,
  args: RestoreTestArgs,
  plan: aws.backup.RestoreTestingPlan,
  parent: pulumi.Resource,
): void {
  const { cloud, stack, settings, database, alarmTopicArn } = args;
  const lambda = new LambdaFunction(
    `${name}-check`,
    {
      cloud,
      entry: "restore-check",
      description: "Compares a restored copy with its source and measures the recovery",
      keyArn: args.keyArn,
      statements: pulumi
        .all([database?.arn, database?.masterSecretArn, database?.keyArn])
        .apply(([arn, masterSecretArn, keyArn]) =>
          checkStatements(cloud, arn && masterSecretArn && keyArn ? { arn, masterSecretArn, keyArn } : undefined),
        ),
      environment: {
        STACK: stack,
        PLAN_ARN: plan.arn,
        CHECKS: JSON.stringify(settings.restoreTest.tables),
        WINDOW_HOURS: String(settings.restoreTest.windowHours),
        ...(database && { SOURCE_SECRET: database.masterSecretArn }),
        // Amazon's authorities, RDS's among them, as Lambda ships them.
        NODE_EXTRA_CA_CERTS: "/var/runtime/ca-cert.pem",
        POWERTOOLS_SERVICE_NAME: recoveryService,
        POWERTOOLS_METRICS_NAMESPACE: recoveryNamespace,
      },
      timeoutSeconds: 900,
      memoryMiB: 512,
      logRetentionDays: settings.logRetentionDays,
      alarmTopicArn,
      ...(database && {
        vpc: { subnetIds: database.appSubnetIds, securityGroupIds: [database.readerSecurityGroupId] },
      }),
      onError: "First: read its log; the copy is deleted in two hours, and until the next test recovery is unproven.",
    },
    { parent },
  );
  const rule = new aws.cloudwatch.EventRule(
    `${name}-restored`,
    {
      description: "A restore ended",
      eventPattern: JSON.stringify({
        source: ["aws.backup"],
        "detail-type": ["Restore Job State Change"],
        detail: { status: ["COMPLETED", "FAILED", "ABORTED"] },
      }),
    },
    { parent },
  );
  callBy(`${name}-check`, rule, lambda, parent);
}

/** Restores a copy on a schedule, has it compared with its source, and tells of a copy that is none and of a test that did not come. */
export function createRestoreTest(
  name: string,
  args: RestoreTestArgs,
  parent: pulumi.Resource,
): aws.backup.RestoreTestingPlan {
  const plan = createTestPlan(name, args, parent);
  createCheck(name, args, plan, parent);
  const common = {
    namespace: recoveryNamespace,
    dimensions: recoveryDimensions(args.stack, "database"),
    statistic: "Maximum" as const,
    periods: 1,
    alarmTopicArn: args.alarmTopicArn,
  };
  metricAlarm(
    `${name}-restore-test-failed`,
    {
      ...common,
      description:
        "A restored copy is not as its source, or could not be restored. First read the validation message of the restore job in AWS Backup; then restore by hand from the point before.",
      metric: "RestoreTestFailed",
      threshold: 0,
      // One figure a copy and week: by the minute the page would end itself before anybody has read it.
      periodSeconds: 86_400,
    },
    { parent },
  );
  const { everyDays } = args.settings.restoreTest;
  metricAlarm(
    `${name}-restore-test-overdue`,
    {
      ...common,
      description: `No restore test has passed for more than ${everyDays + 1} days. First look for restore jobs of the plan in AWS Backup: none says the plan or its recovery points are missing.`,
      metric: "RestoreTestAgeHours",
      threshold: (everyDays + 1) * 24,
      periodSeconds: 3600,
    },
    { parent },
  );
  return plan;
}
