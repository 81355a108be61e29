import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument, serviceRole, type Cloud } from "../common/iam";
import { EncryptionKey } from "../security/encryption-key";

export interface FlowLogsArgs {
  readonly cloud: Cloud;
  readonly vpcId: pulumi.Input<string>;
  readonly retentionDays: number;
  /** Seconds over which flows are put together: 60 or 600. */
  readonly aggregationSeconds: 60 | 600;
}

/** What the delivery role may do: write into its own log group and nothing else. */
export function flowLogPolicy(logGroupArn: string) {
  return policyDocument([
    {
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
      Resource: [logGroupArn, `${logGroupArn}:*`],
    },
    // Asked for by flow logs to find their group; the API knows no resource level.
    { Effect: "Allow", Action: "logs:DescribeLogGroups", Resource: "*" },
  ]);
}

/** All traffic of a VPC, accepted and rejected, in a log group under a key of its own. */
export function createFlowLogs(
  name: string,
  args: FlowLogsArgs,
  opts: pulumi.CustomResourceOptions,
): aws.cloudwatch.LogGroup {
  const { cloud } = args;
  const key = new EncryptionKey(
    `${name}-flow-logs`,
    { cloud, description: `Flow logs of ${name}`, usedBy: ["logs"] },
    { parent: opts.parent },
  );
  const group = new aws.cloudwatch.LogGroup(
    `${name}-flow-logs`,
    { kmsKeyId: key.arn, retentionInDays: args.retentionDays },
    opts,
  );
  const role = serviceRole(
    `${name}-flow-logs-role`,
    {
      services: ["vpc-flow-logs.amazonaws.com"],
      description: `Delivers the flow logs of ${name}`,
      policies: { delivery: group.arn.apply(flowLogPolicy) },
      trustConditions: { StringEquals: { "aws:SourceAccount": cloud.accountId } },
    },
    opts,
  );
  new aws.ec2.FlowLog(
    `${name}-flow-log`,
    {
      vpcId: args.vpcId,
      trafficType: "ALL",
      logDestinationType: "cloud-watch-logs",
      logDestination: group.arn,
      iamRoleArn: role.arn,
      maxAggregationInterval: args.aggregationSeconds,
      tags: { Name: `${name}-flow-log` },
    },
    opts,
  );
  return group;
}
