import * as pulumi from "@pulumi/pulumi";
import { metricAlarm } from "../../common/alarm";
import type { Cloud, Statement } from "../../common/iam";
import { LambdaFunction } from "../../common/lambda-function";
import { scheduledCall } from "../../common/scheduled-call";
import type { Objective } from "../../../lambdas/recovery-objectives/core";
import type { RecoveryTarget } from "./settings";

/** One component that is measured, by what is known before and after it is made. */
export interface MeasuredComponent {
  readonly kind: Objective["kind"];
  readonly target: pulumi.Input<string>;
  readonly promise: RecoveryTarget;
  readonly replica?: pulumi.Input<string>;
  readonly replicaArn?: pulumi.Input<string>;
  readonly region?: string;
  readonly cluster?: pulumi.Input<string>;
  readonly tasks?: number;
}

/** Namespace of what is measured, and the name that its publishers give themselves, which is a dimension. */
export const recoveryNamespace = "Trading/Recovery";
export const recoveryService = "recovery";

/** Dimensions of every measurement. */
export const recoveryDimensions = (stack: string, component: string) => ({
  service: recoveryService,
  Stack: stack,
  Component: component,
});

/** Minutes between two measurements: several before the tightest promise of the documents, 5 minutes, is missed twice. */
const everyMinutes = 5;

/** Rights to see what is measured. */
export function objectiveStatements(databaseArn: string | undefined, replicaArns: readonly string[]): Statement[] {
  return [
    {
      Sid: "Measure",
      Effect: "Allow",
      Action: ["cloudwatch:GetMetricData", "backup:ListRestoreJobs"],
      Resource: "*", // GetMetricData and ListRestoreJobs know no resource level
    },
    ...(databaseArn === undefined
      ? []
      : [{ Sid: "Database", Effect: "Allow" as const, Action: "rds:DescribeDBInstances", Resource: databaseArn }]),
    ...(replicaArns.length === 0
      ? []
      : [{ Sid: "Replica", Effect: "Allow" as const, Action: "s3:ListBucket", Resource: replicaArns }]),
  ];
}

/** The alarms that hold one component to its promise. */
function promiseAlarms(
  name: string,
  component: string,
  { kind, promise }: MeasuredComponent,
  common: { readonly stack: string; readonly alarmTopicArn?: pulumi.Input<string>; readonly isTested: boolean },
  parent: pulumi.Resource,
): void {
  const shared = {
    namespace: recoveryNamespace,
    dimensions: recoveryDimensions(common.stack, component),
    statistic: "Maximum" as const,
    alarmTopicArn: common.alarmTopicArn,
  };
  if (promise.rpoMinutes !== undefined) {
    metricAlarm(
      `${name}-${component}-rpo`,
      {
        ...shared,
        description: `Losing ${component} now would cost more than the ${promise.rpoMinutes} minutes that were promised, or nobody measures it. First look at its backups or replication: what is behind says so in its own alarm.`,
        metric: "RecoveryPointSeconds",
        threshold: promise.rpoMinutes * 60,
        periodSeconds: everyMinutes * 60,
        periods: 2,
        missing: "breaching",
      },
      { parent },
    );
  }
  if (kind === "bucket" || kind === "service" || common.isTested) {
    metricAlarm(
      `${name}-${component}-rto`,
      {
        ...shared,
        description: `Bringing ${component} back took longer than the ${promise.rtoMinutes} minutes that were promised. First see in the function's log what took the time; then change the setup, or the promise with those who rely on it.`,
        metric: "RecoveryTimeSeconds",
        threshold: promise.rtoMinutes * 60,
        periodSeconds: everyMinutes * 60,
        periods: 1,
      },
      { parent },
    );
  }
}

/** Measures every component each few minutes, and holds it to its promise. */
export function measureObjectives(
  name: string,
  at: {
    readonly cloud: Cloud;
    readonly stack: string;
    readonly keyArn: pulumi.Input<string>;
    readonly components: Readonly<Record<string, MeasuredComponent>>;
    readonly databaseArn?: pulumi.Input<string>;
    readonly restoreTest?: { readonly planArn: pulumi.Output<string>; readonly everyDays: number };
    readonly logRetentionDays: number;
    readonly alarmTopicArn?: pulumi.Input<string>;
  },
  parent: pulumi.Resource,
): void {
  const entries = Object.entries(at.components);
  const objectives = entries.map(([component, { promise: _promise, replicaArn: _arn, ...rest }]) => ({
    component,
    ...rest,
  }));
  const replicaArns = entries.flatMap(([, { replicaArn }]) => (replicaArn === undefined ? [] : [replicaArn]));
  const lambda = new LambdaFunction(
    `${name}-objectives`,
    {
      cloud: at.cloud,
      entry: "recovery-objectives",
      description: "Measures recovery points and recovery times against what was promised",
      keyArn: at.keyArn,
      statements: pulumi
        .all([at.databaseArn, pulumi.all(replicaArns)])
        .apply(([database, replicas]) => objectiveStatements(database, replicas)),
      environment: {
        STACK: at.stack,
        OBJECTIVES: pulumi.jsonStringify(objectives),
        ...(at.restoreTest && { PLAN_ARN: at.restoreTest.planArn }),
        POWERTOOLS_SERVICE_NAME: recoveryService,
        POWERTOOLS_METRICS_NAMESPACE: recoveryNamespace,
      },
      logRetentionDays: at.logRetentionDays,
      alarmTopicArn: at.alarmTopicArn,
      onError: "First: read its log, which names what could not be measured; recovery is unproven until it runs again.",
    },
    { parent },
  );
  scheduledCall(
    `${name}-objectives-schedule`,
    {
      cloud: at.cloud,
      lambda,
      description: "Measures recovery points and recovery times",
      schedule: `rate(${everyMinutes} minutes)`,
    },
    { parent },
  );
  for (const [component, measured] of entries) {
    const common = { stack: at.stack, alarmTopicArn: at.alarmTopicArn, isTested: at.restoreTest !== undefined };
    promiseAlarms(name, component, measured, common, parent);
  }
}
