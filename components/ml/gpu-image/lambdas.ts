import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { imageKindTag } from "../../common/ami-pointer";
import { arnOf, type Cloud, type Statement } from "../../common/iam";
import { LambdaFunction } from "../../common/lambda-function";
import { scheduledCall } from "../../common/scheduled-call";

export interface ImageLambdasArgs {
  readonly cloud: Cloud;
  readonly project: string;
  readonly recipeName: string;
  readonly pointer: string;
  readonly keyArn: pulumi.Output<string>;
  readonly keepNewest: number;
  readonly minimumAgeDays: number;
  readonly logRetentionDays: number;
  readonly alarmTopicArn?: pulumi.Input<string>;
}

/** EC2's Describe calls know no resource level. */
const describe = (...calls: readonly string[]): Statement => ({
  Sid: "Describe",
  Effect: "Allow",
  Action: calls.map((call) => `ec2:Describe${call}`),
  Resource: "*",
});

/** What the function may do that writes the pointer. */
export function publishStatements(cloud: Cloud, pointer: string): Statement[] {
  return [
    describe("Images"),
    { Sid: "Point", Effect: "Allow", Action: "ssm:PutParameter", Resource: arnOf(cloud, "ssm", `parameter${pointer}`) },
  ];
}

/** What the reaper may do: only to images of the project that carry their kind. */
export function reapStatements(cloud: Cloud, project: string): Statement[] {
  const image = `arn:${cloud.partition}:ec2:${cloud.region}::image/*`;
  const snapshot = `arn:${cloud.partition}:ec2:${cloud.region}::snapshot/*`;
  return [
    describe("Images", "Instances", "LaunchTemplateVersions"),
    {
      Sid: "ReadPointers",
      Effect: "Allow",
      Action: "ssm:GetParametersByPath",
      Resource: [arnOf(cloud, "ssm", `parameter/${project}/ami`), arnOf(cloud, "ssm", `parameter/${project}/ami/*`)],
    },
    {
      Sid: "Deregister",
      Effect: "Allow",
      Action: "ec2:DeregisterImage",
      Resource: image,
      Condition: { StringEquals: { "aws:ResourceTag/project": project } },
    },
    // Image Builder tags the snapshots of its images by itself; those of other images carry the project.
    ...Object.entries({ CreatedBy: "EC2 Image Builder", project }).map(([tag, value]): Statement => ({
      Sid: `DeleteSnapshotsBy${tag}`,
      Effect: "Allow",
      Action: "ec2:DeleteSnapshot",
      Resource: snapshot,
      Condition: { StringEquals: { [`aws:ResourceTag/${tag}`]: value } },
    })),
  ];
}

const imageState = { source: ["aws.imagebuilder"], "detail-type": ["EC2 Image Builder Image State Change"] };

/** The functions around the pipeline: publish what is good, tell of what is not, reap what is old. */
export function createImageLambdas(name: string, args: ImageLambdasArgs, opts: pulumi.CustomResourceOptions): void {
  const { cloud, keyArn, logRetentionDays, alarmTopicArn } = args;
  const common = { cloud, keyArn, logRetentionDays, alarmTopicArn };
  const publish = new LambdaFunction(
    `${name}-publish`,
    {
      ...common,
      entry: "image-publish",
      description: "Writes each GPU image that passed its test into the stage's pointer",
      statements: publishStatements(cloud, args.pointer),
      environment: { RECIPE: args.recipeName, POINTER: args.pointer },
      onError: `First: write the pointer by hand: npm run ami -- set gpu <ami> --yes.`,
    },
    opts,
  );
  const rule = new aws.cloudwatch.EventRule(
    `${name}-built`,
    {
      description: "A GPU image is built and tested",
      eventPattern: JSON.stringify({ ...imageState, detail: { state: { status: ["AVAILABLE"] } } }),
    },
    opts,
  );
  new aws.cloudwatch.EventTarget(`${name}-built`, { rule: rule.name, arn: publish.arn }, opts);
  new aws.lambda.Permission(
    `${name}-built`,
    { function: publish.name, action: "lambda:InvokeFunction", principal: "events.amazonaws.com", sourceArn: rule.arn },
    opts,
  );
  if (alarmTopicArn !== undefined) {
    const failed = new aws.cloudwatch.EventRule(
      `${name}-failed`,
      {
        description: "A GPU image could not be built, or its GPU is not usable",
        eventPattern: JSON.stringify({ ...imageState, detail: { state: { status: ["FAILED"] } } }),
      },
      opts,
    );
    new aws.cloudwatch.EventTarget(`${name}-failed`, { rule: failed.name, arn: alarmTopicArn }, opts);
  }
  createReaper(name, args, opts);
}

function createReaper(name: string, args: ImageLambdasArgs, opts: pulumi.CustomResourceOptions): void {
  const { cloud, keyArn, logRetentionDays, alarmTopicArn } = args;
  const reaper = new LambdaFunction(
    `${name}-reaper`,
    {
      cloud,
      keyArn,
      logRetentionDays,
      alarmTopicArn,
      entry: "ami-reaper",
      description: "Removes images and snapshots that no pointer and no instance needs",
      statements: reapStatements(cloud, args.project),
      environment: {
        SCOPE: JSON.stringify({ project: args.project, kindTag: imageKindTag }),
        RULES: JSON.stringify({ keepNewest: args.keepNewest, minimumAgeDays: args.minimumAgeDays }),
      },
      timeoutSeconds: 300,
      onError: "First: npm run ami -- reap shows what should go; AWS's answer stands in the function's log.",
    },
    opts,
  );
  scheduledCall(
    `${name}-reap`,
    {
      cloud,
      lambda: reaper,
      description: "Old images and their snapshots",
      schedule: "rate(1 day)",
      windowMinutes: 60,
    },
    opts,
  );
}
