import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { arnOf, type Cloud, type Statement } from "../../common/iam";
import { LambdaFunction } from "../../common/lambda-function";

/** Minutes that one call of the function waits; Lambda ends it after 15. */
const minutesPerCall = 14;

export interface InstanceRefreshArgs {
  readonly cloud: Cloud;
  readonly keyArn: pulumi.Input<string>;
  /** Minutes that a deployment waits for one group; a call of the function for every 14. */
  readonly waitMinutes: number;
  /** Groups with the templates that they are to run. */
  readonly groups: Readonly<
    Record<string, { readonly group: aws.autoscaling.Group; readonly template: aws.ec2.LaunchTemplate }>
  >;
  /** Role of the groups' hosts. */
  readonly hostRoleArn: pulumi.Input<string>;
  readonly alarmTopicArn?: pulumi.Input<string>;
}

/** What the function may do: look, refresh these groups, and launch what their templates describe, as AWS checks its caller. */
export function refreshStatements(
  cloud: Cloud,
  groupArns: readonly string[],
  templateArns: readonly string[],
  hostRoleArn: string,
): Statement[] {
  const launched = ["instance/*", "volume/*", "network-interface/*"].map((it) => arnOf(cloud, "ec2", it));
  const used = ["subnet/*", "security-group/*", "key-pair/*"].map((it) => arnOf(cloud, "ec2", it));
  return [
    { Sid: "Refresh", Effect: "Allow", Action: "autoscaling:StartInstanceRefresh", Resource: groupArns },
    {
      Sid: "Look",
      Effect: "Allow",
      Action: ["autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeInstanceRefreshes"],
      Resource: "*", // EC2 Auto Scaling's Describe calls know no resource level
    },
    {
      Sid: "Launch",
      Effect: "Allow",
      Action: "ec2:RunInstances",
      Resource: [...launched, ...used, ...templateArns, `arn:${cloud.partition}:ec2:${cloud.region}::image/*`],
    },
    {
      Sid: "TagLaunched",
      Effect: "Allow",
      Action: "ec2:CreateTags",
      Resource: launched,
      Condition: { StringEquals: { "ec2:CreateAction": "RunInstances" } },
    },
    {
      Sid: "HostRole",
      Effect: "Allow",
      Action: "iam:PassRole",
      Resource: hostRoleArn,
      Condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } },
    },
  ];
}

/**
 * Rolls a changed launch template out and makes the deployment wait for it. The provider starts an instance refresh and
 * forgets it, and rolls nothing back as it names no desired configuration; so a function starts the refresh with the exact
 * template version and automatic roll-back, and each deployment calls it. A refresh that fails fails the deployment.
 *
 * Makes: a `LambdaFunction`, and for each group one `aws.lambda.Invocation` for every 14 minutes of waiting.
 * Cost: a few cents a month.
 */
export class InstanceRefresh extends pulumi.ComponentResource {
  constructor(name: string, args: InstanceRefreshArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:services:InstanceRefresh", name, {}, opts);
    const { cloud } = args;
    const refresher = new LambdaFunction(
      `${name}-function`,
      {
        cloud,
        entry: "instance-refresh",
        description: `Rolls launch templates out for ${name}`,
        keyArn: args.keyArn,
        timeoutSeconds: 900,
        statements: pulumi
          .all([
            Object.values(args.groups).map(({ group }) => group.arn),
            Object.values(args.groups).map(({ template }) => template.arn),
            args.hostRoleArn,
          ])
          .apply(([groupArns, templateArns, hostRoleArn]) =>
            refreshStatements(cloud, groupArns, templateArns, hostRoleArn),
          ),
        alarmTopicArn: args.alarmTopicArn,
        onError:
          "First look at the group's instance refreshes: a roll-back means hosts of the new version stayed unhealthy.",
      },
      { parent: this },
    );
    const calls = Math.ceil(args.waitMinutes / minutesPerCall);
    for (const [key, { group, template }] of Object.entries(args.groups)) {
      let before: aws.lambda.Invocation | undefined;
      for (let call = 1; call <= calls; call++) {
        before = new aws.lambda.Invocation(
          `${name}-${key}-${call}`,
          {
            functionName: refresher.name,
            input: pulumi.jsonStringify({
              group: group.name,
              templateId: template.id,
              version: template.latestVersion.apply(String),
              last: call === calls,
              ...(before ? { earlier: before.result } : {}),
            }),
          },
          { parent: this },
        );
      }
    }
    this.registerOutputs({});
  }
}
