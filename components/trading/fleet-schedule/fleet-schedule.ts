import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Selector } from "../../../lambdas/common/instances";
import {
  recurringSchedules,
  type RecurringSchedule,
  type ScheduledAction,
  type WindowSettings,
} from "../../../lambdas/common/running-windows";
import { policyDocument, serviceRole, type Cloud, type Statement } from "../../common/iam";
import { deadLetterQueue, LambdaFunction } from "../../common/lambda-function";
import { throwIfAny } from "../../common/validation";
import { EncryptionKey } from "../../security/encryption-key";
import { createAlarms, metricNamespace, metricService } from "./alarms";
import { checkFleetSchedule } from "./check";
import { drainDocument } from "./drain-document";
import * as policies from "./policies";
import { startMachine, stopMachine, type StepFunctions } from "./state-machines";

export interface FleetScheduleArgs {
  readonly cloud: Cloud;
  readonly project: string;
  readonly stack: string;
  /** Values of the tag `component` whose instances are switched. */
  readonly components: readonly string[];
  readonly windows: WindowSettings;
  /** Minutes before an opening at which everything must run. */
  readonly readinessBeforeMinutes: number;
  /** Seconds that an application's drain hook may take. */
  readonly drainSeconds: number;
  /** False leaves the state machines to be started by hand only. */
  readonly armed: boolean;
  /** Keep the table of locks from deletion by one call. @default false */
  readonly protected?: boolean;
  /** Keys of the instances' volumes: EC2 needs a grant on them to start an instance. @default none */
  readonly volumeKeyArns?: readonly pulumi.Input<string>[];
  /** @default 90 */
  readonly logRetentionDays?: number;
  readonly alarmTopicArn?: pulumi.Input<string>;
}

/**
 * Starts a stack's instances before each session of an exchange and stops them after it, gracefully.
 *
 * Makes: six Lambda functions; a state machine to start and one to stop, with logs and traces; an SSM document that runs an
 * instance's drain hook; a DynamoDB table of locks; EventBridge schedules in the exchange's time zone (none unless armed);
 * a readiness check before each opening; a key, a dead-letter queue and the alarms.
 *
 * Only instances that carry the stack's tags are touched; the functions' roles say the same. The tag `hold` exempts an
 * instance. Whatever cannot be drained stays running and pages: an open position, an agent that does not answer, a hook
 * that fails or takes too long.
 *
 * Errors: `ValidationError` with the settings' paths.
 * Cost driver: some 0.03 USD a month for each thousand instances switched daily; alarms at 0.10 USD each.
 */
export class FleetSchedule extends pulumi.ComponentResource {
  readonly startMachineArn: pulumi.Output<string>;
  readonly stopMachineArn: pulumi.Output<string>;
  readonly drainDocumentName: pulumi.Output<string>;
  /** The schedules in cron form, empty unless armed. */
  readonly schedules: readonly string[];

  constructor(name: string, args: FleetScheduleArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:trading:FleetSchedule", name, {}, opts);
    throwIfAny(`FleetSchedule ${name}`, checkFleetSchedule(args));
    const parent = { parent: this };
    const { cloud } = args;
    const key = new EncryptionKey(
      `${name}-key`,
      { cloud, description: `Schedule ${name}: logs, locks, dead letters`, usedBy: ["logs"] },
      parent,
    );
    const deadLetters = deadLetterQueue(`${name}-dead-letters`, key.arn, args.alarmTopicArn, parent);
    const document = new aws.ssm.Document(
      `${name}-drain`,
      {
        name: `${args.project}-${args.stack}-${name}-drain`,
        documentType: "Command",
        documentFormat: "JSON",
        targetType: "/AWS::EC2::Instance",
        content: JSON.stringify(drainDocument()),
      },
      parent,
    );
    const locks = createLocks(name, args, key.arn, parent);
    const functions = createFunctions(name, args, { key, deadLetters, document, locks }, parent);
    const machines = {
      start: createMachine(name, "start", args, functions, key.arn, parent),
      stop: createMachine(name, "stop", args, functions, key.arn, parent),
    };
    const schedules = args.armed ? recurringSchedules(args.windows, args.readinessBeforeMinutes) : [];
    if (schedules.length > 0) {
      createSchedules(
        name,
        args,
        schedules,
        { ...machines, readiness: functions.readiness },
        { key, deadLetters },
        parent,
      );
    }
    createAlarms(name, args, machines, parent);

    this.startMachineArn = machines.start.arn;
    this.stopMachineArn = machines.stop.arn;
    this.drainDocumentName = document.name;
    this.schedules = schedules.map(({ action, cron }) => `${action} ${cron}`);
    this.registerOutputs({
      startMachineArn: this.startMachineArn,
      stopMachineArn: this.stopMachineArn,
      drainDocumentName: this.drainDocumentName,
      schedules: this.schedules,
    });
  }
}

