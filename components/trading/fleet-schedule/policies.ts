/** What each function of the schedule may do: only to its own stack's instances, said by tags. */
import { arnOf, type Cloud, type Statement } from "../../common/iam";
import type { Selector } from "../../../lambdas/common/instances";

const readInstances: Statement = {
  Sid: "FindInstances",
  Effect: "Allow",
  Action: ["ec2:DescribeInstances", "ec2:DescribeInstanceStatus"],
  Resource: "*", // EC2's Describe calls know no resource level
};

const readAgents: Statement = {
  Sid: "FindAgents",
  Effect: "Allow",
  Action: "ssm:DescribeInstanceInformation",
  Resource: "*", // DescribeInstanceInformation knows no resource level
};

const instances = (cloud: Cloud) => arnOf(cloud, "ec2", "instance/*");

/** Tags that an instance must carry, as conditions of a service's context keys. */
function ownTags(prefix: "aws:ResourceTag" | "ssm:resourceTag", selector: Selector) {
  return {
    StringEquals: {
      [`${prefix}/project`]: selector.project,
      [`${prefix}/stack`]: selector.stack,
      [`${prefix}/component`]: selector.components,
    },
  };
}

export function findStatements(): Statement[] {
  return [readInstances];
}

export function powerStatements(cloud: Cloud, selector: Selector): Statement[] {
  const actions = ["ec2:StartInstances", "ec2:StopInstances"];
  return [
    readInstances,
    {
      Sid: "SwitchOwnInstances",
      Effect: "Allow",
      Action: actions,
      Resource: instances(cloud),
      Condition: ownTags("aws:ResourceTag", selector),
    },
    // Said twice, so that a policy attached by mistake later cannot widen it; untagged instances are denied as well.
    {
      Sid: "NeverAnotherStack",
      Effect: "Deny",
      Action: actions,
      Resource: instances(cloud),
      Condition: { StringNotEquals: { "aws:ResourceTag/stack": selector.stack } },
    },
    {
      Sid: "NeverAnotherProject",
      Effect: "Deny",
      Action: actions,
      Resource: instances(cloud),
      Condition: { StringNotEquals: { "aws:ResourceTag/project": selector.project } },
    },
  ];
}

/** Starting an instance whose volumes are encrypted takes a grant on their key, for EC2 and nobody else. */
export function volumeKeyStatements(keyArns: readonly string[]): Statement[] {
  if (keyArns.length === 0) return [];
  return [
    {
      Sid: "VolumesOfStartedInstances",
      Effect: "Allow",
      Action: "kms:CreateGrant",
      Resource: keyArns,
      Condition: { Bool: { "kms:GrantIsForAWSResource": "true" } },
    },
  ];
}

export function drainStatements(cloud: Cloud, selector: Selector, documentArn: string): Statement[] {
  return [
    readAgents,
    { Sid: "SendTheDrainOnly", Effect: "Allow", Action: "ssm:SendCommand", Resource: documentArn },
    {
      Sid: "SendToOwnInstances",
      Effect: "Allow",
      Action: "ssm:SendCommand",
      Resource: instances(cloud),
      Condition: ownTags("ssm:resourceTag", selector),
    },
    {
      Sid: "SeeTheOutcome",
      Effect: "Allow",
      Action: "ssm:ListCommandInvocations",
      Resource: "*", // commands have no ARN
    },
  ];
}

export function readinessStatements(): Statement[] {
  return [readInstances, readAgents];
}

export function lockStatements(tableArn: string): Statement[] {
  return [{ Sid: "TakeLocks", Effect: "Allow", Action: "dynamodb:PutItem", Resource: tableArn }];
}

/** The machines call their functions, run their own batches, and write their log. */
export function machineStatements(cloud: Cloud, functionArns: readonly string[], machineName: string): Statement[] {
  const machine = arnOf(cloud, "states", `stateMachine:${machineName}`);
  const batches = arnOf(cloud, "states", `execution:${machineName}/*`);
  return [
    { Sid: "CallFunctions", Effect: "Allow", Action: "lambda:InvokeFunction", Resource: functionArns },
    { Sid: "StartBatches", Effect: "Allow", Action: "states:StartExecution", Resource: machine },
    {
      Sid: "FollowBatches",
      Effect: "Allow",
      Action: ["states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"],
      Resource: batches,
    },
    {
      Sid: "DeliverLogs",
      Effect: "Allow",
      Action: [
        "logs:CreateLogDelivery",
        "logs:GetLogDelivery",
        "logs:UpdateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:DescribeResourcePolicies",
        "logs:DescribeLogGroups",
      ],
      Resource: "*", // CloudWatch's log delivery calls know no resource level
    },
    {
      Sid: "Trace",
      Effect: "Allow",
      Action: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
      Resource: "*", // X-Ray's PutTraceSegments and PutTelemetryRecords know no resource level
    },
  ];
}