/** One row for each start and stop: of two executions for the same time one acts. Rows expire after a week. */
function createLocks(
  name: string,
  args: FleetScheduleArgs,
  keyArn: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
) {
  return new aws.dynamodb.Table(
    `${name}-locks`,
    {
      billingMode: "PAY_PER_REQUEST",
      hashKey: "key",
      attributes: [{ name: "key", type: "S" }],
      ttl: { attributeName: "expires", enabled: true },
      serverSideEncryption: { enabled: true, kmsKeyArn: keyArn },
      pointInTimeRecovery: { enabled: true },
      deletionProtectionEnabled: args.protected ?? false,
      tags: { Name: `${name}-locks`, backup: "none" }, // rows are worth nothing after their minute
    },
    opts,
  );
}

interface Made {
  readonly key: EncryptionKey;
  readonly deadLetters: aws.sqs.Queue;
  readonly document: aws.ssm.Document;
  readonly locks: aws.dynamodb.Table;
}

type Functions = Record<keyof StepFunctions | "readiness", LambdaFunction>;

function createFunctions(name: string, args: FleetScheduleArgs, made: Made, opts: pulumi.ResourceOptions): Functions {
  const { cloud, project, stack, components } = args;
  const selector: Selector = { project, stack, components };
  const { exchange, startBeforeMinutes, stopAfterMinutes, minimumGapMinutes, overrides } = args.windows;
  const windows: WindowSettings = { exchange, startBeforeMinutes, stopAfterMinutes, minimumGapMinutes, overrides };
  const shared = {
    STACK: stack,
    SELECTOR: JSON.stringify(selector),
    WINDOWS: JSON.stringify(windows),
    POWERTOOLS_SERVICE_NAME: metricService,
    POWERTOOLS_METRICS_NAMESPACE: metricNamespace,
  };
  const make = (
    role: string,
    entry: string,
    description: string,
    statements: pulumi.Input<readonly Statement[]>,
    environment: Readonly<Record<string, pulumi.Input<string>>> = {},
  ) =>
    new LambdaFunction(
      `${name}-${role}`,
      {
        cloud,
        entry,
        description,
        statements,
        keyArn: made.key.arn,
        deadLetterQueueArn: made.deadLetters.arn,
        environment: { ...shared, ...environment },
        timeoutSeconds: 120,
        memoryMiB: 512,
        logRetentionDays: args.logRetentionDays,
        alarmTopicArn: args.alarmTopicArn,
        onError: `First: open the execution in Step Functions; whoever trades today checks by hand that the instances of ${stack} are as they should be.`,
      },
      opts,
    );
  const volumeKeys = pulumi.all([...(args.volumeKeyArns ?? [])]).apply((arns) => policies.volumeKeyStatements(arns));
  return {
    decide: make(
      "decide",
      "schedule-decide",
      "Decides by the exchange's calendar whether a start or stop is due",
      made.locks.arn.apply((arn) => policies.lockStatements(arn)),
      { LOCK_TABLE: made.locks.name },
    ),
    find: make("find", "fleet-find", "Finds the stack's instances by their tags", policies.findStatements()),
    drain: make(
      "drain-batch",
      "fleet-drain",
      "Runs the drain hook on up to 50 instances and sees what became of it",
      made.document.arn.apply((arn) => policies.drainStatements(cloud, selector, arn)),
      { DRAIN_DOCUMENT: made.document.name, DRAIN_SECONDS: String(args.drainSeconds) },
    ),
    power: make(
      "power",
      "fleet-power",
      "Starts instances, and stops those that are drained",
      volumeKeys.apply((keys) => [...policies.powerStatements(cloud, selector), ...keys]),
    ),
    report: make("report", "schedule-report", "Sums a start or stop up", []),
    readiness: make(
      "readiness",
      "fleet-readiness",
      "Before each opening: what should run does run",
      policies.readinessStatements(),
      { READINESS_MINUTES: String(args.readinessBeforeMinutes) },
    ),
  };
}

function createMachine(
  name: string,
  action: "start" | "stop",
  args: FleetScheduleArgs,
  functions: Functions,
  keyArn: pulumi.Output<string>,
  opts: pulumi.CustomResourceOptions,
): aws.sfn.StateMachine {
  const child = `${name}-${action}`;
  const machineName = `${args.project}-${args.stack}-${child}`;
  const logs = new aws.cloudwatch.LogGroup(
    `${child}-logs`,
    {
      name: `/aws/vendedlogs/states/${machineName}`, // the prefix spares the account's log resource policy
      retentionInDays: args.logRetentionDays ?? 90,
      kmsKeyId: keyArn,
    },
    opts,
  );
  const { decide, find, drain, power, report } = functions;
  const arns = pulumi.all([decide.arn, find.arn, drain.arn, power.arn, report.arn]);
  const role = serviceRole(
    `${child}-role`,
    {
      services: ["states.amazonaws.com"],
      description: `State machine that ${action}s the instances of ${args.stack}`,
      trustConditions: { StringEquals: { "aws:SourceAccount": args.cloud.accountId } },
      policies: {
        own: pulumi
          .all([arns, keyArn])
          .apply(([functionArns, kmsKey]) =>
            policyDocument([
              ...policies.machineStatements(args.cloud, functionArns, machineName),
              { Sid: "Key", Effect: "Allow", Action: ["kms:Decrypt", "kms:GenerateDataKey"], Resource: kmsKey },
            ]),
          ),
      },
    },
    opts,
  );
  const definition = arns.apply(([decideArn, findArn, drainArn, powerArn, reportArn]) => {
    const steps = { decide: decideArn, find: findArn, drain: drainArn, power: powerArn, report: reportArn };
    return JSON.stringify(action === "start" ? startMachine(steps) : stopMachine(steps, args.drainSeconds));
  });
  return new aws.sfn.StateMachine(
    `${child}-machine`,
    {
      name: machineName,
      type: "STANDARD",
      roleArn: role.arn,
      definition,
      loggingConfiguration: {
        level: "ALL",
        includeExecutionData: true,
        logDestination: pulumi.interpolate`${logs.arn}:*`,
      },
      tracingConfiguration: { enabled: true },
      encryptionConfiguration: {
        type: "CUSTOMER_MANAGED_KMS_KEY",
        kmsKeyId: keyArn,
        kmsDataKeyReusePeriodSeconds: 300,
      },
    },
    opts,
  );
}

function createSchedules(
  name: string,
  args: FleetScheduleArgs,
  schedules: readonly RecurringSchedule[],
  callees: Readonly<Record<ScheduledAction, { readonly arn: pulumi.Output<string> }>>,
  { key, deadLetters }: Pick<Made, "key" | "deadLetters">,
  opts: pulumi.CustomResourceOptions,
): void {
  const group = new aws.scheduler.ScheduleGroup(`${name}-group`, {}, opts);
  const role = serviceRole(
    `${name}-scheduler-role`,
    {
      services: ["scheduler.amazonaws.com"],
      description: `Fires the schedules of ${args.stack}`,
      trustConditions: { StringEquals: { "aws:SourceAccount": args.cloud.accountId } },
      policies: {
        own: pulumi
          .all([callees.start.arn, callees.stop.arn, callees.readiness.arn, deadLetters.arn, key.arn])
          .apply(([start, stop, check, queue, kmsKey]) =>
            policyDocument([
              { Sid: "StartMachines", Effect: "Allow", Action: "states:StartExecution", Resource: [start, stop] },
              { Sid: "CheckReadiness", Effect: "Allow", Action: "lambda:InvokeFunction", Resource: check },
              { Sid: "DeadLetters", Effect: "Allow", Action: "sqs:SendMessage", Resource: queue },
              { Sid: "Key", Effect: "Allow", Action: ["kms:Decrypt", "kms:GenerateDataKey"], Resource: kmsKey },
            ]),
          ),
      },
    },
    opts,
  );
  for (const { action, cron, timezone } of schedules) {
    const [minute = "", hour = ""] = cron.split(" ");
    const time = `${hour.padStart(2, "0")}${minute.padStart(2, "0")}`;
    new aws.scheduler.Schedule(
      `${name}-${action}-${time}`,
      {
        groupName: group.name,
        description: `${action} ${args.stack} by the calendar of ${args.windows.exchange}`,
        scheduleExpression: `cron(${cron})`,
        scheduleExpressionTimezone: timezone,
        flexibleTimeWindow: { mode: "OFF" },
        kmsKeyArn: key.arn,
        target: {
          arn: callees[action].arn,
          roleArn: role.arn,
          input: JSON.stringify({ scheduledTime: "<aws.scheduler.scheduled-time>" }),
          retryPolicy: { maximumEventAgeInSeconds: 900, maximumRetryAttempts: 20 },
          deadLetterConfig: { arn: deadLetters.arn },
        },
      },
      opts,
    );
  }
}
